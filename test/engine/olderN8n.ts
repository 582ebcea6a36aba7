import * as n8nWorkflow from 'n8n-workflow';

/** Whether the engine signs the resume URLs of executions, as n8n does since 2.14. */
export const signsResumeUrls = n8nWorkflow.createRunExecutionData({}).resumeToken !== undefined;

/** Whether the engine is known to route a stored error item with its details: n8n 2.36 or newer. */
export const routesErrorDetails = 'REDACTED' in n8nWorkflow;
