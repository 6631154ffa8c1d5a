// Server-side request forgery, address by address: nothing that a stranger wrote makes Chatelaine open so much as a
// connection to where it must not, and the refusal says why. A canary listens at every address of this machine.

import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isChatelaineError } from '../../src/errors.ts';
import type { Outbound } from '../../src/outbound.ts';
import { type Canary, startCanary } from './canary.ts';
import { type Forbidden, forbiddenUrls, REASONS } from './forbidden-urls.ts';
import { httpServer, outbound, resolver } from './servers.ts';

let canary: Canary;
beforeAll(async () => {
  canary = await startCanary();
});
afterAll(() => canary?.close());

/** Each way out, by name. */
const WAYS: Readonly<Record<string, (out: Outbound, url: string) => Promise<unknown>>> = {
  metadata: (out, url) => out.metadata(url),
  oauth: (out, url) => out.oauth(url, { method: 'POST', body: 'grant_type=x' }),
  mcp: (out, url) => out.mcp(url, { method: 'POST', body: '{}' }),
  stream: (out, url) => out.mcp(url, { headers: { accept: 'text/event-stream' } }),
  passage: (out, url) => out.passage(url, { method: 'POST', headers: [], body: '{}' }),
};

/** How each way refuses `url`; fails where one does not, or touches the canary. */
async function refusals(out: Outbound, url: string): Promise<string[]> {
  const before = canary.touched;
  const said: string[] = [];
  for (const [way, go] of Object.entries(WAYS)) {
    const error = await go(out, url).catch((reason: unknown) => reason);
    if (!isChatelaineError(error)) throw new Error(`${way} did not refuse ${url}: ${error}`);
    said.push(`${error.code}: ${error.message}`);
  }
  // A connection that was made is accepted in the next turns of the loop.
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  expect([url, canary.touched - before]).toEqual([url, 0]);
  return said;
}

test('the canary hears whoever comes', async () => {
  expect(await canary.hears('127.0.0.1')).toBe(true);
  const { mcp } = outbound({ allowed: '127.0.0.1' });
  const before = canary.touched;
  await mcp(`http://127.0.0.1:${canary.port}/`).catch(() => undefined);
  expect(canary.touched).toBe(before + 1);
});

describe('addresses', () => {
  const byKind = Map.groupBy(forbiddenUrls(0), ({ what }) => what);

  test('are more than two hundred', () => {
    expect(forbiddenUrls(0).length).toBeGreaterThan(200);
  });

  test.each([...byKind.keys()])('%s is refused everywhere, with the reason, and nobody is called', async (kind) => {
    const out = outbound({ allowed: '', lookup: resolver({}) });
    const vectors = forbiddenUrls(canary.port).filter(({ what }) => what === kind);
    for (const { url, reason } of vectors) {
      const code = reason === 'not_a_url' ? 'invalid_request' : 'address_refused';
      for (const said of await refusals(out, url)) {
        expect([url, said]).toEqual([url, expect.stringMatching(REASONS[reason])]);
        expect(said.startsWith(`${code}: `)).toBe(true);
      }
    }
  });

  test('never reach a canary that lives at every one of them', async ({ skip }) => {
    // A network of its own needs Linux and the right to make one.
    if (spawnSync('unshare', ['-n', 'ip', 'link', 'set', 'lo', 'up']).status !== 0) skip();
    const child = fileURLToPath(new URL('./forbidden-places-child.ts', import.meta.url));
    const said = await new Promise<string>((resolve, reject) => {
      execFile('unshare', ['-n', process.execPath, child], (error, stdout, stderr) =>
        error === null ? resolve(stdout) : reject(new Error(stderr, { cause: error })),
      );
    });
    const { heard, touched } = JSON.parse(said) as { heard: string[]; touched: string[] };
    for (const host of [
      '127.0.0.1',
      '10.0.0.1',
      '169.254.169.254',
      '168.63.129.16',
      '100.100.100.200',
      'fd00:ec2::254',
    ])
      expect(heard).toContain(host);
    expect(heard.length).toBeGreaterThan(40);
    expect(touched).toEqual([]);
  });
});

describe('names', () => {
  const private_ = [
    '127.0.0.1',
    '10.0.0.5',
    '192.168.1.1',
    '169.254.169.254',
    '100.100.100.200',
    '168.63.129.16',
    '0.0.0.0',
  ];
  const six = [
    '::1',
    '::',
    'fe80::1',
    'fe80::1%lo',
    'fd00:ec2::254',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::127.0.0.1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
  ];

  test.each([...private_, ...six, '224.0.0.1', '255.255.255.255', 'not an address', ''])(
    'one that resolves to %j is not connected to',
    async (address) => {
      const out = outbound({ allowed: '', lookup: resolver({ 'evil.example': [[address]] }) });
      for (const said of await refusals(out, `https://evil.example:${canary.port}/`))
        expect(said).toMatch(/^address_refused: "evil\.example" resolves to a private, local or reserved/);
    },
  );

  test.each([
    ['the public one first', ['8.8.8.8', '127.0.0.1']],
    ['the private one first', ['127.0.0.1', '8.8.8.8']],
    ['of both families', ['2606:4700:4700::1111', '::1']],
    ['the private one in the middle', ['8.8.8.8', '1.1.1.1', '169.254.169.254', '9.9.9.9']],
  ])('one with several addresses, %s, is not connected to', async (_what, addresses) => {
    const out = outbound({ allowed: '', lookup: resolver({ 'mixed.example': [addresses] }) });
    for (const said of await refusals(out, `https://mixed.example:${canary.port}/`))
      expect(said).toMatch(/^address_refused/);
  });

  test.each(['::1', '127.0.0.2', '169.254.169.254'])(
    'one that is rebound to %s between two connections is refused at the second',
    async (address) => {
      const server = await httpServer((_, response) => response.writeHead(200, { connection: 'close' }).end());
      const lookup = resolver({ 'rebind.test': [['127.0.0.1'], [address]] });
      const out = outbound({ allowed: '127.0.0.1/32', lookup });
      await (await out.mcp(`http://rebind.test:${server.port}/`)).text();
      const again = out.mcp(`http://rebind.test:${canary.port}/`);
      const before = canary.touched;
      await expect(again).rejects.toMatchObject({ code: 'address_refused' });
      expect(canary.touched).toBe(before);
    },
  );

  test('a second question to DNS, which would answer otherwise, is never asked', async () => {
    const lookup = resolver({ 'rebind.test': [['8.8.8.8'], ['127.0.0.1']] });
    const out = outbound({ allowed: '', lookup, limits: { connectTimeoutMs: 200 } });
    const before = canary.touched;
    await out.mcp(`https://rebind.test:${canary.port}/`).catch(() => undefined);
    expect(lookup.asked).toEqual(['rebind.test']);
    expect(canary.touched).toBe(before);
  });
});

describe('redirects', () => {
  const TARGETS: readonly Forbidden[] = [
    { what: 'loopback', url: 'https://127.0.0.1:{port}/', reason: 'private' },
    { what: 'loopback as a number', url: 'https://2130706433:{port}/', reason: 'private' },
    { what: 'loopback by name', url: 'https://localhost:{port}/', reason: 'private' },
    { what: 'IPv6 loopback', url: 'https://[::1]:{port}/', reason: 'private' },
    { what: 'a mapped address', url: 'https://[::ffff:127.0.0.1]:{port}/', reason: 'private' },
    { what: 'a metadata service', url: 'https://169.254.169.254:{port}/', reason: 'private' },
    { what: 'a name that resolves to loopback', url: 'https://evil.example:{port}/', reason: 'private' },
    { what: 'the same host, over http at its address', url: 'http://127.0.0.1:{port}/', reason: 'private' },
    { what: 'an address without a scheme', url: '//127.0.0.1:{port}/', reason: 'private' },
    { what: 'backslashes', url: '\\\\127.0.0.1:{port}\\', reason: 'private' },
    { what: 'a user name', url: 'https://user@127.0.0.1:{port}/', reason: 'userinfo' },
    { what: 'a password', url: 'https://example.com:a@127.0.0.1:{port}/', reason: 'userinfo' },
    { what: 'a port of another protocol', url: 'https://example.com:25/', reason: 'port' },
    { what: 'a file', url: 'file:///etc/passwd', reason: 'scheme' },
    { what: 'another protocol', url: 'gopher://127.0.0.1:{port}/_', reason: 'scheme' },
    { what: 'data', url: 'data:application/json,{}', reason: 'scheme' },
  ];
  const LISTED = {
    allowed: 'door.test',
    lookup: resolver({ 'door.test': [['127.0.0.1']], 'evil.example': [['127.0.0.1']] }),
  };
  const door = async (answer: (path: string) => string, status: number): Promise<string> => {
    const server = await httpServer((request, response) =>
      response.writeHead(status, { location: answer(request.url ?? '') }).end(),
    );
    return `http://door.test:${server.port}/first`;
  };

  describe.each([301, 302, 303, 307, 308])('with status %i', (status) => {
    test.each(TARGETS)('to $what lead nowhere', async ({ url, reason }) => {
      const target = url.replace('{port}', String(canary.port));
      const out = outbound(LISTED);
      const before = canary.touched;
      const [metadata, ...others] = await refusals(out, await door(() => target, status));
      expect(metadata).toMatch(new RegExp(`${REASONS[reason].source}|redirects \\(${status}\\)`));
      for (const said of others) expect(said).toMatch(/^upstream_redirect_refused: .* redirects \(\d+\) /);
      expect(canary.touched).toBe(before);
    });
  });

  test.each([
    ['by a relative path first', (path: string, last: string) => (path === '/first' ? 'second' : last)],
    ['after two hops', (path: string, last: string) => (path === '/first' ? '/a' : path === '/a' ? '/b' : last)],
    ['through ../', (path: string, last: string) => (path === '/first' ? '/x/../y' : last)],
  ])('in a chain, %s, lead nowhere', async (_what, next) => {
    const url = await door((path) => next(path, `https://127.0.0.1:${canary.port}/`), 307);
    const said = await refusals(outbound(LISTED), url);
    expect(said[0]).toMatch(/^address_refused: "127\.0\.0\.1" is a private/);
  });
});
