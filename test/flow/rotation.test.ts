// The encryption key is exchanged while everything goes on: calls, refreshes, connections, changed secrets;
// processes are killed at random and at every named step. At the end each secret opens, nothing anywhere is
// under the old key, and the hub works without it.
// `npm run rotation` kills at every step of every kind of secret; `npm test` at every step of some.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../src/hub/ids.ts';
import { sealHeaders } from '../../src/hub/sealed-values.ts';
import { MAIL_LIFETIME_MS } from '../../src/limits.ts';
import { Secret } from '../../src/secret.ts';
import { createHub } from '../../src/server/create-hub.ts';
import { openStore, type StoreLocation } from '../../src/store/open-store.ts';
import type { SealedKind, Store } from '../../src/store/store.ts';
import { generateKey, parseKeyring } from '../../src/vault/keyring.ts';
import { createVault, type Vault } from '../../src/vault/seal.ts';
import { cellsOf } from '../support/cells.ts';
import { startChild } from '../support/child.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { type RunningProvider, startProvider } from '../support/providers.ts';
import { startLoad } from '../support/rotation-load.ts';
import { type Fleet, startFleet } from '../support/server-fleet.ts';
import { until } from '../support/until.ts';

const LONG = process.env.ROTATION === 'long';
const KINDS: readonly SealedKind[] = [
  'connector.headers',
  'connector.client',
  'registration.client',
  'flow.secrets',
  'credential.secret',
  'call.capture',
  'meta.canary',
  'meta.sign_in',
];
const MOMENTS = ['read', 'before writing', 'while writing', 'after writing'];
const ALL_STEPS = [
  ...KINDS.flatMap((kind) => MOMENTS.map((moment) => `${moment} ${kind}`)),
  'before the audit',
  'after the audit',
];
/** Of the short form: one moment of each kind on one database, each moment of the credentials on the other. */
const SHORT_STEPS = {
  sqlite: [...KINDS.map((kind, i) => `${MOMENTS[i % MOMENTS.length]} ${kind}`), 'before the audit'],
  postgres: MOMENTS.map((moment) => `${moment} credential.secret`),
};
const RANDOM_KILLS = LONG ? 20 : 2;
/** More than a rotation reads at once. */
const FILLING = 150;
const ENVELOPE = /v1\.([A-Za-z0-9_-]{1,32})\.[A-Za-z0-9_-]{54,}/;

const OLD = `old:${generateKey().split(':')[1]}`;
const NEW = `new:${generateKey().split(':')[1]}`;

describe.each(['sqlite', 'postgres'] as const)('on %s', (kind) => {
  let postgres: TestPostgres | null = null;
  let [sentry, render]: RunningProvider[] = [];
  let folder = '';
  let location: StoreLocation;
  let fleet: Fleet;
  let store: Store;
  let load: Awaited<ReturnType<typeof startLoad>>;

  beforeAll(async () => {
    // Shorter than what is refreshed ahead of time: every use refreshes.
    [sentry, render] = await Promise.all([
      startProvider('sentry', { accessTokenSeconds: 120 }),
      startProvider('render'),
    ]);
    folder = await mkdtemp(join(tmpdir(), 'chatelaine-rotation-'));
    if (kind === 'postgres') postgres = await startPostgres();
    location =
      postgres === null
        ? { kind: 'sqlite', file: join(folder, 'chatelaine.db') }
        : { kind: 'postgres', url: await postgres.createDatabase() };
    const database = location.kind === 'postgres' ? { CHATELAINE_DATABASE_URL: location.url } : {};
    fleet = await startFleet(kind === 'postgres' ? 2 : 1, { CHATELAINE_DATA: folder, ...database }, OLD);
    store = await openStore(location);
  });
  afterAll(async () => {
    await load?.stop();
    await fleet?.stop();
    await store?.close();
    await Promise.all([sentry?.close(), render?.close(), postgres?.stop()]);
    await rm(folder, { recursive: true, force: true });
  });

  /** One secret of this kind as a process wrote it that had the old key first. */
  async function age(each: SealedKind, under: Vault): Promise<void> {
    await until(`a ${each} is there and under the old key again`, async () => {
      const [cell] = await store.sealed.batch(each, null, 1);
      return (
        cell !== undefined &&
        store.sealed.replace(cell, await under.seal(await under.open(cell.ciphertext, cell), cell))
      );
    });
  }

  async function rotateAndDie(step: string): Promise<void> {
    const child = await startChild<{ ready: true }>('./rotate-child.ts', {
      LOCATION: JSON.stringify(location),
      ENCRYPTION_KEYS: `${NEW},${OLD}`,
      STEP: step,
    });
    expect(await child.exited, step).toEqual({ code: null, signal: 'SIGKILL' });
  }

  test('every secret comes through, and nothing needs the old key any more', {
    timeout: LONG ? 1_200_000 : 300_000,
  }, async () => {
    if (sentry === undefined || render === undefined) throw new Error('no providers');
    load = await startLoad(fleet, sentry, render);
    await fill(store);
    await store.mail.leave(
      { address: 'untaken', sealed: await sealedMail(), expiresAt: Date.now() + MAIL_LIFETIME_MS },
      Date.now(),
    );

    // Sealed columns are found by their name, and each holds something: a new one must be thought of here.
    const before = await until('every kind of secret is there', async () => {
      const cells = await cellsOf(location);
      return (
        KINDS.every((each) => cells.some(({ column, text }) => column === PLACES[each] && ENVELOPE.test(text ?? ''))) &&
        cells
      );
    });
    const named = before.filter(({ column }) => /\.sealed/.test(column));
    expect(new Set(named.filter(({ text }) => text === null).map(({ column }) => column))).toEqual(new Set());
    const holding = new Set(before.filter(({ text }) => ENVELOPE.test(text ?? '')).map(({ column }) => column));
    expect(holding).toEqual(new Set([...Object.values(PLACES), 'mail.sealed']));

    // First everybody can read what the new key seals, then everybody seals with it.
    await fleet.restartAll(`${OLD},${NEW}`);
    await fleet.restartAll(`${NEW},${OLD}`);

    const oldFirst = createVault(parseKeyring(`${OLD},${NEW}`));
    const steps = LONG ? ALL_STEPS : SHORT_STEPS[kind];
    for (const [i, step] of steps.entries()) {
      for (const each of KINDS) if (step.endsWith(each)) await age(each, oldFirst);
      const dying = rotateAndDie(step);
      if (i % 6 === 5) await fleet.killAndRestart(i);
      await dying;
    }
    for (let i = 0; i < RANDOM_KILLS; i += 1) {
      await Promise.all(KINDS.map((each) => age(each, oldFirst)));
      // Cut off by the kill, as a rule.
      const cut = fleet.call(i, 'POST', '/api/keys/rotate').catch(() => null);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 200));
      await fleet.killAndRestart(i);
      await cut;
    }

    await until('a rotation finds nothing left to do', async () => {
      const answer = await fleet.call(0, 'POST', '/api/keys/rotate');
      const state = (await answer.json()) as { outdated: number; unreadable: number };
      expect(state.unreadable).toBe(0);
      return answer.status === 200 && state.outdated === 0;
    });
    // The secrets that were changed while all this went on are those that were said to be taken.
    const expected = await load.stop();
    expect(load.complaints).toEqual([]);
    expect(load.counts).toMatchObject({ calls: expect.any(Number), refreshes: expect.any(Number) });
    for (const [what, count] of Object.entries(load.counts)) expect(count, what).toBeGreaterThan(3);
    await fleet.stop();

    const alone = await createHub({
      url: 'http://127.0.0.1:4100',
      database: location,
      encryptionKeys: NEW,
      allowedPrivateHosts: '127.0.0.1',
      background: false,
      now: () => Date.now() + MAIL_LIFETIME_MS,
    });
    await alone.hub.maintain();
    const cells = await cellsOf(location);
    const underOld = cells.filter(({ text }) => ENVELOPE.exec(text ?? '')?.[1] === 'old');
    expect([...new Set(underOld.map(({ column }) => column))]).toEqual([]);
    expect(cells.filter(({ text }) => ENVELOPE.exec(text ?? '')?.[1] === 'new').length).toBeGreaterThan(FILLING);
    for (const row of await alone.hub.keys.verify()) expect(row).toMatchObject({ unreadable: 0, outdated: 0 });

    for (const { connectorId, agentId, header, values } of expected) {
      const { headers } = await alone.hub.resolve(connectorId, agentId);
      expect(values).toContain(headers[header]);
    }
    for (const connector of await load.oauthConnectors(alone.hub)) {
      // A kill between a provider's answer and its being saved loses a rotating token, and says so.
      if (connector.credential.state !== 'usable') expect(connector.credential.reason).toContain('invalid_grant');
    }
    await alone.close();

    await fleet.startAll(NEW);
    await load.callOnce();
  });

  /** As many secrets as make several batches. */
  async function fill(into: Store): Promise<void> {
    const vault = createVault(parseKeyring(OLD));
    const [one] = (await into.connectors.list({ limit: 1 })).items;
    if (one === undefined) throw new Error('there is no connector');
    for (let n = 1; n <= FILLING; n += 1) {
      const id = newId('con', Date.now());
      const sealedHeaders = await sealHeaders(vault, new Map([['x-team', new Secret(`team ${n}`)]]), id);
      await into.connectors.insert({
        ...one,
        id,
        key: `filling_${n}`,
        name: `Filling ${n}`,
        sealedHeaders,
        sealedClient: null,
        syncDueAt: null,
      });
    }
  }

  const sealedMail = (): Promise<string> =>
    createVault(parseKeyring(OLD)).seal(new Secret('{}'), { kind: 'gateway.mail', id: 'untaken' });
});

/** Where each kind lives, said here a second time on purpose. */
const PLACES: Readonly<Record<SealedKind, string>> = {
  'connector.headers': 'connectors.sealed_headers',
  'connector.client': 'connectors.sealed_client',
  'registration.client': 'registrations.sealed',
  'flow.secrets': 'flows.sealed',
  'credential.secret': 'credentials.sealed',
  'call.capture': 'call_captures.sealed',
  'meta.canary': 'meta.value',
  'meta.sign_in': 'meta.value',
};
