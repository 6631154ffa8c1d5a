// The mock server as a process: node upstream-child.ts TOKEN TOOLS

import { createServer } from 'node:http';
import { createUpstream } from './upstream.ts';

const [token = '', tools = '45'] = process.argv.slice(2);
const server = createServer(createUpstream({ token, tools: Number(tools) }));
server.keepAliveTimeout = 120_000;
server.requestTimeout = 0;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  process.stdout.write(`${JSON.stringify({ origin: `http://127.0.0.1:${port}` })}\n`);
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(0));
