// Preloaded into the n8n of a soak run, with --expose-gc: on SIGUSR2 it throws away what nothing
// needs any more and writes how much memory is left.
if (process.getBuiltinModule('node:worker_threads').isMainThread) {
	let count = 0;
	process.on('SIGUSR2', () => {
		// what one collection lets go of may be what held something else
		for (let times = 0; times < 3; times++) globalThis.gc?.();
		console.log(`HEAP ${++count} ${process.memoryUsage().heapUsed}`);
	});
}
