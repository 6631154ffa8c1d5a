// What agents say to a call that another replica holds: one message that does not open, as after a rotation of
// keys, keeps no other from being heard.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createMailbox } from '../../src/gateway/mailbox.ts';
import { MAIL_LIFETIME_MS } from '../../src/limits.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { generateKey, parseKeyring } from '../../src/vault/keyring.ts';
import { createVault } from '../../src/vault/seal.ts';
import { until } from '../support/until.ts';

let folder = '';
let store: Store;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatelaine-mail-'));
  store = await openStore({ kind: 'sqlite', file: join(folder, 'chatelaine.db') });
});
afterAll(async () => {
  await store?.close();
  await rm(folder, { recursive: true, force: true });
});

test('a message under a key that is gone is told in the log, and the others are heard', async () => {
  const logged: string[] = [];
  const write = (_: object, message: string): void => void logged.push(message);
  const log = { info: write, warn: write, error: write };
  const mailbox = (keys: string) =>
    createMailbox({ store, vault: createVault(parseKeyring(keys)), now: Date.now, log });
  const keys = generateKey();
  const [gone, here, there] = [mailbox(generateKey()), mailbox(keys), mailbox(keys)];
  // Taken in the order of their addresses or not: one is before it, one after it.
  await there.leave('agt_1', 'a', { from: 'a' });
  await gone.leave('agt_1', 'b', { from: 'b' });
  await there.leave('agt_1', 'c', { from: 'c' });
  const heard: unknown[] = [];
  for (const address of ['a', 'b', 'c']) here.listen(address, (body) => heard.push(body));
  await until('both are heard', () => heard.length === 2);
  expect(heard).toEqual(expect.arrayContaining([{ from: 'a' }, { from: 'c' }]));
  expect(logged).toEqual(['a message of an agent at another replica does not open']);
  expect(await store.mail.take(['a', 'b', 'c'], Date.now() - MAIL_LIFETIME_MS)).toEqual([]);
  for (const each of [gone, here, there]) each.close();
});
