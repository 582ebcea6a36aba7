import './quiet';

import { CredentialTestContext } from 'n8n-core';
import type { ICredentialTestFunctions } from 'n8n-workflow';

/** What n8n gives to a node's credential test: its own helper for requests. */
export const testFunctions = (): ICredentialTestFunctions => new CredentialTestContext();
