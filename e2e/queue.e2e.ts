import { findQueuePrograms } from '../tools/harness/queue/programs';
import { burst } from './queue/burst';
import { duplicates } from './queue/duplicates';
import { killedWorker } from './queue/killedWorker';
import { outage } from './queue/outage';
import { rate } from './queue/rate';
import { uniqueKey } from './queue/uniqueKey';
import { waitingExecutions } from './queue/waiting';
import { describeSince } from './world';
import { startQueueWorld, stopQueueWorld } from './queue/world';

// its five processes take half a minute to come up, and longer where the processor is busy
jest.setTimeout(300_000);

/** What a user sees is the same as with one process, so the same cases hold. */
const SAME = [
	'package',
	'credential',
	'operations',
	'trigger',
	'waitForPayment',
	'uniqueKey',
	'examples/billACustomer',
	'examples/createWaitShipOrRemind',
	'examples/invoicePaid',
];

// if something is missing that is said once, not for every test
findQueuePrograms();

beforeAll(startQueueWorld);
afterAll(stopQueueWorld);

describe('notifications at a steady rate', rate);

describe('copies of a notification', duplicates);

describe('a burst', burst);

describe('an outage', outage);

describe('a unique key', uniqueKey);

// n8n 1 may resume an execution once for each of the two
describeSince('2.0.0')('a notification that reaches two webhook processors', waitingExecutions);

describe.each(SAME)('the cases of one process: %s', (suite) => {
	jest.requireActual(`./${suite}.e2e`);
});

describe('when a worker is killed', killedWorker);
