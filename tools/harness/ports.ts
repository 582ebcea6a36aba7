import { createServer } from 'node:net';

/**
 * Opens a port on loopback and closes it again.
 *
 * @param port 0 lets the system choose.
 * @returns the port; rejects with the system's error (`EADDRINUSE`, `EACCES`) when it cannot be had.
 */
async function tryPort(port: number): Promise<number> {
	return await new Promise((resolve, reject) => {
		const server = createServer();
		server.once('error', reject);
		server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
			const address = server.address();
			server.close(() => resolve(typeof address === 'object' && address ? address.port : port));
		});
	});
}

/** A port that refuses connections: nothing listens on it, and the system hands it to nobody. */
export const CLOSED_PORT = 1;

/** A port on loopback that nothing listens on just now: another process may get it next. */
export async function findFreePort(): Promise<number> {
	return await tryPort(0);
}

/** Whether a port on loopback cannot be listened on, because it is in use or reserved. */
export async function isPortTaken(port: number): Promise<boolean> {
	return await tryPort(port).then(
		() => false,
		() => true,
	);
}

/** The first port on loopback above this one that can be listened on. */
export async function findNextFreePort(port: number): Promise<number> {
	if (port >= 65_535) return await findFreePort();
	const next = port + 1;
	return (await isPortTaken(next)) ? await findNextFreePort(next) : next;
}
