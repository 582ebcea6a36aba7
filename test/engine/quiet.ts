// n8n-core reads this as it is loaded. What a test expects to fail need not be logged as well.
process.env.N8N_LOG_LEVEL ??= 'silent';

export {};
