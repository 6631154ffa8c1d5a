import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { openStore } from '../../../src/store/open-store.ts';
import type { CallHourRecord, CallRecord } from '../../../src/store/records.ts';
import type { Backend } from './backend.ts';
import { NOW } from './fixtures.ts';
import { useStore, useStores } from './use-store.ts';

const WRITER = fileURLToPath(new URL('../processes/log-calls-until-killed.ts', import.meta.url));
const BATCHES_BEFORE_KILL = 30;
const HOUR = 3_600_000;
const FIRST = Math.floor(NOW / HOUR) * HOUR;
let made = 0;

export function call(fields: Partial<CallRecord> = {}): CallRecord {
  made += 1;
  return {
    id: `cal_${String(made).padStart(8, '0')}`,
    at: NOW,
    agentId: 'agt_1',
    keyId: 'key_1',
    connectorId: 'con_1',
    toolName: 'search',
    method: 'tools/call',
    credentialId: null,
    generation: 3,
    toolDigest: null,
    outcome: 'ok',
    errorCode: null,
    gatewayMicros: 412,
    upstreamMicros: 90_000,
    bytesIn: 200,
    bytesOut: 6_000_000_000,
    era: 'modern',
    ...fields,
  };
}

function sum(fields: Partial<CallHourRecord> = {}): CallHourRecord {
  return {
    hour: FIRST,
    agentId: 'agt_1',
    connectorId: 'con_1',
    toolName: 'search',
    measure: 'gateway',
    bucket: 40,
    calls: 1,
    errors: 0,
    ...fields,
  };
}

const span = { fromHour: FIRST, beforeHour: FIRST + 24 * HOUR, limit: 10 } as const;

export function describeCalls(backend: Backend): void {
  describe('the call log', () => {
    const store = useStore(backend);

    test('is filtered by every field together and paged, newest first', async () => {
      const one = call();
      const two = call({ agentId: 'agt_2', outcome: 'error', errorCode: 'upstream_timeout', credentialId: 'crd_1' });
      const three = call({ connectorId: 'con_2', toolName: null, method: 'ping', outcome: 'refused' });
      const four = call({ toolName: 'write', outcome: 'error' });
      await store().calls.append([one, two, three, four], [], []);
      const list = async (filter: Parameters<ReturnType<typeof store>['calls']['list']>[0]) =>
        (await store().calls.list(filter, { limit: 10 })).items;
      expect(await list({})).toEqual([four, three, two, one]);
      expect(await list({ agentId: 'agt_1' })).toEqual([four, three, one]);
      expect(await list({ connectorId: 'con_1', outcome: 'error' })).toEqual([four, two]);
      expect(await list({ outcome: 'ok' })).toEqual([one]);
      expect(await list({ toolName: 'search' })).toEqual([two, one]);
      expect(await list({ fromId: two.id, beforeId: four.id })).toEqual([three, two]);
      const page = await store().calls.list({ connectorId: 'con_1' }, { limit: 2 });
      expect(page).toEqual({ items: [four, two], nextCursor: two.id });
      const rest = await store().calls.list({ connectorId: 'con_1' }, { limit: 2, cursor: two.id });
      expect(rest).toEqual({ items: [one], nextCursor: null });
    });
  });

  describe('hourly sums of calls', () => {
    const store = useStore(backend);

    test('grow with every batch, and a batch that comes again changes nothing', async () => {
      const batch = [call(), call()];
      const sums = [sum({ calls: 2, errors: 1 }), sum({ bucket: 41 })];
      await store().calls.append(batch, sums, []);
      await store().calls.append(batch, sums, []);
      await store().calls.append([call()], [sum()], []);
      const rows = await store().calls.stats({ ...span, groupBy: 'all' });
      expect(rows.toSorted((a, b) => a.bucket - b.bucket)).toEqual([
        { measure: 'gateway', bucket: 40, calls: 3, errors: 1 },
        { measure: 'gateway', bucket: 41, calls: 1, errors: 0 },
      ]);
    });

    test('are told of the groups with the most calls, or of the newest hours', async () => {
      const of = { agentId: 'agt_9' };
      const busy = sum({ ...of, connectorId: 'con_b', toolName: 'x', calls: 7, hour: FIRST + HOUR });
      const waiting = sum({ ...busy, measure: 'upstream', bucket: 90 });
      const calm = sum({ ...of, connectorId: 'con_c', toolName: 'x', calls: 2, hour: FIRST + 2 * HOUR });
      const late = sum({ ...of, connectorId: 'con_c', calls: 50, hour: FIRST + 24 * HOUR });
      await store().calls.append([call()], [busy, waiting, calm, late], []);
      const stats = (groupBy: 'agent' | 'connector' | 'tool' | 'hour', limit: number) =>
        store().calls.stats({ ...span, ...of, groupBy, limit });
      const { agentId: _, hour: __, ...busyTool } = busy;
      const { agentId: ___, hour: ____, ...waitingTool } = waiting;
      const tools = await stats('tool', 1);
      expect(tools).toHaveLength(2);
      expect(tools).toEqual(expect.arrayContaining([busyTool, waitingTool]));
      expect(await stats('hour', 1)).toEqual([
        { measure: 'gateway', bucket: 40, calls: 2, errors: 0, hour: calm.hour },
      ]);
      expect((await stats('connector', 5)).map((row) => row.connectorId).sort()).toEqual(['con_b', 'con_b', 'con_c']);
      expect(await stats('agent', 5)).toEqual(
        expect.arrayContaining([{ measure: 'gateway', bucket: 40, calls: 9, errors: 0, agentId: 'agt_9' }]),
      );
    });
  });

  describe('old calls', () => {
    const store = useStore(backend);

    test('go with what was captured of them, and nothing newer goes', async () => {
      const [old, kept] = [call(), call()];
      const captures = [old, kept].map(({ id }) => ({ id, sealed: `sealed of ${id}` }));
      await store().calls.append([old, kept], [], captures);
      await store().calls.append([old, kept], [], captures);
      expect(await store().calls.get(old.id)).toEqual(old);
      expect(await store().calls.getCapture(old.id)).toEqual(captures[0]);
      expect(await store().calls.deleteBefore(kept.id, FIRST)).toBe(1);
      expect([await store().calls.get(old.id), await store().calls.getCapture(old.id)]).toEqual([null, null]);
      expect(await store().calls.getCapture(kept.id)).toEqual(captures[1]);
      await store().calls.deleteBefore('cal_a', FIRST);
    });

    test('go with their hours, however many they are, and nothing newer goes', async () => {
      const old = Array.from({ length: 2_001 }, () => call());
      const kept = call();
      const hours = Array.from({ length: 1_001 }, (_, bucket) => sum({ bucket, hour: FIRST - HOUR }));
      await store().calls.append([...old, kept], [...hours, sum()], []);
      expect(await store().calls.deleteBefore(kept.id, FIRST)).toBe(2_001);
      expect((await store().calls.list({}, { limit: 10 })).items).toEqual([kept]);
      const rows = await store().calls.stats({ ...span, fromHour: FIRST - 24 * HOUR, groupBy: 'all' });
      expect(rows).toEqual([{ measure: 'gateway', bucket: 40, calls: 1, errors: 0 }]);
    });
  });

  describe('a process killed while it logs calls', () => {
    test('leaves every batch that was acknowledged, and sums that agree with the calls', async () => {
      const location = await backend.createLocation();
      await (await openStore(location)).close();
      const writer = spawn(process.execPath, [WRITER, JSON.stringify(location)]);
      let said = '';
      let complaint = '';
      writer.stdout.on('data', (chunk) => {
        said += chunk;
        if (said.split('\n').length > BATCHES_BEFORE_KILL) writer.kill('SIGKILL');
      });
      writer.stderr.on('data', (chunk) => {
        complaint += chunk;
      });
      await once(writer, 'close');
      expect(complaint).toBe('');
      const acknowledged = Number(said.trimEnd().split('\n').at(-1));

      const after = await openStore(location);
      const [row] = await after.calls.stats({ fromHour: 0, beforeHour: HOUR, groupBy: 'all', limit: 1 });
      let calls = 0;
      for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
        const page = await after.calls.list({}, { limit: 200, cursor });
        calls += page.items.length;
        cursor = page.nextCursor ?? undefined;
      }
      await after.close();
      expect(row?.calls).toBe(calls);
      expect(calls).toBeGreaterThanOrEqual(Math.max(acknowledged, BATCHES_BEFORE_KILL));
      await backend.verify(location);
    });
  });

  describe('calls logged by several processes at once', () => {
    const stores = useStores(backend, 3);

    test('are all counted', async () => {
      const sums = Array.from({ length: 50 }, (_, bucket) => sum({ bucket }));
      const batches = Array.from({ length: 30 }, (_, i) => ({
        calls: [call()],
        hours: i % 2 ? sums : sums.toReversed(),
      }));
      await Promise.all(batches.map(({ calls, hours }, i) => stores[i % 3]?.().calls.append(calls, hours, [])));
      const rows = await stores[0]?.().calls.stats({ ...span, groupBy: 'all' });
      expect(rows).toHaveLength(50);
      expect(rows?.every((row) => row.calls === 30)).toBe(true);
    });
  });
}
