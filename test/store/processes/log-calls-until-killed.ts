// Logs batches of ten calls until it is killed; after each it says how many it has logged.

import { writeSync } from 'node:fs';
import { openStore } from '../../../src/store/open-store.ts';
import type { CallHourRecord, CallRecord } from '../../../src/store/records.ts';

const BATCH = 10;
const store = await openStore(JSON.parse(process.argv[2] ?? ''));
const whose = { agentId: 'agt_1', connectorId: 'con_1' };
const sum: CallHourRecord = {
  ...whose,
  hour: 0,
  toolName: 'search',
  measure: 'gateway',
  bucket: 1,
  calls: BATCH,
  errors: 0,
};

for (let logged = 0; ; logged += BATCH) {
  const calls = Array.from(
    { length: BATCH },
    (_, i): CallRecord => ({
      ...whose,
      id: `cal_${String(logged + i).padStart(8, '0')}`,
      at: 1,
      keyId: 'key_1',
      toolName: 'search',
      method: 'tools/call',
      credentialId: null,
      generation: 1,
      toolDigest: null,
      outcome: 'ok',
      errorCode: null,
      gatewayMicros: 1,
      upstreamMicros: 0,
      bytesIn: 1,
      bytesOut: 1,
      era: 'modern',
    }),
  );
  await store.calls.append(calls, [sum], []);
  writeSync(1, `${logged + BATCH}\n`);
}
