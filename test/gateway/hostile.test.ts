// Agents that want more than they were given, and servers that break what they began: what reaches the other
// side, what stays on the wire, and who else feels it.

import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { flawIn } from '../../src/gateway/message-text.ts';
import { legacy, type MiniServer, miniServer, result, sse, tool } from '../mcp/mini-server.ts';
import { startHub, type TestHub } from '../support/hub.ts';
import { until } from '../support/until.ts';
import { agentWith, connectTo, legacyClient, post } from './agents.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startHub();
});
afterAll(() => hub?.close());

type Call = Parameters<Parameters<typeof legacy>[0]>;

/** Keeps sessions; `onCall` answers tools/call, `onGet` the listening stream. */
function server(onCall: (...call: Call) => void = empty, onGet?: (...call: Call) => void): Promise<MiniServer> {
  return miniServer(
    legacy((seen, response) => {
      if (seen.http === 'GET' && onGet !== undefined) onGet(seen, response);
      else if (seen.rpc.method === 'tools/list')
        result(response, seen, { tools: [tool('granted'), tool('forbidden')] });
      else if (seen.rpc.method === 'tools/call' && seen.rpc.id !== undefined) onCall(seen, response);
      else return false;
      return true;
    }),
  );
}
function empty(...[seen, response]: Call): void {
  result(response, seen, { content: [] });
}

async function agentAt({ url }: MiniServer, version = '2025-11-25', more: Record<string, unknown> = {}) {
  const { id, key } = await connectTo(hub, url, more);
  const agent = await agentWith(hub, [`mcp__${key}__granted`]);
  const endpoint = `${hub.url}/mcp/${key}`;
  const client = await legacyClient(endpoint, agent.key, version);
  const headers = { 'mcp-session-id': client.sessionId ?? '', 'mcp-protocol-version': version };
  return { id, key, agent, endpoint, client, headers };
}

describe('what is no request of a granted tool', () => {
  test.each([
    ['a call without an id', { method: 'tools/call', params: { name: 'forbidden' } }],
    ['a call whose id is spelled otherwise', { ID: 7, method: 'tools/call', params: { name: 'forbidden' } }],
    ['a notification that nobody knows', { method: 'notifications/do_it', params: { name: 'forbidden' } }],
  ])('%s reaches no server', async (_what, message) => {
    const to = await server();
    const { client } = await agentAt(to);
    expect((await client.send(message)).status).toBe(202);
    await client.send({ method: 'notifications/roots/list_changed' });
    await until('the next word is there', () => to.of('notifications/roots/list_changed').length === 1);
    expect(JSON.stringify(to.seen)).not.toContain('forbidden');
  });

  test('an answer arrives as an answer alone, whatever else it holds', async () => {
    const to = await server();
    const { client } = await agentAt(to);
    await client.send({ id: 8, result: { a: 1 }, Method: 'tools/call', Params: { name: 'forbidden' } });
    const answer = await until('the answer is there', () => to.seen.find(({ rpc }) => rpc.id === 8));
    expect(answer.rpc).toEqual({ jsonrpc: '2.0', id: 8, result: { a: 1 } });
  });

  test.each([
    [
      'in a batch',
      '2025-03-26',
      '[{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"granted","Name":"forbidden"}}]',
    ],
    [
      'by an odd letter',
      '2025-11-25',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"granted"},"param\u017f":{"name":"forbidden"}}',
    ],
  ])('a second name %s is refused', async (_where, version, body) => {
    const to = await server();
    const { endpoint, agent, headers } = await agentAt(to, version);
    const text = await (await post(endpoint, agent.key, body, headers)).text();
    expect(text).toContain('The message holds a key twice.');
    expect(to.of('tools/call')).toEqual([]);
  });

  test('a message of many keys is judged in time', () => {
    const many = Object.fromEntries(Array.from({ length: 200_000 }, (_, i) => [`k${i}`, 0]));
    const text = JSON.stringify({ params: many });
    const from = process.cpuUsage();
    expect(flawIn(text)).toBeNull();
    // Some hundred milliseconds; minutes, if each key were compared with all others.
    expect(process.cpuUsage(from).user).toBeLessThan(20_000_000);
  });
});

describe('an answer that breaks off', () => {
  const half = (text: string): string => text.slice(0, Math.floor(text.length / 2));
  const big = JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    result: { content: [{ type: 'text', text: 'x'.repeat(400_000) }] },
  });

  test.each([
    [
      'JSON of unknown length',
      (...[, response]: Call) => void response.writeHead(200, { 'content-type': 'application/json' }).write(half(big)),
    ],
    [
      'JSON of a known length',
      (...[, response]: Call) =>
        void response
          .writeHead(200, { 'content-type': 'application/json', 'content-length': big.length })
          .write(half(big)),
    ],
  ])('%s ends the connection, and counts as a time-out', async (_what, onCall) => {
    const { id, client } = await agentAt(await server(onCall));
    await hub.ok('PATCH', `/api/connectors/${id}`, { limits: { timeoutSeconds: 1 } });
    const calling = client.request('tools/call', { name: 'granted', arguments: {} }, { id: 1 });
    await expect(calling).rejects.toThrow('terminated');
    const logged = await until('the call is logged', async () => {
      const { items } = await hub.ok('GET', `/api/calls?connectorId=${id}`);
      return items.find((call: { method: string }) => call.method === 'tools/call');
    });
    expect([logged.outcome, logged.errorCode]).toEqual(['error', 'upstream_timeout']);
  });

  test('an event stream that promised more leaves the connection good for the next answer', async () => {
    const { endpoint, agent, headers } = await agentAt(
      await server((_, response) => {
        sse(response, 'data: {"jsonrpc":"2.0","method":"notifications/message","params":{}}\n\n', {
          'content-length': '9000',
        });
        setImmediate(() => response.destroy());
      }),
    );
    const { port, hostname, pathname, host } = new URL(endpoint);
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'granted' } });
    const fields = Object.entries({
      host,
      authorization: `Bearer ${agent.key}`,
      'content-type': 'application/json',
      ...headers,
    });
    const socket = connect(Number(port), hostname);
    let text = '';
    socket.on('data', (chunk) => (text += String(chunk)));
    socket.write(
      `POST ${pathname} HTTP/1.1\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}content-length: ${body.length}\r\n\r\n${body}`,
    );
    await until('the answer is over', () => text.endsWith('0\r\n\r\n'));
    expect(text.toLowerCase()).not.toContain('content-length');
    const before = text.length;
    socket.write(`GET /healthz HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
    await until('the next answer is there', () => text.slice(before).startsWith('HTTP/1.1 200'));
    socket.destroy();
  });
});

test('one agent that asks for too much does not close the server to another', async () => {
  const to = await server((seen, response) => {
    const { arguments: given } = seen.rpc.params as { arguments?: { big?: boolean } };
    if (given?.big !== true) return empty(seen, response);
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': String(17 * 1024 * 1024) });
    response.write('{');
  });
  const { key, client } = await agentAt(to);
  const other = await agentWith(hub, [`mcp__${key}__granted`]);
  for (let i = 0; i < 6; i += 1) await client.request('tools/call', { name: 'granted', arguments: { big: true } });
  const theirs = await legacyClient(`${hub.url}/mcp/${key}`, other.key, '2025-11-25');
  const said = await theirs.request('tools/call', { name: 'granted', arguments: {} });
  expect(said.answer.result).toEqual({ content: [] });
});

test('a stream of the server ends with the key that opened it', async () => {
  const to = await server(empty, (_, response) => sse(response, ': hello\n\n'));
  const { endpoint, agent, headers } = await agentAt(to);
  const response = await fetch(endpoint, {
    headers: { ...headers, authorization: `Bearer ${agent.key}`, accept: 'text/event-stream' },
  });
  const reader = response.body?.getReader();
  expect(String(new TextDecoder().decode((await reader?.read())?.value))).toContain('hello');
  const { items } = await hub.ok('GET', `/api/agents/${agent.id}/keys`);
  for (const { id } of items) await hub.ok('DELETE', `/api/agents/${agent.id}/keys/${id}`);
  let isOver = false;
  void (async () => {
    while (!(await reader?.read())?.done);
    isOver = true;
  })();
  await until('the stream is over', () => isOver);
});
