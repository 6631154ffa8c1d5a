// The short memory of credentials keeps nothing that it does not serve.

import v8 from 'node:v8';
import vm from 'node:vm';
import { afterEach, expect, test, vi } from 'vitest';
import type { CachedCredential } from '../../src/hub/context.ts';
import { createCredentialCache } from '../../src/hub/credential-cache.ts';

v8.setFlagsFromString('--expose-gc');
const collect = vm.runInNewContext('gc') as () => void;
afterEach(() => void vi.useRealTimers());

const credential = (validUntil: number): CachedCredential => ({
  headers: { authorization: 'Bearer x' },
  credentialId: 'cred_1',
  generation: 1,
  url: 'https://mcp.example',
  validUntil,
});

test('what lapsed is let go of within seconds, though nobody asks for it; what is served stays', async () => {
  vi.useFakeTimers();
  const cache = createCredentialCache(Date.now);
  const now = Date.now();
  // Made where nothing holds it on.
  const lapsing = (() => {
    const made = credential(now + 1_000);
    cache.set('con_1', 'agt_1', made, cache.epoch());
    return new WeakRef(made);
  })();
  cache.set('con_1', 'agt_2', credential(now + 60_000), cache.epoch());
  vi.advanceTimersByTime(15_000);
  vi.useRealTimers();
  // A reference that was just made holds until the end of its job.
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  expect(lapsing.deref()).toBeUndefined();
  vi.useFakeTimers({ now: now + 15_000 });
  expect(cache.get('con_1', 'agt_2')).not.toBeNull();
});

test('whoever listens hears of every connector whose credentials are forgotten', () => {
  const cache = createCredentialCache(Date.now);
  const heard: string[] = [];
  cache.onForget((connectorId) => heard.push(connectorId));
  cache.forgetConnector('con_1');
  cache.forgetConnector('con_2');
  expect(heard).toEqual(['con_1', 'con_2']);
});
