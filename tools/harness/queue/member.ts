import type { Cleanup } from '../cleanup';
import { startN8n, type N8nOptions, type RunningN8n } from '../n8n';
import { createUserFolder } from '../package';

/** One process of an n8n in queue mode. */
export class Member {
	private running?: RunningN8n;

	private constructor(private readonly options: N8nOptions) {}

	/** Prepares a process with a user folder of its own that holds the package. */
	static async create(options: Omit<N8nOptions, 'userFolder'>, cleanup: Cleanup): Promise<Member> {
		const userFolder = await createUserFolder(String(options.command), cleanup);
		const member = new Member({ ...options, userFolder });
		cleanup.add(async () => await member.stop());
		return member;
	}

	/** Throws as long as it has not been started. */
	get n8n(): RunningN8n {
		if (!this.running) throw new Error(`This n8n ${this.options.command} has not been started`);
		return this.running;
	}

	get url(): string {
		return this.n8n.url;
	}

	/** Starts it, also again with what it has kept. */
	async start(): Promise<void> {
		this.running = await startN8n(this.options);
	}

	/** Ends it in good order. */
	async stop(): Promise<void> {
		await this.running?.stop();
	}

	/** Ends it in the middle of whatever it does, as `kill -9`, a crash or a power cut does. */
	async kill(): Promise<void> {
		this.n8n.kill('SIGKILL');
		await this.n8n.exited;
	}
}
