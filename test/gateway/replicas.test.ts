// Two processes on one database: what an older agent says to the one reaches the call that the other holds.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { type MiniServer, miniServer, modern, result, tool } from '../mcp/mini-server.ts';
import { startHub, type TestHub } from '../support/hub.ts';
import { until } from '../support/until.ts';
import { agentWith, connectTo, legacyClient, post, type Rpc } from './agents.ts';

let hub: TestHub;
let replica: TestHub;
beforeAll(async () => {
  hub = await startHub();
  replica = await startHub({ folder: hub.folder, beside: true });
});
afterAll(async () => {
  await replica?.close();
  await hub?.close();
});

/** Asks for a name before it greets; waits for ever when told to. */
async function asking(): Promise<MiniServer & { gone: () => number }> {
  let gone = 0;
  const server = await miniServer(
    modern((seen, response) => {
      const params = seen.rpc.params as { arguments?: { wait?: boolean }; inputResponses?: any } | undefined;
      if (seen.rpc.method === 'tools/list') result(response, seen, { resultType: 'complete', tools: [tool('greet')] });
      else if (seen.rpc.method !== 'tools/call') return false;
      else if (params?.arguments?.wait) response.on('close', () => (gone += 1));
      else if (params?.inputResponses === undefined) {
        const request = {
          method: 'elicitation/create',
          params: { mode: 'form', message: 'Who?', requestedSchema: {} },
        };
        result(response, seen, { resultType: 'input_required', inputRequests: { who: request } });
      } else {
        const text = `Hello ${params.inputResponses.who.content.name}`;
        result(response, seen, { resultType: 'complete', content: [{ type: 'text', text }] });
      }
      return true;
    }),
  );
  return { ...server, gone: () => gone };
}

async function agentAt(server: MiniServer) {
  const { key } = await connectTo(hub, server.url);
  const agent = await agentWith(hub, [`mcp__${key}__greet`]);
  const client = await legacyClient(`${hub.url}/mcp/${key}`, agent.key, '2025-11-25', { elicitation: {} });
  const elsewhere = (message: Record<string, unknown>, as = agent.key) =>
    post(
      `${replica.url}/mcp/${key}`,
      as,
      { jsonrpc: '2.0', ...message },
      {
        'mcp-session-id': client.sessionId ?? '',
        'mcp-protocol-version': '2025-11-25',
      },
    );
  return { key, client, elsewhere };
}

test('an answer given at another replica reaches the question', async () => {
  const { client, elsewhere } = await agentAt(await asking());
  const onMessage = (message: Rpc): void => {
    if (message.method !== 'elicitation/create') return;
    void elsewhere({ id: message.id, result: { action: 'accept', content: { name: 'Ada' } } });
  };
  const said = await client.request('tools/call', { name: 'greet', arguments: {} }, { onMessage });
  expect(said.answer.result.content).toEqual([{ type: 'text', text: 'Hello Ada' }]);
});

test('an answer of another agent does not', async () => {
  const { key, client, elsewhere } = await agentAt(await asking());
  const other = await agentWith(hub, [`mcp__${key}__greet`]);
  const theirs = await legacyClient(`${replica.url}/mcp/${key}`, other.key, '2025-11-25', { elicitation: {} });
  const onMessage = async (message: Rpc): Promise<void> => {
    if (message.method !== 'elicitation/create') return;
    await theirs.send({ id: message.id, result: { action: 'accept', content: { name: 'Mallory' } } });
    await elsewhere({ id: message.id, result: { action: 'accept', content: { name: 'Ada' } } });
  };
  const said = await client.request('tools/call', { name: 'greet', arguments: {} }, { onMessage });
  expect(said.answer.result.content).toEqual([{ type: 'text', text: 'Hello Ada' }]);
});

test('a call is cancelled from another replica, at its server too', async () => {
  const server = await asking();
  const { client, elsewhere } = await agentAt(server);
  const calling = client.request('tools/call', { name: 'greet', arguments: { wait: true } }, { id: 'slow' });
  await until('the server has the call', () => server.of('tools/call').length === 1);
  await elsewhere({ method: 'notifications/cancelled', params: { requestId: 'slow' } });
  expect((await calling).answer.error).toMatchObject({ message: 'The request was cancelled.' });
  await until('the server knows', () => server.gone() === 1);
});
