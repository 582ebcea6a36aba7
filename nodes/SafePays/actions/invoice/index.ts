import { create } from './create.operation';
import { createAndWait } from './createAndWait.operation';
import { get } from './get.operation';

export const invoice = { create, createAndWait, get };
