import { describe, expect, test } from 'vitest';
import { missingScopes, normalizeScope, type ScopeInput, selectScope } from '../../src/oauth/scope.ts';
import { failure } from './scripted.ts';

const NOTHING: ScopeInput = {
  manual: null,
  challenged: null,
  scopesSupported: null,
  allowList: null,
  offlineAccess: false,
  serverScopes: null,
};
const select = (input: Partial<ScopeInput>): string | null => selectScope({ ...NOTHING, ...input });

describe('the scope to ask for', () => {
  test.each<[string, Partial<ScopeInput>, string | null]>([
    ['the challenge, whatever is supported', { challenged: 'x', scopesSupported: ['a', 'b'] }, 'x'],
    ['else all that the resource supports', { scopesSupported: ['a', 'b'] }, 'a b'],
    ['else nothing at all', {}, null],
    ['nothing for an empty list', { scopesSupported: [], challenged: ' ' }, null],
    ['what the operator set, before anything else', { manual: 'm', challenged: 'x', scopesSupported: ['a'] }, 'm'],
    ['only what can be a scope', { challenged: 'a "b" c\\d é e' }, 'a e'],
  ])('is %s', (_, input, expected) => {
    expect(select(input)).toBe(expected);
  });

  test.each<[string, Partial<ScopeInput>, string | null]>([
    ['narrows what the server asks for', { scopesSupported: ['a', 'b', 'c'], allowList: 'c a z' }, 'a c'],
    ['narrows what the operator set', { manual: 'a b', allowList: 'b' }, 'b'],
    ['stands in where the server asks for nothing, whose default may be more', { allowList: 'a' }, 'a'],
    [
      'does not govern offline_access',
      { challenged: 'a', allowList: 'a', offlineAccess: true, serverScopes: ['offline_access'] },
      'a offline_access',
    ],
  ])('an allow list %s', (_, input, expected) => {
    expect(select(input)).toBe(expected);
  });

  test('an allow list that leaves nothing is an error and not a request for the default', async () => {
    const error = await failure(() => select({ challenged: 'a', allowList: 'b' }));
    expect(error.code).toBe('invalid_request');
    expect(error.details.field).toBe('oauth.scopeAllowList');
  });

  test.each<[string, Partial<ScopeInput>, string | null]>([
    [
      'is added where the authorization server lists it',
      { challenged: 'a', serverScopes: ['a', 'offline_access'], offlineAccess: true },
      'a offline_access',
    ],
    ['is left out where it does not', { challenged: 'a', serverScopes: ['a'], offlineAccess: true }, 'a'],
    ['is left out where it lists nothing', { challenged: 'a', serverScopes: null, offlineAccess: true }, 'a'],
    ['is left out when not wanted', { challenged: 'a', serverScopes: ['offline_access'] }, 'a'],
    [
      'is left out even when the resource lists it',
      { scopesSupported: ['a', 'offline_access'], serverScopes: ['a'], offlineAccess: true },
      'a',
    ],
    [
      'never stands alone, which would forgo the default scopes',
      { serverScopes: ['offline_access'], offlineAccess: true },
      null,
    ],
    ['stays when the operator wrote it', { manual: 'a offline_access', serverScopes: ['a'] }, 'a offline_access'],
  ])('offline_access %s', (_, input, expected) => {
    expect(select(input)).toBe(expected);
  });

  test.each<[string, Partial<ScopeInput>, string | null]>([
    ['keeps what was granted', { granted: 'r', missing: 'w', challenged: 'r' }, 'r w'],
    ['keeps what was requested before', { granted: 'r', missing: 'w', challenged: 'r p' }, 'r p w'],
    ['adds to what the operator set', { manual: 'm', missing: 'w', granted: null }, 'm w'],
    ['is narrowed like anything else', { granted: 'r', missing: 'w admin', allowList: 'r w' }, 'r w'],
  ])('a step-up %s', (_, input, expected) => {
    expect(select(input)).toBe(expected);
  });
});

test('missing scopes are those required and not granted; an unknown grant lacks all', () => {
  expect(missingScopes('a b', 'b c d')).toEqual(['c', 'd']);
  expect(missingScopes(null, 'a')).toEqual(['a']);
  expect(missingScopes('a', null)).toEqual([]);
});

test('a scope is normalised to one space and no repetition, without guessing a hierarchy', () => {
  expect(normalizeScope('  repo  repo:status repo ')).toBe('repo repo:status');
  expect(normalizeScope('')).toBeNull();
});
