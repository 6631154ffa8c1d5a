// What was stored once is readable for ever: one stored value of each kind, made by another implementation, is
// read by the code that the hub reads it with; and what the hub writes is read by that other implementation.

import { describe, expect, test } from 'vitest';
import {
  openCapture,
  openFlow,
  openHeaders,
  openManualClient,
  openRegistration,
  openStatic,
  openTokens,
  sealCapture,
  sealFlow,
  sealHeaders,
  sealManualClient,
  sealRegistration,
  sealStatic,
  sealTokens,
} from '../../src/hub/sealed-values.ts';
import { signInSecret } from '../../src/people/sign-in-secret.ts';
import { Secret } from '../../src/secret.ts';
import { openVault } from '../../src/server/encryption-keys.ts';
import type { Store } from '../../src/store/store.ts';
import { parseKeyring } from '../../src/vault/keyring.ts';
import { createVault } from '../../src/vault/seal.ts';
import { openEnvelope } from '../support/envelope.ts';
import stored from './vectors/stored-values-v1.json' with { type: 'json' };

type Stored = { name: string; kind: string; record: any; sealed: string; holds: any };

const values = stored.values as Stored[];
const keyring = parseKeyring(stored.keys);
const vault = createVault(keyring);
const key = Buffer.from(stored.keys.split(/[:,]/)[1] ?? '', 'base64');

/** A value with its secrets laid open, to be compared. */
function revealed(value: unknown): unknown {
  if (value instanceof Secret) return value.reveal();
  if (value instanceof Map) return revealed(Object.fromEntries(value));
  if (Array.isArray(value)) return value.map(revealed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, revealed(each)]));
}

const metaOf = (sealed: string) =>
  ({ meta: { get: async () => sealed, setOnce: async () => sealed } }) as unknown as Store;

/** How the hub reads each kind, and how it writes what it read. */
const KINDS: Record<
  string,
  { read(each: Stored): Promise<unknown>; write?(value: any, record: any): Promise<string> }
> = {
  'credential.secret': {
    read: async ({ record, sealed, holds }) =>
      holds.secret === undefined
        ? openTokens(vault, { ...record, sealed })
        : { secret: await openStatic(vault, { ...record, sealed }) },
    write: (value, record) =>
      value.secret === undefined ? sealTokens(vault, value, record) : sealStatic(vault, value.secret, record.id),
  },
  'connector.headers': {
    read: ({ record, sealed }) => openHeaders(vault, sealed, record.id),
    write: (value, record) => sealHeaders(vault, value, record.id),
  },
  'connector.client': {
    read: ({ record, sealed }) => openManualClient(vault, sealed, record.id),
    write: (value, record) => sealManualClient(vault, value, record.id),
  },
  'registration.client': {
    read: ({ record, sealed }) => openRegistration(vault, { ...record, sealed }),
    write: (value, record) => sealRegistration(vault, value, record),
  },
  'flow.secrets': {
    read: ({ record, sealed }) => openFlow(vault, { ...record, sealed }),
    write: (value, record) => sealFlow(vault, value, record),
  },
  'call.capture': {
    read: ({ record, sealed }) => openCapture(vault, { ...record, sealed }),
    write: (value, record) => sealCapture(vault, value, record.id),
  },
  'meta.canary': {
    read: async ({ sealed }) =>
      (await openVault(metaOf(sealed), keyring)).open(sealed, { kind: 'meta.canary', id: 'canary' }),
  },
  'meta.sign_in': { read: ({ sealed }) => signInSecret(metaOf(sealed), vault) },
};

describe('a stored value', () => {
  test.each(values)('is read: $name ($kind)', async (each) => {
    expect(revealed(await KINDS[each.kind]?.read(each))).toEqual(each.holds);
  });

  test.each(values.filter(({ kind }) => KINDS[kind]?.write !== undefined))(
    'is written as it was always written: $name ($kind)',
    async (each) => {
      const { read, write } = KINDS[each.kind] ?? {};
      const sealed = (await write?.(await read?.(each), each.record)) ?? '';
      expect(JSON.parse(openEnvelope(sealed, key, { kind: each.kind, ...each.record }))).toEqual(each.holds);
    },
  );

  test('of every kind is among these', () => {
    expect(new Set(values.map(({ kind }) => kind))).toEqual(new Set(Object.keys(KINDS)));
  });
});
