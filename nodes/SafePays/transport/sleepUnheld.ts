/** Sleeps like n8n's `sleep`, but does not keep a process from ending. */
export async function sleepUnheld(ms: number): Promise<void> {
	await new Promise<void>((resolve) => {
		AbortSignal.timeout(Math.max(0, Math.ceil(ms))).addEventListener('abort', () => resolve());
	});
}
