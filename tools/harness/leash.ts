// Preloaded into every n8n that the harness starts: whatever ends the process that started it, its
// end of this pipe closes, and n8n goes too, with the task runners that it started. n8n's worker
// threads load this as well, but have no pipe.
if (process.getBuiltinModule('node:worker_threads').isMainThread) {
	process.stdin.on('end', () => {
		if (process.platform === 'win32') process.exit(1);
		process.kill(-process.pid, 'SIGKILL');
	});
	process.stdin.resume();
	process.stdin.unref();
}
