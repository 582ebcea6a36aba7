import type { Member } from '../../tools/harness/queue/member';
import { queueWorld } from './world';

/** The worker that an execution was given to last; undefined as long as none has it. */
export function workerOf(executionId: string): Member | undefined {
	return [...queueWorld().n8n.workers].find((worker) => startsIn(worker, executionId) > 0);
}

/** How often workers have taken up an execution: once at its start, and once each time it goes on. */
export function startsOf(executionId: string): number {
	return queueWorld().n8n.workers.reduce((sum, worker) => sum + startsIn(worker, executionId), 0);
}

function startsIn({ n8n }: Member, executionId: string): number {
	return n8n.log().split(`Worker started execution ${executionId} `).length - 1;
}
