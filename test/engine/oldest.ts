// n8n 1's SSH client keeps an interval that would keep Jest from ending; later ones let go of it.
const { setInterval: begin } = globalThis;
globalThis.setInterval = ((...args: Parameters<typeof begin>) =>
	begin(...args).unref()) as typeof begin;

export {};
