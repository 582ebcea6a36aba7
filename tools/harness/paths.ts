import { join } from 'node:path';

export const projectDir = join(__dirname, '..', '..');

/** Where the n8n that the package is developed with is installed. */
export const pinnedN8nDir = join(projectDir, 'tools', 'n8n');

/** Everything that running leaves behind on this machine: n8n's data, logs, packed tarballs. Safe to delete. */
export const localDir = join(projectDir, '.n8n-local');

/**
 * The folder whose `node_modules/n8n` is run. `SAFEPAYS_E2E_N8N_DIR` names another one, to try the
 * package in another version of n8n; such a folder is used as it is and never installed into.
 */
export const n8nDir = process.env.SAFEPAYS_E2E_N8N_DIR ?? pinnedN8nDir;

export const n8nDirIsOurs = n8nDir === pinnedN8nDir;
