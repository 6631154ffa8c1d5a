// The other side of the benchmarks, in a process of its own so that its work is not counted as the hub's:
// one stand-in provider, and a bare MCP server that answers any path with 45 tools.

import { createServer } from 'node:http';
import { startProvider } from '../providers/index.ts';

const TOOLS = Array.from({ length: 45 }, (_, i) => ({
  name: `tool_${i}`,
  title: `Tool ${i}`,
  description: `Does the thing number ${i}, in a sentence that is about as long as such sentences are in practice.`,
  inputSchema: {
    type: 'object',
    properties: {
      id: { type: 'string', description: 'Which one' },
      limit: { type: 'integer', minimum: 1, maximum: 250 },
    },
    required: ['id'],
  },
  annotations: { readOnlyHint: i % 2 === 0 },
}));

const provider = await startProvider('sentry');
const bare = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const message = JSON.parse(Buffer.concat(chunks).toString() || '{}') as { id?: number; method?: string };
    const meta = {
      resultType: 'complete',
      _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'bare', version: '1' } },
    };
    const result =
      message.method === 'tools/list'
        ? { ...meta, tools: TOOLS, ttlMs: 3_600_000, cacheScope: 'private' }
        : {
            ...meta,
            supportedVersions: ['2026-07-28'],
            capabilities: { tools: {} },
            serverInfo: { name: 'bare', version: '1' },
          };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ jsonrpc: '2.0', id: message.id, result }));
  });
});
bare.listen(0, '127.0.0.1', () => {
  const address = bare.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  process.stdout.write(`${JSON.stringify({ oauth: provider.mcpUrl, bare: `http://127.0.0.1:${port}` })}\n`);
});
process.once('SIGTERM', () => process.exit(0));
