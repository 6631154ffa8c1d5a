import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Secret } from '../../src/secret.ts';
import { generateKey, parseKeyring } from '../../src/vault/keyring.ts';
import { createVault, type SealContext } from '../../src/vault/seal.ts';

const vault = createVault(parseKeyring(`a:${Buffer.alloc(32, 1).toString('base64')}`));
const CONTEXT: SealContext = { kind: 'credential.secret', id: 'cred_1', issuer: 'https://as.example', resource: null };

const wellFormed = fc.string({ unit: 'binary', maxLength: 200 });
const optional = fc.option(wellFormed, { nil: null });
const anyContext = fc.record({ kind: wellFormed, id: wellFormed, issuer: optional, resource: optional });

describe('seal and open', () => {
  test('give back any text in its own context', async () => {
    await fc.assert(
      fc.asyncProperty(wellFormed, anyContext, async (text, context) => {
        expect((await vault.open(await vault.seal(new Secret(text), context), context)).reveal()).toBe(text);
      }),
    );
  });

  test('give back a large secret', async () => {
    const text = 'ü'.repeat(500_000);
    expect((await vault.open(await vault.seal(new Secret(text), CONTEXT), CONTEXT)).reveal()).toBe(text);
  });

  test('treat an absent field and null alike', async () => {
    const sealed = await vault.seal(new Secret('x'), { kind: 'k', id: 'i' });
    expect((await vault.open(sealed, { kind: 'k', id: 'i', issuer: null, resource: null })).reveal()).toBe('x');
  });

  test('open in no other context', async () => {
    await fc.assert(
      fc.asyncProperty(anyContext, anyContext, async (one, other) => {
        fc.pre(JSON.stringify(one) !== JSON.stringify(other));
        const sealed = await vault.seal(new Secret('x'), one);
        await expect(vault.open(sealed, other)).rejects.toMatchObject({ code: 'secret_unreadable' });
      }),
    );
  });

  test('open in no context whose fields are cut at other places', async () => {
    const cuts = fc.array(fc.nat(12), { minLength: 3, maxLength: 3 }).map((places) => places.sort((a, b) => a - b));
    const cut = ([a = 0, b = 0, c = 0]: number[]): SealContext => {
      const text = 'abcdefabcdef';
      return { kind: text.slice(0, a), id: text.slice(a, b), issuer: text.slice(b, c), resource: text.slice(c) };
    };
    await fc.assert(
      fc.asyncProperty(cuts, cuts, async (one, other) => {
        fc.pre(one.join() !== other.join());
        const sealed = await vault.seal(new Secret('x'), cut(one));
        await expect(vault.open(sealed, cut(other))).rejects.toMatchObject({ code: 'secret_unreadable' });
      }),
    );
  });

  test('notice every single flipped bit of the text form', async () => {
    const sealed = await vault.seal(new Secret('token'), CONTEXT);
    for (let place = 0; place < sealed.length; place += 1) {
      for (let bit = 0; bit < 7; bit += 1) {
        const flipped = String.fromCharCode(sealed.charCodeAt(place) ^ (1 << bit));
        const changed = sealed.slice(0, place) + flipped + sealed.slice(place + 1);
        await expect(vault.open(changed, CONTEXT), `${place}.${bit}`).rejects.toMatchObject({
          code: 'secret_unreadable',
        });
      }
    }
  });

  test('notice every truncation', async () => {
    const sealed = await vault.seal(new Secret('token'), CONTEXT);
    for (let length = 0; length < sealed.length; length += 1) {
      await expect(vault.open(sealed.slice(0, length), CONTEXT)).rejects.toMatchObject({ code: 'secret_unreadable' });
    }
  });

  test('answer garbage with nothing but secret_unreadable', async () => {
    const almost = fc.tuple(fc.constantFrom('v1', 'v0', ''), fc.constantFrom('a', 'b', '..'), fc.base64String());
    const garbage = fc.oneof(
      fc.string({ unit: 'binary' }),
      almost.map((parts) => parts.join('.')),
    );
    await fc.assert(
      fc.asyncProperty(garbage, async (text) => {
        await expect(vault.open(text, CONTEXT)).rejects.toMatchObject({ code: 'secret_unreadable' });
      }),
    );
  });

  test('refuse half a surrogate pair instead of storing another character for it', async () => {
    await expect(vault.seal(new Secret('a\ud800b'), CONTEXT)).rejects.toMatchObject({ code: 'invalid_request' });
  });

  test('name the missing key, so that it can be put back', async () => {
    const sealed = await createVault(parseKeyring(`lost:${generateKey().split(':')[1]}`)).seal(
      new Secret('x'),
      CONTEXT,
    );
    await expect(vault.open(sealed, CONTEXT)).rejects.toThrow(/key "lost"/);
  });

  test('never put the secret, the key or the ciphertext into an error', async () => {
    const sealed = await vault.seal(new Secret('very-secret-token'), CONTEXT);
    const error = await vault.open(sealed, { ...CONTEXT, id: 'other' }).catch((reason: unknown) => reason);
    const shown = String(error instanceof Error ? (error.stack ?? '') + String(error.cause) : '');
    expect(shown).toContain('credential.secret');
    expect(shown).not.toContain('very-secret-token');
    expect(shown).not.toContain(sealed.slice(10, 30));
  });
});

describe('keys of a ciphertext', () => {
  test('are told without opening it', async () => {
    const old = parseKeyring(`old:${Buffer.alloc(32, 2).toString('base64')}`);
    const both = parseKeyring(
      `new:${Buffer.alloc(32, 3).toString('base64')},old:${Buffer.alloc(32, 2).toString('base64')}`,
    );
    const sealed = await createVault(old).seal(new Secret('x'), CONTEXT);
    const rotated = createVault(both);
    expect(rotated.keyIdOf(sealed)).toBe('old');
    expect(rotated.isCurrent(sealed)).toBe(false);
    expect((await rotated.open(sealed, CONTEXT)).reveal()).toBe('x');
    expect(rotated.isCurrent(await rotated.seal(new Secret('x'), CONTEXT))).toBe(true);
  });

  test('are null for what is no ciphertext', () => {
    expect(vault.keyIdOf('hello')).toBeNull();
    expect(vault.isCurrent('hello')).toBe(false);
  });
});
