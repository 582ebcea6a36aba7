import { create } from './create.operation';
import { get } from './get.operation';

export const customer = { create, get };
