export { create } from './create.operation';
export { get } from './get.operation';
export { waitForPayment } from './waitForPayment/waitForPayment.operation';
