// What may be kept of arguments and results: nothing that looks like a secret, and the rest as it was.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { captured, LEFT_OUT } from '../../src/hub/redact.ts';
import { CAPTURE_MAX_CHARACTERS } from '../../src/limits.ts';

const REDACTED = '[redacted]';
const withoutSecrets = (value: unknown): unknown => JSON.parse(captured(value).text);

// Put together here, so that no scanner of this repository takes them for real ones.
const JWT = ['eyJhbGciOiJIUzI1NiJ9', 'eyJzdWIiOiJhZGEifQ', 'c2lnbmF0dXJl'].join('.');
const SECRETS = {
  'an agent key': `chla_${'0aB'.repeat(14)}x`,
  'an API token': `chlt_${'9zQ'.repeat(14)}x`,
  'a JWT': JWT,
  'a GitHub token': `ghp_${'a1B2c3D4'.repeat(4)}e5F6`,
  'a Stripe key': `sk_live_${'a1b2C3d4'.repeat(3)}`,
  'a Slack token': `xoxb-${'1234567890'}-abcdefgh`,
  'an AWS key': `AKIA${'IOSFODNN7EXAMPLE'}`,
  'a hex string': '0123456789abcdef'.repeat(3),
  'a base64 string': `${'q83vEjRWeJCrze8SNFZ4kA+'.repeat(2)}/Zz==`,
  'a base64url string': 'dGhpcy1pcy1h_3NlY3JldC10b2tl-bi1vZi0zMi1ieXRlcw',
};

describe('values that look like credentials go, wherever they are', () => {
  test.each(Object.entries(SECRETS))('%s', (_what, secret) => {
    const places = [
      secret,
      `see ${secret}, please`,
      `https://example.com/x?a=${secret}&b=1`,
      { deep: [{ er: `(${secret})` }] },
      { content: [{ type: 'text', text: JSON.stringify({ answer: secret }) }] },
      { [secret]: 1 },
    ];
    for (const place of places) expect(captured(place).text).not.toContain(secret.slice(0, 24));
  });

  test.each([
    'Authorization: Bearer abcdef',
    'authorization: Basic YWRhOnB3',
    'curl -H "Authorization: token abcdef"',
    'Cookie: a=abcdef; b=abcdef',
    'Set-Cookie: sid=abcdef; Path=/',
    'Bearer abcdef',
    'password=abcdef',
    'DB_PASSWORD="abc\\"def abcdef"',
    "api_key: 'abcdef'",
    'https://example.com/?access_token=abcdef#x',
    'https://example.com/?x=1&client_secret=abcdef',
    'https://ada:abcdef@example.com/',
    'postgres://abcdef@db/x',
    'note:password=abcdef',
    'Result:\n{"password": "abcdef"}',
    'The password is abcdef',
    'Your API key is: abcdef.',
    'log: body="{\\"password\\":\\"abcdef\\"}"',
    'log: body="{\\\\\\"password\\\\\\":\\\\\\"abcdef\\\\\\"}"',
    'log: body="{\\"pin\\": 1, \\"seed\\": [\\"abcdef\\"]}" done',
    '<password>abcdef</password>',
    '<ns:apiKey type="x">\nabcdef\n</ns:apiKey>',
    '<entry key="password">abcdef</entry>',
    '<input name="password" value="abcdef"/>',
    '&lt;password&gt;abcdef&lt;/password&gt;',
    '<password><![CDATA[abcdef',
    'postgres://u:p/a#ss@abcdef@host/db',
    'postgres://u:p/abcdef#ss@host/db',
    'postgres://u/abcdef@host/db',
    'https://u:abc/def?x@host and https://u:p/abcdef@host/',
    'passphrase: correct horse abcdef',
    'Seed phrase: correct horse abcdef',
    'Recovery codes: 1234-5678 abcdef',
    'The verification code is 12 abcdef',
    'password is: hunter2 abcdef',
    'The password for the door is hunter2 abcdef',
    'password => "abcdef"',
    'password := abcdef',
    "config['password'] = abcdef",
    'login --user ada --password abcdef',
    'password: |\n  correct\n  abcdef\nuser: ada',
    'tokens: [\n  "a",\n  "abcdef"\n]',
    'see ["password", "abcdef"]',
    'see [["X-Api-Key", "abcdef"]] and {',
    'see {"name": "password", "value": "abcdef"}',
    'see {"value": "abcdef", "name": "password"}',
    '{"name": "password",\n "value": "abcdef", }',
    "password='it''s abcdef'",
    'password: abc"abcdef',
    '-----BEGIN PRIVATE KEY-----\nabcdef\n-----END PRIVATE KEY-----',
    '-----BEGIN RSA PRIVATE KEY-----\nabcdef',
  ])('in %j', (text) => {
    const { text: kept } = captured({ note: text });
    expect(kept).toContain(REDACTED);
    expect(kept).not.toContain('abcdef');
  });
});

describe('values of fields', () => {
  test.each([
    'token',
    'accessToken',
    'access_token',
    'X-Auth-Token',
    'secret',
    'clientSecret',
    'password',
    'passwd',
    'PWD',
    'authorization',
    'Authorization',
    'auth',
    'apiKey',
    'API_KEY',
    'api-key',
    'key',
    'sshKeys',
    'privateKey',
    'cookie',
    'Set-Cookie',
    'credentials',
    'sessionId',
    'sid',
    'signature',
    'otp',
    'pin',
    'jwt',
    'xsrf',
    'pass',
    'DB_PASS',
    'passphrase',
    'seed_phrase',
    'seedPhrase',
    'mnemonic',
    'recovery_codes',
    'recoveryCode',
    'backup_codes',
    'verification_code',
    'one-time-code',
    'mfa',
    'mfaCode',
    'totp',
    'cvv',
    'CVC',
    'ssn',
    'card_number',
  ])('named %s go, of any kind', (name) => {
    for (const value of ['abc', 12345, { a: 'abc' }, ['abc']])
      expect(withoutSecrets({ [name]: value })).toEqual({ [name]: REDACTED });
    expect(withoutSecrets({ [name]: null })).toEqual({ [name]: null });
  });

  test('named by another field go too', () => {
    expect(
      withoutSecrets([
        { name: 'API_KEY', value: 'abc' },
        { name: 'REGION', value: 'eu' },
      ]),
    ).toEqual([
      { name: 'API_KEY', value: REDACTED },
      { name: 'REGION', value: 'eu' },
    ]);
  });
});

test.each<[unknown, unknown]>([
  [
    ['password', 'abc'],
    ['password', REDACTED],
  ],
  [{ headers: [['X-Api-Key', 'abc']] }, { headers: [['X-Api-Key', REDACTED]] }],
  [
    ['Accept', 'text/html', 'X-Api-Key', 'abc', 'Host', 'example.com'],
    ['Accept', 'text/html', 'X-Api-Key', REDACTED, 'Host', 'example.com'],
  ],
  [
    ['login', '--password', 'abc', '--user', 'ada'],
    ['login', '--password', REDACTED, '--user', 'ada'],
  ],
  [
    ['password', ['abc'], 'x'],
    ['password', REDACTED, 'x'],
  ],
  [
    { key: 'password', value: 'abc' },
    { key: 'password', value: REDACTED },
  ],
  [
    { field: 'Password', entered: 'abc', at: 1 },
    { field: 'Password', entered: REDACTED, at: 1 },
  ],
  [
    { Name: 'Recovery code', Value: 12, Kind: 'text' },
    { Name: 'Recovery code', Value: REDACTED, Kind: 'text' },
  ],
  [
    { id: 'otp', whatever: 'abc' },
    { id: 'otp', whatever: REDACTED },
  ],
])('in pairs the second goes: %j', (value, kept) => {
  expect(withoutSecrets(value)).toEqual(kept);
});

describe('a planted secret never comes out', () => {
  const names = ['password', 'pass', 'X-Api-Key', 'seed_phrase', 'recoveryCodes', 'otp', 'PIN', 'client_secret'];
  const words = fc.array(fc.stringMatching(/^canary[a-z]{4}$/), { minLength: 1, maxLength: 4 });
  const inside = (text: string): string => JSON.stringify(text).slice(1, -1);
  const SHAPES: Readonly<Record<string, (name: string, value: string) => unknown>> = {
    field: (name, value) => ({ [name]: value }),
    list: (name, value) => ({ [name]: [value, { x: value }] }),
    pair: (name, value) => [name, value],
    pairs: (name, value) => [
      ['a', 'b'],
      [name, value],
    ],
    named: (name, value) => ({ name, value }),
    keyed: (name, value) => ({ value, key: name, more: 1 }),
    json: (name, value) => JSON.stringify({ [name]: value }),
    assigned: (name, value) => `${name}=${value}`,
    colon: (name, value) => `${name}: ${value}`,
    quoted: (name, value) => `${name}: '${value}'`,
    element: (name, value) => `<${name}>${value}</${name}>`,
    user: (_name, value) => `postgres://u:${value.replaceAll(' ', '/#?@:')}@host/db`,
    web: (_name, value) => `https://u:${value.replaceAll(' ', '/#?@:')}@host/?a=b`,
    spoken: (_name, value) => `my passphrase is ${value}`,
  };
  const AROUND: Readonly<Record<string, (said: unknown) => unknown>> = {
    plain: (said) => said,
    deep: (said) => ({ a: [{ text: said }] }),
    asText: (said) => (typeof said === 'string' ? `see ${said}` : `see ${JSON.stringify(said)} there`),
    asJson: (said) => JSON.stringify({ content: [{ text: said }] }),
    body: (said) => `body="${inside(typeof said === 'string' ? said : JSON.stringify(said))}"`,
    twice: (said) => `body="${inside(`x="${inside(typeof said === 'string' ? said : JSON.stringify(said))}"`)}"`,
  };

  test.each(Object.keys(SHAPES))('as %s', (shape) => {
    fc.assert(
      fc.property(fc.constantFrom(...names), words, fc.constantFrom(...Object.keys(AROUND)), (name, parts, around) => {
        const { text } = captured(AROUND[around]?.(SHAPES[shape]?.(name, parts.join(' '))));
        expect(text).toContain(REDACTED);
        expect(text).not.toContain('canary');
      }),
      { numRuns: 300 },
    );
  });
});

test.each<[unknown]>([
  [{ name: 'Ada', value: 'abc' }],
  [['title', 'author', 'year']],
  [['Basic authentication is off.', 'It was on.']],
  [{ text: 'see [1] and {x}, <b>bold</b>, a < b, and "quotes": "here"' }],
  [{ text: 'https://example.com:8080/path, mail ada@example.com' }],
  [{ text: 'https://example.com/@ada/notes?mail=ada@example.com' }],
  [{ query: 'open issues of Ada', limit: 20, isOpen: true, labels: ['bug', 'urgent'], author: 'ada', none: null }],
  [{ id: '0b5c9a1e-3f8a-4c7e-9d52-7a1f0f2f6a11', url: 'https://example.com/teams/ops/issues/42?page=2' }],
  [{ path: '/Documents/Team/Project2/src/components/index.tsx' }],
  [{ slug: 'fix-the-bug-in-version-2-of-the-importer-module' }],
  [{ method: 'getServiceConfigurationForWorkspaceById', at: '2026-11-25T16:45:15.000Z' }],
  [{ content: [{ type: 'text', text: 'Basic authentication is off.' }] }],
])('ordinary ones stay: %j', (value) => {
  expect(withoutSecrets(value)).toEqual(value);
});

test('the credential of the call goes whatever it looks like, at every depth and in every text', () => {
  fc.assert(
    fc.property(
      fc.stringMatching(/^[!-~]{6,40}$/),
      fc.anything({ withBigInt: false, withDate: false, maxDepth: 4 }),
      fc.string(),
      (secret, around, text) => {
        const inner = JSON.stringify({ text: `${text}${secret}` });
        const { text: kept } = captured({ around, said: `${text}${secret}${text}`, inner, [secret]: [secret] }, [
          secret,
        ]);
        const without = captured({ around, said: text, inner: '', x: [''] }, []).text;
        return (
          !kept.includes(JSON.stringify(secret).slice(1, -1)) || without.includes(secret) || REDACTED.includes(secret)
        );
      },
    ),
  );
});

test('what is kept is cut after it was redacted, and says so', () => {
  const secret = SECRETS['a hex string'];
  const long = captured({ a: 'x '.repeat(CAPTURE_MAX_CHARACTERS / 2 - 10), b: secret });
  expect(long).toEqual({ text: expect.any(String), cut: true });
  expect(long.text).toHaveLength(CAPTURE_MAX_CHARACTERS);
  expect(long.text).not.toContain(secret.slice(0, 4));
  expect(captured({ a: '\ud83d\ude00'.repeat(CAPTURE_MAX_CHARACTERS) }).text.isWellFormed()).toBe(true);
  expect(captured('short').cut).toBe(false);
  expect(LEFT_OUT).toEqual({ text: '', cut: true });
});

test('neither depth nor length is a way to stop it', () => {
  let deep: unknown = 'bottom';
  for (let i = 0; i < 10_000; i += 1) deep = [deep];
  expect(captured(deep).text).toContain(REDACTED);
  const began = performance.now();
  for (const text of [
    'a'.repeat(250_000),
    '://'.repeat(80_000),
    'a_'.repeat(120_000),
    'key: '.repeat(50_000),
    '-----BEGIN A-----'.repeat(15_000),
    '"'.repeat(250_000),
    'cookie'.repeat(40_000),
    'a'.repeat(60).concat('.').repeat(4_000),
    'pin is '.repeat(30_000),
    ' '.repeat(250_000),
    `a${' '.repeat(250_000)}`,
    `token${' '.repeat(250_000)}`,
    '<password>'.repeat(25_000),
    '<a '.repeat(80_000),
    '<a name='.repeat(30_000),
    '['.repeat(250_000),
    '{"a":'.repeat(50_000),
    '{"a":"'.repeat(40_000),
    '[]'.repeat(125_000),
    'key: {'.repeat(40_000),
    'key: "'.repeat(40_000),
    'key: \\"'.repeat(35_000),
    '"key",'.repeat(40_000),
    'key: |\n '.repeat(30_000),
    `key: |${'\n '.repeat(125_000)}`,
    '\\'.repeat(250_000),
    `key: "${'\\'.repeat(250_000)}`,
    'http://a:'.repeat(28_000).concat('@'),
    'http://a/'.repeat(28_000).concat('@'),
    'a '.repeat(125_000),
    '['.concat('\\"'.repeat(120_000)),
    '"'.concat('\\"'.repeat(120_000)),
    '"\\'.repeat(80_000),
    '"a'.repeat(120_000),
    '--key '.repeat(40_000),
    'pin a b '.repeat(30_000),
  ])
    captured(text);
  expect(performance.now() - began).toBeLessThan(5_000);
});
