// A server that goes bad and comes back: the state machine by itself with a clock of its own, then over HTTP.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Circuits, createCircuits, type Probe } from '../../src/gateway/circuits.ts';
import {
  CIRCUIT_BACKOFF_MAX_MS,
  CIRCUIT_BACKOFF_MS,
  CIRCUIT_FAULTS,
  CIRCUIT_PROBE_MS,
  CIRCUIT_WINDOW_MS,
} from '../../src/limits.ts';
import { json, legacy, miniServer, modern, type Reply, result, rpcError, tool } from '../mcp/mini-server.ts';
import { type Embedded, ME, startEmbedded } from '../support/embedded.ts';
import { clientOf, MODERN } from './agents.ts';

const AT = 1_780_000_000_000;
const server = { id: 'con_1', key: 'one', name: 'One', url: 'https://one.example/mcp' };

/** A step: `fault`, `answered`, `nothing` are whole calls, a number lets that many milliseconds pass. */
type Step = 'fault' | 'answered' | 'nothing' | number;

function machine() {
  let at = AT;
  const circuits = createCircuits(() => at);
  const enter = (): Probe | null | 'refused' => {
    try {
      return circuits.enter(server);
    } catch (error) {
      expect(error).toMatchObject({ code: 'circuit_open' });
      return 'refused';
    }
  };
  const run = (steps: readonly Step[]): void => {
    for (const step of steps) {
      if (typeof step === 'number') at += step;
      else {
        const entered = enter();
        if (entered !== 'refused') circuits.judge(server, entered, step);
      }
    }
  };
  return { circuits, enter, run };
}
const times = <T>(count: number, step: T): T[] => Array.from({ length: count }, () => step);
const OPENED: readonly Step[] = times<Step>(CIRCUIT_FAULTS, 'fault');
const isOpen = (circuits: Circuits): boolean => circuits.open().includes(server.key);

describe('a circuit', () => {
  test.each<[string, readonly Step[], boolean]>([
    ['is closed at first', [], false],
    ['stays closed below the number of faults', times<Step>(CIRCUIT_FAULTS - 1, 'fault'), false],
    ['opens at it', OPENED, true],
    [
      'does not count calls that say nothing',
      [...times<Step>(CIRCUIT_FAULTS - 1, 'fault'), 'nothing', 'nothing'],
      false,
    ],
    [
      'opens although such calls came in between',
      [...times<Step>(CIRCUIT_FAULTS - 1, 'fault'), 'nothing', 'fault'],
      true,
    ],
    ['begins anew after an answer', [...times<Step>(CIRCUIT_FAULTS - 1, 'fault'), 'answered', 'fault'], false],
    [
      'forgets faults that are long ago',
      ['fault', CIRCUIT_WINDOW_MS, ...times<Step>(CIRCUIT_FAULTS - 1, 'fault')],
      false,
    ],
    ['closes with the first answer to a probe', [...OPENED, CIRCUIT_BACKOFF_MS, 'answered'], false],
    ['stays open when a probe fails', [...OPENED, CIRCUIT_BACKOFF_MS, 'fault'], true],
    ['stays open when a probe says nothing', [...OPENED, CIRCUIT_BACKOFF_MS, 'nothing'], true],
    ['opens anew after it was closed', [...OPENED, CIRCUIT_BACKOFF_MS, 'answered', ...OPENED], true],
  ])('%s', (_what, steps, expected) => {
    const { circuits, run } = machine();
    run(steps);
    expect(isOpen(circuits)).toBe(expected);
  });

  test('lets one call at a time try the server, and the next when the one takes too long', () => {
    const { circuits, enter, run } = machine();
    run([...OPENED, CIRCUIT_BACKOFF_MS - 1]);
    expect(enter()).toBe('refused');
    run([1]);
    const probe = enter();
    expect(probe).toMatchObject({ until: AT + CIRCUIT_BACKOFF_MS + CIRCUIT_PROBE_MS });
    expect(enter()).toBe('refused');
    circuits.judge(server, probe as Probe, 'nothing');
    expect(enter()).toMatchObject({ until: expect.any(Number) });
    expect(enter()).toBe('refused');
    run([CIRCUIT_PROBE_MS]);
    expect(enter()).toMatchObject({ until: expect.any(Number) });
  });

  test('waits twice as long after each failed probe, up to a maximum, and not for calls from before', () => {
    const { circuits, enter, run } = machine();
    run(OPENED);
    circuits.judge(server, null, 'fault');
    const waited: number[] = [];
    for (let round = 0; round < 8; round += 1) {
      let wait = 0;
      for (let probe = enter(); ; probe = enter()) {
        if (probe !== 'refused') {
          circuits.judge(server, probe, 'fault');
          break;
        }
        wait += CIRCUIT_BACKOFF_MS;
        run([CIRCUIT_BACKOFF_MS]);
      }
      waited.push(wait);
    }
    const doubled = waited.map((_, round) => Math.min(CIRCUIT_BACKOFF_MS * 2 ** round, CIRCUIT_BACKOFF_MAX_MS));
    expect(waited).toEqual(doubled);
  });

  test('says since when and until when; another address is another server', () => {
    const { circuits, run } = machine();
    run([...OPENED, 1_500]);
    expect(() => circuits.enter(server)).toThrow(
      `${new Date(AT).toISOString()}, so nothing was sent; it will be tried again in 4 s`,
    );
    expect(circuits.enter({ ...server, url: 'https://two.example/mcp' })).toBeNull();
  });
});

let hub: Embedded;
beforeAll(async () => {
  hub = await startEmbedded();
});
afterAll(() => hub?.close());

let count = 0;
async function household(reply: Reply, limits: { breaker?: boolean; timeoutSeconds?: number } = {}) {
  const mini = await miniServer(reply);
  count += 1;
  const made = await hub.hub.connectors.create({ name: `Bad ${count}`, url: mini.url, authType: 'none', limits }, ME);
  const agent = await hub.hub.agents.create({ name: `Agent ${count}` }, ME);
  await hub.hub.agents.setTools(agent.id, [`mcp__${made.key}__do`], ME);
  const { key } = await hub.hub.agents.createKey(agent.id, {}, ME);
  return { mini, id: made.id, key: made.key, url: `${hub.url}/mcp/${made.key}`, agentKey: key.reveal() };
}

/** Answers well, or as `state.bad` does. */
const moody =
  (state: { bad: Reply | null }, base: typeof modern | typeof legacy): Reply =>
  (seen, response) => {
    const { method } = seen.rpc;
    if (state.bad !== null && method !== undefined && method !== 'initialize') return state.bad(seen, response);
    return base((_, __) => {
      const answers: Record<string, Record<string, unknown>> = {
        'tools/list': { tools: [tool('do')] },
        'tools/call': { content: [{ type: 'text', text: 'done' }] },
        'resources/list': { resources: [] },
      };
      const answer = answers[method ?? ''];
      if (answer !== undefined) result(response, seen, { resultType: 'complete', ...answer });
      return answer !== undefined;
    })(seen, response);
  };
const failing: Reply = (_, response) => void response.writeHead(503).end('down');

async function gauge(key: string): Promise<string | undefined> {
  const text = await (await fetch(`${hub.url}/metrics`)).text();
  return new RegExp(`^chatelaine_circuit_open\\{connector="${key}"\\} (\\d)`, 'm').exec(text)?.[1];
}

describe.each([
  [MODERN, modern],
  ['2025-11-25', legacy],
] as const)('a server that fails an agent of %s', (version, base) => {
  test('is left alone after some faults, told about, tried again and back at its first answer', async () => {
    const state: { bad: Reply | null } = { bad: null };
    const { mini, id, key, url, agentKey } = await household(moody(state, base));
    const client = await clientOf(version, url, agentKey);
    const call = () => client.request('tools/call', { name: 'do', arguments: {} });
    expect((await call()).answer.result.content[0].text).toBe('done');
    state.bad = failing;
    for (let i = 0; i < CIRCUIT_FAULTS; i += 1) {
      expect((await call()).answer.result).toMatchObject({ isError: true });
      expect(await gauge(key)).toBe(i < CIRCUIT_FAULTS - 1 ? undefined : '1');
    }

    const asked = mini.seen.length;
    const refused = await call();
    expect(refused.status).toBe(200);
    expect(refused.answer.result.isError).toBe(true);
    expect(refused.answer.result.content[0].text).toMatch(
      /has been failing since 20.+Z, so nothing was sent; it will be tried again in [45] s/,
    );
    const other = await client.request('resources/list');
    expect(other.answer.error).toMatchObject({ code: -32603, data: { retryAfterSeconds: expect.any(Number) } });
    const seconds = String(other.answer.error?.data.retryAfterSeconds);
    expect(other.status).toBe(version === MODERN ? 503 : 200);
    expect(other.headers.get('retry-after')).toBe(seconds);
    expect(mini.seen.length).toBe(asked);

    hub.clock.ahead += CIRCUIT_BACKOFF_MS;
    expect((await call()).answer.result.content[0].text).toContain('503');
    expect(mini.seen.length).toBe(asked + 1);
    expect((await call()).answer.result.content[0].text).toMatch(/again in (9|10) s/);

    state.bad = null;
    hub.clock.ahead += 2 * CIRCUIT_BACKOFF_MS;
    expect((await call()).answer.result.content[0].text).toBe('done');
    expect(await gauge(key)).toBe('0');

    await expect
      .poll(async () => (await hub.hub.calls.list({ connectorId: id }, { limit: 50 })).items.map(codeOf))
      .toEqual([
        'ok',
        'refused circuit_open',
        'error upstream_http_error',
        'refused circuit_open',
        'refused circuit_open',
        ...times(CIRCUIT_FAULTS, 'error upstream_http_error'),
        'ok',
      ]);
  });
});

const codeOf = ({ outcome, errorCode }: { outcome: string; errorCode: string | null }): string =>
  [outcome, errorCode].filter((text) => text !== null).join(' ');

describe('faults', () => {
  test.each<[string, Reply]>([
    ['a connection that breaks', (_, response) => void response.destroy()],
    [
      'an answer that breaks off',
      (_, response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
        response.write('{"jsonrpc"');
        setTimeout(() => response.destroy(), 20);
      },
    ],
    ['no answer in time', () => undefined],
  ])('are counted: %s', async (_what, bad) => {
    const state: { bad: Reply | null } = { bad: null };
    const { key, url, agentKey } = await household(moody(state, modern), { timeoutSeconds: 1 });
    const client = await clientOf(MODERN, url, agentKey);
    state.bad = bad;
    await Promise.all(times(CIRCUIT_FAULTS, 0).map(() => client.request('tools/call', { name: 'do', arguments: {} })));
    expect(await gauge(key)).toBe('1');
  });

  test.each<[string, Reply]>([
    ['HTTP 400', (_, response) => void response.writeHead(400).end()],
    ['HTTP 401', (_, response) => void response.writeHead(401).end()],
    ['HTTP 403', (_, response) => void response.writeHead(403).end()],
    ['HTTP 429', (_, response) => void response.writeHead(429, { 'retry-after': '9' }).end()],
    ['a JSON-RPC error', (seen, response) => rpcError(response, 200, seen.rpc.id, -32603)],
    ['a JSON-RPC error with HTTP 400', (seen, response) => rpcError(response, 400, seen.rpc.id, -32602)],
    [
      'an error of the tool',
      (seen, response) => {
        const failed = { resultType: 'complete', content: [], isError: true };
        json(response, 200, { jsonrpc: '2.0', id: seen.rpc.id, result: failed });
      },
    ],
  ])('are not: %s', async (_what, bad) => {
    const state: { bad: Reply | null } = { bad: null };
    const { key, url, agentKey } = await household(moody(state, modern));
    const client = await clientOf(MODERN, url, agentKey);
    state.bad = bad;
    for (let i = 0; i < CIRCUIT_FAULTS + 1; i += 1) await client.request('tools/call', { name: 'do', arguments: {} });
    expect(await gauge(key)).toBeUndefined();
  });

  test('are endured where the connector says so', async () => {
    const state: { bad: Reply | null } = { bad: null };
    const { mini, key, url, agentKey } = await household(moody(state, modern), { breaker: false });
    const client = await clientOf(MODERN, url, agentKey);
    state.bad = failing;
    for (let i = 0; i < CIRCUIT_FAULTS + 2; i += 1) await client.request('tools/call', { name: 'do', arguments: {} });
    expect(mini.of('tools/call')).toHaveLength(CIRCUIT_FAULTS + 2);
    expect(await gauge(key)).toBeUndefined();
  });
});
