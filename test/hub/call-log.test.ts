// The queue of the call log over a store that can be taken away.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ChatelaineError } from '../../src/errors.ts';
import { type CallEntry, createCallLog } from '../../src/hub/call-log.ts';
import type { HubMeter } from '../../src/hub/meter.ts';
import { CALL_BATCH_MAX, CALL_QUEUE_MAX, CAPTURE_QUEUE_MAX } from '../../src/limits.ts';
import type { CallCaptureRecord, CallHourRecord, CallRecord } from '../../src/store/records.ts';
import type { CallStore } from '../../src/store/store.ts';
import type { Vault } from '../../src/vault/seal.ts';
import { type Embedded, startEmbedded } from '../support/embedded.ts';
import { until } from '../support/until.ts';

const AT = 1_780_000_000_000;
const entry = (fields: Partial<CallEntry> = {}): CallEntry => ({
  at: AT,
  agentId: 'agt_1',
  keyId: 'key_1',
  connectorId: 'con_1',
  toolName: 'search',
  method: 'tools/call',
  credentialId: null,
  generation: 1,
  toolDigest: null,
  outcome: 'ok',
  errorCode: null,
  gatewayMs: 0.5,
  upstreamMs: 20,
  bytesIn: 1,
  bytesOut: 2,
  era: 'modern',
  ...fields,
});

function parts() {
  const state = {
    fault: null as Error | null,
    attempts: 0,
    batches: [] as CallRecord[][],
    ids: [] as string[][],
    hours: [] as CallHourRecord[],
    captures: [] as CallCaptureRecord[],
    /** Whether the vault refuses. */
    isVaultShut: false,
    counted: 0,
    dropped: 0,
    lost: [] as unknown[],
  };
  const calls = {
    async append(
      batch: readonly CallRecord[],
      hours: readonly CallHourRecord[],
      captures: readonly CallCaptureRecord[],
    ) {
      state.attempts += 1;
      state.ids.push(batch.map(({ id }) => id));
      if (state.fault !== null) throw state.fault;
      state.batches.push([...batch]);
      state.hours.push(...hours);
      state.captures.push(...captures);
    },
  } as Pick<CallStore, 'append'> as CallStore;
  const meter: HubMeter = {
    calls: (batch) => {
      state.counted += batch.length;
    },
    callsDropped: (count) => {
      state.dropped += count;
    },
    tokenRefresh: () => undefined,
    toolSync: () => undefined,
  };
  const log = { info: () => undefined, warn: () => undefined, error: (fields: object) => void state.lost.push(fields) };
  const vault: Pick<Vault, 'seal'> = {
    async seal(plaintext, { kind, id }) {
      if (state.isVaultShut) throw new ChatelaineError('secret_unreadable', 'No key.');
      return `${kind} ${id} ${plaintext.reveal()}`;
    },
  };
  const store = { calls, connectors: { get: async () => null } };
  return { state, log: createCallLog({ store, vault, meter, log }) };
}
const down = () => new ChatelaineError('store_unavailable', 'The database is away.');

describe('the queue of the call log', () => {
  test('writes nothing while calls are recorded, and batches of bounded size afterwards', async () => {
    const { state, log } = parts();
    for (let i = 0; i < 2 * CALL_BATCH_MAX + 50; i += 1) log.record(entry());
    expect(state.attempts).toBe(0);
    await until('the queue is empty', () => log.queued() === 0);
    expect(state.batches.map((batch) => batch.length)).toEqual([CALL_BATCH_MAX, CALL_BATCH_MAX, 50]);
    expect(state.counted).toBe(2 * CALL_BATCH_MAX + 50);
    await log.close();
  });

  test('hands over what was captured sealed for its own call, the same again after a fault, and no more than fits', async () => {
    const { state, log } = parts();
    const capture = { arguments: { text: '{"a":1}', cut: false }, result: null };
    state.fault = down();
    log.record(entry());
    log.record(entry({ capture }));
    await until('it was tried', () => state.attempts === 1);
    state.fault = null;
    await until('it is written', () => state.batches.length === 1);
    const id = state.batches[0]?.[1]?.id;
    expect(state.captures).toEqual([{ id, sealed: `call.capture ${id} ${JSON.stringify(capture)}` }]);
    expect(JSON.stringify(state.batches)).not.toContain('capture');

    state.captures = [];
    for (let i = 0; i < CAPTURE_QUEUE_MAX + 3; i += 1) log.record(entry({ capture }));
    await log.close();
    expect(state.captures).toHaveLength(CAPTURE_QUEUE_MAX);
    expect(state.counted).toBe(CAPTURE_QUEUE_MAX + 5);
  });

  test('logs a call although what was captured of it cannot be sealed', async () => {
    const { state, log } = parts();
    state.isVaultShut = true;
    log.record(entry({ capture: { arguments: null, result: null } }));
    await log.close();
    expect([state.batches.length, state.captures]).toEqual([1, []]);
  });

  test('writes a single call by itself', async () => {
    const { state, log } = parts();
    log.record(entry({ outcome: 'refused', upstreamMs: 0 }));
    await until('a batch is written', () => state.batches.length === 1);
    expect(state.batches[0]?.[0]).toMatchObject({ gatewayMicros: 500, upstreamMicros: 0, outcome: 'refused' });
    expect(state.hours).toMatchObject([{ measure: 'gateway', calls: 1, errors: 1, hour: AT - (AT % 3_600_000) }]);
    await log.close();
  });

  test('keeps what fits while the database is away, counts the rest, and writes the same batch once it is back', async () => {
    const { state, log } = parts();
    state.fault = down();
    for (let i = 0; i < CALL_QUEUE_MAX + 5; i += 1) log.record(entry());
    expect(state.dropped).toBe(5);
    await until('a second try', () => state.attempts >= 2);
    state.fault = null;
    await until('the queue is empty', () => log.queued() === 0);
    expect(state.ids[1]).toEqual(state.ids[0]);
    expect(state.batches.flat()).toHaveLength(CALL_QUEUE_MAX);
    expect(state.counted).toBe(CALL_QUEUE_MAX);
    await log.close();
  });

  test('a batch that can never be written makes room for the next', async () => {
    const { state, log } = parts();
    state.fault = new Error('a text that cannot be stored');
    log.record(entry());
    await until('the batch is given up', () => state.dropped === 1);
    state.fault = null;
    log.record(entry());
    await until('a batch is written', () => state.batches.length === 1);
    expect(log.queued()).toBe(0);
    await log.close();
  });

  test('is written out at the end, and the end comes even when the database is away', async () => {
    const well = parts();
    for (let i = 0; i < 450; i += 1) well.log.record(entry());
    await well.log.close();
    expect(well.state.batches.flat()).toHaveLength(450);
    well.log.record(entry());
    expect(well.state.dropped).toBe(1);

    const ill = parts();
    ill.state.fault = down();
    ill.log.record(entry());
    await ill.log.close();
    expect(ill.state.lost).toEqual([{ lost: 1 }]);
  });
});

describe('the call log of a hub', () => {
  let hub: Embedded;
  beforeEach(async () => {
    hub = await startEmbedded({ adminToken: 'test-admin-token-0123456789-0123456789', callLogDays: 2 });
  });
  afterEach(() => hub.close());
  const get = async (path: string): Promise<any> => {
    const headers = { authorization: 'Bearer test-admin-token-0123456789-0123456789' };
    const response = await fetch(`${hub.url}${path}`, { headers });
    return { status: response.status, body: await response.json() };
  };

  test('is told over HTTP with filters, and so are its statistics', async () => {
    const at = Date.now() - 60_000;
    for (let i = 1; i <= 100; i += 1) hub.hub.calls.record(entry({ at, gatewayMs: i / 10, upstreamMs: i }));
    hub.hub.calls.record(entry({ at, agentId: 'agt_2', outcome: 'refused', errorCode: 'not_found', upstreamMs: 0 }));
    hub.hub.calls.record(entry({ at: at - 7_200_000, agentId: 'agt_3', toolName: null, method: 'odd\0\ud800' }));
    await until('the queue is empty', () => hub.hub.calls.queued() === 0);

    const refused = await get('/api/calls?outcome=refused');
    expect(refused.body).toMatchObject({ items: [{ agentId: 'agt_2', gatewayMs: 0.5, errorCode: 'not_found' }] });
    const since = new Date(at).toISOString();
    expect((await get(`/api/calls?until=${since}`)).body.items).toMatchObject([
      { agentId: 'agt_3', method: 'odd\ufffd' },
    ]);
    const page = await get(`/api/calls?since=${since}&limit=100`);
    const rest = await get(`/api/calls?since=${since}&limit=100&cursor=${page.body.nextCursor}`);
    expect([page.body.items.length, rest.body.items.length, rest.body.nextCursor]).toEqual([100, 1, null]);

    const { groups, truncated } = (await get('/api/calls/stats?groupBy=agent')).body;
    expect(groups.map((group: any) => [group.agentId, group.calls, group.errors])).toEqual([
      ['agt_1', 100, 0],
      ['agt_2', 1, 1],
      ['agt_3', 1, 0],
    ]);
    expect(truncated).toBe(false);
    expect(groups[0].upstreamMs.p50).toBeGreaterThan(50 * 0.955);
    expect(groups[0].upstreamMs.p50).toBeLessThan(50 * 1.045);
    expect(groups[0].gatewayMs.p95).toBeGreaterThan(9.5 * 0.955);
    expect(groups[0].gatewayMs.p95).toBeLessThan(9.5 * 1.045);
    expect(groups[1].upstreamMs).toBeNull();
    expect((await get('/api/calls/stats')).body.groups).toMatchObject([{ agentId: null, calls: 102, errors: 1 }]);
    const hours = (await get('/api/calls/stats?groupBy=hour&limit=1')).body;
    expect(hours).toMatchObject({ truncated: true, groups: [{ calls: 101 }] });
    const tools = (await get('/api/calls/stats?groupBy=tool&agentId=agt_3')).body.groups;
    expect(tools).toMatchObject([{ connectorId: 'con_1', toolName: '', calls: 1 }]);
  });

  test.each(['outcome=good', 'since=yesterday', 'limit=0', 'tool=x'])('refuses ?%s', async (query) => {
    expect(await get(`/api/calls?${query}`)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  });

  test('forgets calls after the days that were set', async () => {
    hub.hub.calls.record(entry({ at: Date.now() }));
    await until('the queue is empty', () => hub.hub.calls.queued() === 0);
    hub.clock.ahead = 47 * 3_600_000;
    await hub.hub.maintain();
    expect((await get('/api/calls')).body.items).toHaveLength(1);
    hub.clock.ahead = 50 * 3_600_000;
    await hub.hub.maintain();
    expect((await get('/api/calls')).body.items).toEqual([]);
    const since = new Date(Date.now() - 3_600_000).toISOString();
    expect((await get(`/api/calls/stats?since=${since}`)).body.groups).toEqual([]);
  });

  test('is counted for monitoring, beside credentials, refreshes and syncs', async () => {
    const away = { name: 'Away', url: `${hub.url}/nothing-here`, authType: 'none' as const };
    const connector = await hub.hub.connectors.create(away, { name: 'test' });
    hub.hub.calls.record(entry({ connectorId: connector.id, outcome: 'error' }));
    hub.hub.calls.record(entry());
    await until('the queue is empty', () => hub.hub.calls.queued() === 0);
    const text = await (await fetch(`${hub.url}/metrics`)).text();
    for (const line of [
      'chatelaine_calls_total{connector="unknown",outcome="ok"} 1',
      `chatelaine_calls_total{connector="${connector.key}",outcome="error"} 1`,
      'chatelaine_call_gateway_seconds_count 2',
      'chatelaine_call_upstream_seconds_count{connector="unknown"} 1',
      'chatelaine_call_log_queue_length 0',
      'chatelaine_call_log_dropped_total 0',
      'chatelaine_token_refreshes_total{outcome="ended"} 0',
      'chatelaine_tool_syncs_total{outcome="failed"} 1',
      'chatelaine_credentials{state="reauthorization_required"} 0',
    ]) {
      expect(text).toContain(`${line}\n`);
    }
    expect(text).not.toContain('agt_1');
    expect(text).not.toContain('search');
  });
});
