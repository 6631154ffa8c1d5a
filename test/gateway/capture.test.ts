// Connectors whose arguments and results the call log keeps: what is kept, what never is, and who sees it.

import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CAPTURE_MAX_CHARACTERS, CAPTURE_READ_MAX_BYTES } from '../../src/limits.ts';
import { event, legacy, miniServer, modern, type Reply, result, rpcError, sse, tool } from '../mcp/mini-server.ts';
import { startHub, type TestHub } from '../support/hub.ts';
import { until } from '../support/until.ts';
import { type Agent, agentWith, clientOf, connectTo, LEGACY, MODERN } from './agents.ts';

const SECRET = 'rnd-own-secret';
const OTHER = `ghp_${'a1B2c3D4'.repeat(4)}e5F6`;
const [NEWEST_LEGACY] = LEGACY;

let hub: TestHub;
beforeAll(async () => {
  hub = await startHub({ background: false });
});
afterAll(() => hub?.close());

/** Answers as the arguments say. */
const echo =
  (base: typeof modern | typeof legacy): Reply =>
  (seen, response) =>
    base((_, __) => {
      const { method, id, params } = seen.rpc;
      const complete = { resultType: 'complete' };
      if (method === 'tools/list') result(response, seen, { ...complete, tools: [tool('echo')] });
      else if (method !== 'tools/call') return false;
      else {
        const given = params?.arguments as Record<string, unknown>;
        const sent = String(seen.headers.authorization);
        const text = JSON.stringify({
          given,
          sent,
          raw: sent.replace('Bearer ', ''),
          note: `take ${OTHER}`,
          plain: 'kept-plain',
        });
        const answer = {
          ...complete,
          content: [{ type: 'text', text }],
          ...(given.size ? { big: 'x'.repeat(Number(given.size)) } : {}),
        };
        if (given.fails) rpcError(response, 200, id, -32001, { password: 'abcdef', hint: 'kept-hint' });
        else if (given.streams) {
          const progress = {
            jsonrpc: '2.0',
            method: 'notifications/progress',
            params: { progressToken: 1, progress: 1 },
          };
          const noise = event({
            ...progress,
            params: { ...progress.params, message: 'y'.repeat(Number(given.noise ?? 1)) },
          });
          sse(response, `${noise}${event({ jsonrpc: '2.0', id, result: answer })}`);
          response.end();
        } else result(response, seen, answer);
      }
      return true;
    })(seen, response);

type Household = { id: string; key: string; agent: Agent };
async function household(base: typeof modern | typeof legacy, capture?: string): Promise<Household> {
  const server = await miniServer(echo(base));
  const connector = await connectTo(hub, server.url, {
    ...{ authType: 'bearer', credentialMode: 'shared', secret: SECRET },
    ...(capture === undefined ? {} : { capture }),
  });
  return { ...connector, agent: await agentWith(hub, [`mcp__${connector.key}__echo`]) };
}

async function captureOf({ id }: Household): Promise<any> {
  const listed = await until('the call is written', async () => {
    const page = await hub.ok('GET', `/api/calls?connectorId=${id}&limit=1`);
    return page.items[0] ?? null;
  });
  expect(listed).not.toHaveProperty('capture');
  const { capture, ...call } = await hub.ok('GET', `/api/calls/${listed.id}`);
  expect(call).toEqual(listed);
  return capture;
}

const GIVEN = { query: 'open issues', apiKey: 'abcdef', nested: { password: 'abcdef' }, own: SECRET };

describe.each([
  ['a modern agent, passed through', MODERN, modern, {}],
  ['a modern agent, as a stream', MODERN, modern, { streams: true }],
  ['an older agent, passed through', NEWEST_LEGACY, legacy, {}],
  ['an older agent, as a stream', NEWEST_LEGACY, legacy, { streams: true }],
  ['an older agent of a modern server', NEWEST_LEGACY, modern, {}],
  ['a modern agent of an older server', MODERN, legacy, {}],
] as const)('for %s', (_what, version, base, more) => {
  test('arguments and result are kept without what is secret, and the answer is as ever', async () => {
    const home = await household(base, 'redacted');
    const client = await clientOf(version, `${hub.url}/mcp/${home.key}`, home.agent.key);
    const { answer } = await client.request('tools/call', { name: 'echo', arguments: { ...GIVEN, ...more } });
    expect(answer.result.content[0].text).toContain(OTHER);
    const capture = await captureOf(home);
    expect(JSON.parse(capture.arguments.text)).toEqual({
      ...{ query: 'open issues', apiKey: '[redacted]', nested: { password: '[redacted]' }, own: '[redacted]' },
      ...more,
    });
    expect([capture.arguments.cut, capture.result.cut]).toEqual([false, false]);
    expect(capture.result.text).toContain('kept-plain');
    for (const secret of [SECRET, OTHER, 'abcdef', home.agent.key])
      expect(JSON.stringify(capture)).not.toContain(secret);
  });
});

test('an error of the server is kept likewise', async () => {
  const home = await household(modern, 'redacted');
  const client = await clientOf(MODERN, `${hub.url}/mcp/${home.key}`, home.agent.key);
  await client.request('tools/call', { name: 'echo', arguments: { fails: true } });
  const { result: kept } = await captureOf(home);
  expect(kept.text).toContain('kept-hint');
  expect(kept.text).not.toContain('abcdef');
});

test('what is long is cut, what is too long is left out, and the end of a long stream is found', async () => {
  const home = await household(modern, 'redacted');
  const client = await clientOf(MODERN, `${hub.url}/mcp/${home.key}`, home.agent.key);
  const call = (given: object) => client.request('tools/call', { name: 'echo', arguments: given });
  const seen: string[] = [];
  const next = () =>
    until('the call is written', async () => {
      const { items } = await hub.ok('GET', `/api/calls?connectorId=${home.id}&limit=1`);
      if (items[0] === undefined || seen.includes(items[0].id)) return null;
      seen.push(items[0].id);
      return (await hub.ok('GET', `/api/calls/${items[0].id}`)).capture;
    });
  await call({ size: 20_000 });
  const long = await next();
  expect([long.result.text.length, long.result.cut]).toEqual([CAPTURE_MAX_CHARACTERS, true]);
  await call({ size: CAPTURE_READ_MAX_BYTES });
  expect((await next()).result).toEqual({ text: '', cut: true });
  await call({ streams: true, noise: CAPTURE_READ_MAX_BYTES });
  const stream = await next();
  expect(stream.result).toMatchObject({ cut: false, text: expect.stringContaining('kept-plain') });
});

test('nothing is kept unless the connector says so; the change is audited and holds at once', async () => {
  const home = await household(modern);
  const client = await clientOf(MODERN, `${hub.url}/mcp/${home.key}`, home.agent.key);
  const path = `/api/connectors/${home.id}`;
  expect((await hub.ok('GET', path)).capture).toBe('off');
  await client.request('tools/call', { name: 'echo', arguments: GIVEN });
  expect(await captureOf(home)).toBeNull();
  expect((await hub.ok('PATCH', path, { capture: 'redacted' })).capture).toBe('redacted');
  const { items } = await hub.ok('GET', `/api/audit?connectorId=${home.id}&action=connector.changed`);
  expect(items[0].detail).toMatchObject({ fields: ['capture'], capture: 'redacted' });
  await client.request('tools/call', { name: 'echo', arguments: GIVEN });
  await until('the second call is written', async () => {
    const page = await hub.ok('GET', `/api/calls?connectorId=${home.id}`);
    return page.items.length === 2;
  });
  expect((await captureOf(home)).arguments.cut).toBe(false);
  expect(await hub.api('PATCH', path, { capture: 'all' })).toMatchObject({ status: 400, body: { field: 'capture' } });
});

test('the capture of a call is for readers too, and sealed in the database', async () => {
  const home = await household(modern, 'redacted');
  const client = await clientOf(MODERN, `${hub.url}/mcp/${home.key}`, home.agent.key);
  await client.request('tools/call', { name: 'echo', arguments: { word: 'personal-matter' } });
  expect((await captureOf(home)).arguments.text).toContain('personal-matter');
  const [{ id }] = (await hub.ok('GET', `/api/calls?connectorId=${home.id}`)).items;
  const { token } = await hub.ok('POST', '/api/tokens', { role: 'reader' });
  const { capture, ...plain } = await hub.ok('GET', `/api/calls/${id}`);
  expect(capture).not.toBe(null);
  // Whoever only looks on sees the call, and nothing of what was said in it.
  const asReader = await hub.api('GET', `/api/calls/${id}`, undefined, token);
  expect(asReader).toMatchObject({ status: 200, body: { ...plain, capture: null } });
  expect((await hub.api('GET', `/api/calls/${id}`, undefined, null)).status).toBe(401);
  expect(await hub.api('GET', '/api/calls/cal_nowhere')).toMatchObject({ status: 404, body: { code: 'not_found' } });
  const files = await Promise.all(
    ['chatelaine.db', 'chatelaine.db-wal'].map((name) => readFile(`${hub.folder}/${name}`).catch(() => '')),
  );
  expect(files.some((file) => file.includes('personal-matter'))).toBe(false);
  expect(files.some((file) => file.includes(id))).toBe(true);
});
