import { UnsecuredJWT } from 'jose';
import { expect, test } from 'vitest';
import { audienceWarning } from '../../src/oauth/token-audience.ts';
import { Secret } from '../../src/secret.ts';

const RESOURCE = 'https://mcp.example/mcp';
const warn = (aud: string | string[] | undefined) => {
  const jwt = new UnsecuredJWT(aud === undefined ? {} : { aud }).encode();
  return audienceWarning(new Secret(`${jwt}c2ln`), RESOURCE);
};

test.each<[string | string[] | undefined]>([
  [RESOURCE],
  ['https://mcp.example'],
  [['https://other.example', RESOURCE]],
  ['my-api'],
  [['https://other.example', 'my-api']],
  [undefined],
  [[]],
])('a token for %j causes no alarm', (aud) => {
  expect(warn(aud)).toBeNull();
});

test.each([['https://other.example'], [['https://other.example/a', 'http://mcp.example/mcp']]])(
  'a token for %j is plainly meant for another server',
  (aud) => {
    expect(warn(aud)).toMatch(/other\.example.*mcp\.example/);
  },
);

test.each(['opaque', 'a.b.c', '', `${'x'.repeat(5_000)}.y.z`])(
  'a token that is no readable JWT says nothing (%#)',
  (token) => {
    expect(audienceWarning(new Secret(token), RESOURCE)).toBeNull();
  },
);
