// A server in a process of its own, for what happens between processes. Prints its address as JSON.

import { readSettings } from '../../src/server/config.ts';
import { createLog } from '../../src/server/log.ts';
import { startServer } from '../../src/server/serve.ts';

const server = await startServer(readSettings(), createLog('silent'));
process.stdout.write(`${JSON.stringify({ url: server.url, port: server.port })}\n`);
process.once('SIGTERM', () => void server.close().then(() => process.exit(0)));
