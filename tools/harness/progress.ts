const LINE_EVERY_SECONDS = 30;

/**
 * Shows what is being done and for how long: one line that is rewritten on a terminal, a line now
 * and then elsewhere. Writes to stderr.
 */
export class Progress {
	private readonly startedAt = Date.now();
	private readonly timer: NodeJS.Timeout;
	private readonly live = process.stderr.isTTY;
	private lastLineAt = 0;
	private doing = '';

	constructor(private readonly title: string) {
		this.timer = setInterval(() => this.show(), 1000);
		this.timer.unref();
	}

	/** Says what is being done from now on. */
	step(doing: string): void {
		this.doing = doing;
		this.lastLineAt = 0;
		this.show();
	}

	/** Ends the display; `summary` is left standing. */
	stop(summary?: string): void {
		clearInterval(this.timer);
		if (this.live) process.stderr.write('\r\x1b[2K');
		if (summary) process.stderr.write(`${summary} (${this.elapsed()})\n`);
	}

	private show(): void {
		const line = `${this.title}: ${this.doing} (${this.elapsed()})`;
		if (this.live) {
			process.stderr.write(`\r\x1b[2K${line.slice(0, (process.stderr.columns ?? 80) - 1)}`);
		} else if (Date.now() - this.lastLineAt >= LINE_EVERY_SECONDS * 1000) {
			this.lastLineAt = Date.now();
			process.stderr.write(`${line}\n`);
		}
	}

	private elapsed(): string {
		const seconds = Math.round((Date.now() - this.startedAt) / 1000);
		return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
	}
}
