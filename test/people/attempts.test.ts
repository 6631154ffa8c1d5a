// Limits of sign-ins: who is told apart from whom, and who can close which door for others.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Embedded, startEmbedded } from '../support/embedded.ts';
import { PASSWORD } from '../support/people.ts';

const HUB = 'https://hub.example.com';
const EMAIL = 'olive@example.com';
let embedded: Embedded;
let cookie: string;

const call = (method: string, path: string, body: object | undefined, headers: Record<string, string> = {}) =>
  embedded.fetch(
    new Request(`${HUB}${path}`, {
      method,
      headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }),
    { address: '10.0.0.1' },
  );
const from = (address: string | null): Record<string, string> =>
  address === null ? {} : { 'x-forwarded-for': `198.51.100.1, ${address}` };
const signIn = async (address: string | null, password: string, email = EMAIL): Promise<number> =>
  (await call('POST', '/api/sign-in', { email, password }, from(address))).status;
const audited = async (): Promise<any[]> =>
  ((await (await call('GET', '/api/audit?action=sign_in.failed', undefined, { cookie })).json()) as any).items;

beforeEach(async () => {
  embedded = await startEmbedded({ url: HUB });
  const code = (await embedded.people.setup.newCode())?.reveal();
  const made = await call('POST', '/api/setup', { code, name: 'Olive', email: EMAIL, password: PASSWORD });
  cookie = made.headers.getSetCookie()[0]?.split(';')[0] ?? '';
});
afterEach(() => embedded.close());

test('wrong passwords from elsewhere close an account neither to its person nor to their own change of it', async () => {
  for (let i = 0; i < 11; i += 1) await signIn('203.0.113.7', 'wrong');
  expect(await signIn('203.0.113.7', PASSWORD)).toBe(429);
  expect(await signIn('203.0.113.8', PASSWORD)).toBe(200);
  const change = { password: 'a second good password', currentPassword: PASSWORD };
  expect((await call('PATCH', '/api/me', change, { cookie })).status).toBe(200);
});

test('wrong passwords of somebody who is known are audited, the first and then few', async () => {
  for (let i = 0; i < 14; i += 1) await signIn(`203.0.113.${i % 2}`, 'wrong');
  await signIn('203.0.113.9', 'wrong', 'nobody@example.com');
  const items = await audited();
  expect(items.map(({ detail }) => detail.failures)).toEqual([10, 1]);
  expect(items[0].detail.personId).toMatch(/\w+/);
});

describe('one place', () => {
  // Links are limited by address alone, and cost nothing to ask for.
  const tries = async (address: (i: number) => string | null): Promise<number> => {
    let limited = 0;
    for (let i = 0; i < 60; i += 1) {
      const { status } = await call('GET', `/api/invitations/nothing-${i}`, undefined, from(address(i)));
      if (status === 429) limited += 1;
    }
    return limited;
  };

  test.each([
    ['an IPv4 address', () => '203.0.113.7'],
    ['an IPv4 address, whatever its port', (i: number) => `203.0.113.7:${1_000 + i}`],
    ['a network of IPv6', (i: number) => `2001:db8::${i + 1}`],
    ['a network of IPv6 in brackets, whatever its port', (i: number) => `[2001:db8:0:0:${i}::1]:${1_000 + i}`],
  ])('is %s', async (_what, address) => {
    expect(await tries(address)).toBe(10);
  });

  test.each([
    ['another network of IPv6', (i: number) => `2001:db8:0:${i}::1`],
    ['another IPv4 address, told as IPv6', (i: number) => `::ffff:203.0.113.${i}`],
    ['a proxy that does not say who comes', () => null],
    ['a proxy that hides who comes', () => 'unknown'],
  ])('is not %s', async (_what, address) => {
    expect(await tries(address)).toBe(0);
  });
});

test('where nobody can tell from where they come, tries close an account to each other alone', async () => {
  const wrong = await Promise.all(Array.from({ length: 100 }, () => signIn(null, 'wrong')));
  expect(new Set(wrong)).toEqual(new Set([401]));
  expect(await signIn(null, PASSWORD)).toBe(429);
  expect(await signIn('203.0.113.8', PASSWORD)).toBe(200);
}, 60_000);
