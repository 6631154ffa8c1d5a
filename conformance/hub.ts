// A real hub for the suite to meet: the self-hosted server on a free port, with an empty database in a
// folder of its own. It differs from an operator's hub in two settings: it may speak plain http to this
// machine, where the suite's mock servers are, and it names the client metadata document that the suite expects.

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings } from '../src/server/config.ts';
import { createLog } from '../src/server/log.ts';
import { startServer } from '../src/server/serve.ts';
import type { HubAddress } from './operator.ts';

export type ConformanceHub = { readonly address: HubAddress; close(): Promise<void> };

export async function startHub(): Promise<ConformanceHub> {
  const folder = await mkdtemp(join(tmpdir(), 'chatelaine-conformance-'));
  const adminToken = randomBytes(32).toString('hex');
  const settings = readSettings({
    CHATELAINE_PORT: '0',
    CHATELAINE_DATA: folder,
    CHATELAINE_ADMIN_TOKEN: adminToken,
    CHATELAINE_ALLOWED_PRIVATE_HOSTS: 'localhost,127.0.0.1,[::1]',
    CHATELAINE_CLIENT_METADATA_URL: 'https://conformance-test.local/client-metadata.json',
  });
  const server = await startServer(settings, createLog('error', 'stderr'));
  return {
    address: { url: server.url, adminToken },
    async close() {
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
