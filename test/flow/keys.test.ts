// Keys: rotation over every secret column, rows that do not open, keys that are missing.

import { rm } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Secret } from '../../src/secret.ts';
import { createHub } from '../../src/server/create-hub.ts';
import { openStore } from '../../src/store/open-store.ts';
import { generateKey, parseKeyring } from '../../src/vault/keyring.ts';
import { createVault } from '../../src/vault/seal.ts';
import { Browser } from '../support/browser.ts';
import { type Embedded, ME, startEmbedded } from '../support/embedded.ts';
import { startHub } from '../support/hub.ts';
import { type RunningProvider, startProvider } from '../support/providers.ts';
import { until } from '../support/until.ts';

let hub: Embedded;
let provider: RunningProvider;
beforeEach(async () => {
  [hub, provider] = await Promise.all([startEmbedded(), startProvider('sentry')]);
});
afterEach(async () => {
  await hub.close();
  await provider.close();
});

const reopen = (encryptionKeys: string) =>
  createHub({
    url: hub.url,
    database: { kind: 'sqlite', file: hub.file },
    encryptionKeys,
    allowedPrivateHosts: '127.0.0.1',
    background: false,
  });

async function everyKindOfSecret(): Promise<{ oauth: string; bearer: string; call: string }> {
  const shape = { url: provider.mcpUrl, credentialMode: 'shared' } as const;
  const oauth = await hub.hub.connectors.create(
    { name: 'O', ...shape, authType: 'oauth', headers: { 'X-A': 'header-value' } },
    ME,
  );
  await new Browser().follow(
    (await hub.hub.connectors.connect(oauth.id, { agentId: null, returnTo: null }, ME)).connectUrl,
  );
  await hub.hub.connectors.connect(oauth.id, { agentId: null, returnTo: null }, ME);
  const bearer = await hub.hub.connectors.create(
    { name: 'B', ...shape, authType: 'bearer', secret: 'static-value' },
    ME,
  );
  await hub.hub.connectors.create(
    { name: 'C', ...shape, authType: 'oauth', oauth: { clientId: 'id', clientSecret: 'client-value' } },
    ME,
  );
  hub.hub.calls.record({
    ...{
      at: Date.now(),
      agentId: 'agt_1',
      keyId: 'key_1',
      connectorId: bearer.id,
      toolName: 'do',
      method: 'tools/call',
    },
    ...{ credentialId: null, generation: 1, toolDigest: null, outcome: 'ok', errorCode: null, era: 'modern' },
    ...{ gatewayMs: 1, upstreamMs: 1, bytesIn: 1, bytesOut: 1 },
    capture: { arguments: { text: '{"a":1}', cut: false }, result: null },
  });
  const call = await until('the call is written', async () => {
    const { items } = await hub.hub.calls.list({}, { limit: 1 });
    return items[0] ?? null;
  });
  // What signs the cookies of people is made when the first of them is asked for.
  await hub.people.setup.needed();
  return { oauth: oauth.id, bearer: bearer.id, call: call.id };
}

describe('rotation', () => {
  test('re-encrypts every kind of secret, and then the old key is not needed any more', async () => {
    const made = await everyKindOfSecret();
    const next = generateKey();
    const both = await reopen(`${next},${hub.keys}`);
    const report = await both.hub.keys.rotate(ME);
    for (const row of report) expect(row, row.kind).toMatchObject({ unreadable: 0 });
    expect(report.map((row) => row.kind).sort()).toEqual([
      'call.capture',
      'connector.client',
      'connector.headers',
      'credential.secret',
      'flow.secrets',
      'meta.canary',
      'meta.sign_in',
      'registration.client',
    ]);
    expect(report.every((row) => row.checked > 0 && row.reencrypted === row.checked)).toBe(true);
    expect((await both.hub.keys.rotate(ME)).every((row) => row.reencrypted === 0)).toBe(true);
    await both.close();
    const alone = await reopen(next);
    expect((await alone.hub.keys.verify()).every((row) => row.unreadable === 0 && row.outdated === 0)).toBe(true);
    expect((await alone.hub.calls.get(made.call)).capture?.arguments?.text).toBe('{"a":1}');
    expect((await alone.hub.resolve(made.bearer, null)).headers.authorization).toBe('Bearer static-value');
    expect((await alone.hub.resolve(made.oauth, null)).headers).toMatchObject({ 'x-a': 'header-value' });
    await alone.close();
  });
});

describe('a row that does not open', () => {
  test('becomes reauthorization_required, the start goes on, and connecting again mends it', async () => {
    const made = await everyKindOfSecret();
    const database = new DatabaseSync(hub.file);
    const rows = database.prepare('select id, connector_id, sealed from credentials').all() as {
      id: string;
      connector_id: string;
      sealed: string;
    }[];
    const [one, two] = [
      rows.find((row) => row.connector_id === made.oauth),
      rows.find((row) => row.connector_id === made.bearer),
    ];
    // Copied to another row: it is a ciphertext of this vault, but not of this place.
    database.prepare('update credentials set sealed = ? where id = ?').run(two?.sealed ?? '', one?.id ?? '');
    database.close();
    const again = await reopen(hub.keys);
    await expect(again.hub.resolve(made.oauth, null)).rejects.toMatchObject({ code: 'secret_unreadable' });
    expect((await again.hub.connectors.get(made.oauth)).credential).toMatchObject({
      configured: true,
      state: 'reauthorization_required',
    });
    expect((await again.hub.resolve(made.bearer, null)).headers.authorization).toBe('Bearer static-value');
    expect((await again.hub.keys.verify()).find((row) => row.kind === 'credential.secret')).toMatchObject({
      unreadable: 1,
    });
    await again.close();
    await new Browser().follow(
      (await hub.hub.connectors.connect(made.oauth, { agentId: null, returnTo: null }, ME)).connectUrl,
    );
    expect((await hub.hub.connectors.get(made.oauth)).credential.state).toBe('usable');
  });
});

describe('a proof of the keys', () => {
  test('does not mark a credential that another process has brought under a key of ours meanwhile', async () => {
    const { bearer } = await everyKindOfSecret();
    const store = await openStore({ kind: 'sqlite', file: hub.file });
    const credential = await store.credentials.find(bearer, null, 'active');
    if (credential === null) throw new Error('there is no credential');
    const cell = { kind: 'credential.secret', id: credential.id, issuer: null, resource: null } as const;
    const elsewhere = await createVault(parseKeyring(generateKey())).seal(new Secret('{}'), cell);
    await store.sealed.replace({ ...cell, ciphertext: credential.sealed }, elsewhere);
    const slow = await createHub({
      url: hub.url,
      database: {
        ...store,
        sealed: {
          ...store.sealed,
          async batch(kind, afterId, limit) {
            const cells = await store.sealed.batch(kind, afterId, limit);
            if (kind === 'credential.secret')
              await store.sealed.replace({ ...cell, ciphertext: elsewhere }, credential.sealed);
            return cells;
          },
        },
      },
      encryptionKeys: hub.keys,
      background: false,
    });
    const report = await slow.hub.keys.verify();
    expect(report.find((row) => row.kind === 'credential.secret')).toMatchObject({ unreadable: 1 });
    expect(await store.credentials.get(credential.id)).toEqual(credential);
    await slow.close();
  });
});

describe('values of a connector that do not open', () => {
  const spoil = (column: string): void => {
    const database = new DatabaseSync(hub.file);
    database.prepare(`update connectors set ${column} = 'spoiled'`).run();
    database.close();
  };
  const shape = () => ({ url: provider.mcpUrl, authType: 'oauth', credentialMode: 'shared' }) as const;

  test('stand in the way of no other change, and headers are entered anew or removed', async () => {
    const made = await hub.hub.connectors.create({ name: 'H', ...shape(), headers: { 'x-a': '1', 'x-b': '2' } }, ME);
    spoil('sealed_headers');
    await hub.hub.connectors.update(made.id, { name: 'Renamed' }, ME);
    await expect(hub.hub.connectors.update(made.id, { headers: { 'x-a': '3' } }, ME)).rejects.toMatchObject({
      code: 'invalid_request',
      details: { field: 'headers.x-b' },
    });
    const mended = await hub.hub.connectors.update(made.id, { headers: { 'x-a': '3', 'x-b': null } }, ME);
    expect(mended.headerNames).toEqual(['x-a']);
  });

  test('a client is entered anew', async () => {
    const made = await hub.hub.connectors.create(
      { name: 'K', ...shape(), oauth: { clientId: 'id', clientSecret: 'before' } },
      ME,
    );
    spoil('sealed_client');
    await hub.hub.connectors.update(made.id, { name: 'Renamed' }, ME);
    await expect(hub.hub.connectors.update(made.id, { oauth: { clientSecret: 'after' } }, ME)).rejects.toMatchObject({
      code: 'secret_unreadable',
    });
    await hub.hub.connectors.update(made.id, { oauth: { clientId: 'id', clientSecret: 'after' } }, ME);
    expect((await hub.hub.keys.verify()).find((row) => row.kind === 'connector.client')?.unreadable).toBe(0);
  });
});

describe('a missing key', () => {
  test('that comes back mends what was marked for want of it', async () => {
    const made = await everyKindOfSecret();
    const both = await reopen(`${generateKey()},${hub.keys}`);
    await both.hub.keys.rotate(ME);
    // A process that was not told of the new key meets what is under it already.
    await expect(hub.hub.resolve(made.oauth, null, { slot: 'active' })).rejects.toMatchObject({
      code: 'secret_unreadable',
    });
    expect((await both.hub.connectors.get(made.oauth)).credential.state).toBe('reauthorization_required');
    await both.hub.resolve(made.oauth, null);
    expect((await both.hub.connectors.get(made.oauth)).credential.state).toBe('usable');
    await both.close();
  });

  test('another key does not open this database, and says so', async () => {
    await everyKindOfSecret();
    await expect(reopen(generateKey())).rejects.toMatchObject({ code: 'encryption_key_missing' });
  });

  test('never makes a new one over existing data; put back, everything is there', async () => {
    const { readFile, writeFile } = await import('node:fs/promises');
    const first = await startHub();
    const made = await first.ok('POST', '/api/connectors', {
      name: 'Kept',
      url: provider.mcpUrl,
      authType: 'bearer',
      credentialMode: 'shared',
      secret: 'kept-value',
    });
    await first.stop();
    const key = await readFile(`${first.folder}/encryption.key`, 'utf8');
    await rm(`${first.folder}/encryption.key`);
    await expect(startHub({ folder: first.folder })).rejects.toMatchObject({ code: 'encryption_key_missing' });
    await expect(readFile(`${first.folder}/encryption.key`)).rejects.toMatchObject({ code: 'ENOENT' });
    await writeFile(`${first.folder}/encryption.key`, key, { mode: 0o600 });
    const second = await startHub({ folder: first.folder });
    await until(
      'it serves',
      async () => (await second.api('GET', `/api/connectors/${made.id}`)).body.credential?.configured,
    );
    await second.close();
    await first.close();
  });
});

describe('F3 the record of a flow is checked as it is read', () => {
  test.each([
    ['metadata', '{}'],
    ['metadata', '{"issuer":"x"}'],
    ['sealed', 'not a ciphertext'],
  ])('a damaged %s ends on a plain page and never reads as undefined', async (column, value) => {
    const made = await hub.hub.connectors.create(
      { name: 'D', url: provider.mcpUrl, authType: 'oauth', credentialMode: 'shared' },
      ME,
    );
    const { connectUrl } = await hub.hub.connectors.connect(made.id, { agentId: null, returnTo: null }, ME);
    const database = new DatabaseSync(hub.file);
    database.prepare(`update flows set ${column} = ?`).run(value);
    database.close();
    const end = await new Browser().get(connectUrl);
    expect([404, 409]).toContain(end.status);
    expect(end.location).toBeNull();
    expect(end.text).toContain('start again');
    expect(end.text).not.toContain('undefined');
    expect(provider.count('/authorize')).toBe(0);
  });
});
