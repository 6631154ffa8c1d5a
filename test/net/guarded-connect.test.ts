import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { addressPolicy, parseAllowedHosts } from '../../src/net/address-policy.ts';
import { guardedConnector } from '../../src/net/guarded-connect.ts';
import { httpServer, outbound, rawServer, resolver } from './servers.ts';

const fixture = (name: string): string => readFileSync(new URL(`./fixtures/${name}`, import.meta.url), 'utf8');

describe('addresses after DNS', () => {
  test.each([
    '127.0.0.1',
    '10.0.0.5',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '::1',
    'fd00::1',
    'fe80::1%eth0',
    '::ffff:10.0.0.5',
    '64:ff9b::a00:5',
  ])('a name that resolves to %s is refused without a connection, and the address is not told', async (address) => {
    const { metadata } = outbound({ allowed: '', lookup: resolver({ 'evil.example': [[address]] }) });
    const error = await metadata('https://evil.example/').catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'address_refused' });
    expect(String(error)).toMatch(/"evil\.example".*CHATELAINE_ALLOWED_PRIVATE_HOSTS/);
    expect(String(error)).not.toContain(address);
  });

  test('one private address among public ones condemns the name', async () => {
    const { mcp } = outbound({ allowed: '', lookup: resolver({ 'evil.example': [['8.8.8.8', '10.0.0.5']] }) });
    await expect(mcp('https://evil.example/')).rejects.toMatchObject({ code: 'address_refused' });
  });

  test('a listed name may resolve to a private address, over plain http', async () => {
    const server = await httpServer((_, response) => response.end('hello'));
    const { metadata } = outbound({ allowed: 'mcp.test', lookup: resolver({ 'mcp.test': [['127.0.0.1']] }) });
    expect(await (await metadata(`http://mcp.test:${server.port}/`)).text()).toBe('hello');
  });

  test('plain http to a name outside the listed ranges is refused once its address is known', async () => {
    const { metadata } = outbound({ lookup: resolver({ 'public.example': [['8.8.8.8']] }) });
    const refused = expect(metadata('http://public.example/')).rejects;
    await refused.toMatchObject({ code: 'address_refused', message: expect.stringContaining('https') });
  });

  test('a name is resolved once, and the connection goes to the address that was checked', async () => {
    const server = await httpServer((request, response) => response.end(request.headers.host));
    const lookup = resolver({ 'rebind.test': [['127.0.0.1'], ['10.0.0.5']] });
    const { metadata } = outbound({ lookup });
    const response = await metadata(`http://rebind.test:${server.port}/`);
    expect(await response.text()).toBe(`rebind.test:${server.port}`);
    expect(lookup.asked).toEqual(['rebind.test']);
  });

  test('a later connection to the same name is checked anew', async () => {
    const server = await httpServer((_, response) => response.writeHead(200, { connection: 'close' }).end());
    const { metadata } = outbound({ lookup: resolver({ 'rebind.test': [['127.0.0.1'], ['10.0.0.5']] }) });
    await (await metadata(`http://rebind.test:${server.port}/`)).text();
    await expect(metadata(`http://rebind.test:${server.port}/`)).rejects.toMatchObject({ code: 'address_refused' });
  });

  test('a literal is never looked up', async () => {
    const server = await httpServer((_, response) => response.end('hello'));
    const lookup = resolver({});
    expect(await (await outbound({ lookup }).mcp(`${server.url}/`)).text()).toBe('hello');
    expect(lookup.asked).toEqual([]);
  });
});

describe('the connector by itself', () => {
  const connect = guardedConnector(addressPolicy(parseAllowedHosts('10.0.0.0/8')), resolver({}), 1_000);

  // Every URL is judged before it comes here; this is the second lock on the same door.
  test.each([
    ['https:', '127.0.0.1'],
    ['https:', '[::1]'],
    ['https:', '::ffff:127.0.0.1'],
    ['http:', '8.8.8.8'],
  ])('refuses the literal %s//%s', async (protocol, hostname) => {
    const error = await new Promise((resolve) => {
      connect({ protocol, hostname, port: '443' }, (...answer) => resolve(answer[0]));
    });
    expect(error).toMatchObject({ code: 'address_refused' });
  });
});

describe('faults of the network', () => {
  test('a name that DNS does not know', async () => {
    const { oauth } = outbound({ lookup: resolver({}) });
    const refused = expect(oauth('https://nowhere.example/')).rejects;
    await refused.toMatchObject({ code: 'upstream_unreachable', message: expect.stringContaining('DNS') });
  });

  test('a name without addresses', async () => {
    const { oauth } = outbound({ lookup: resolver({ 'empty.example': [[]] }) });
    const refused = expect(oauth('https://empty.example/')).rejects;
    await refused.toMatchObject({ code: 'upstream_unreachable', message: expect.stringContaining('DNS') });
  });

  test('a port at which nobody listens', async () => {
    const server = await httpServer(() => {});
    const { url } = server;
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    const refused = expect(outbound().mcp(`${url.slice(0, url.lastIndexOf(':'))}:${port}/`)).rejects;
    await refused.toMatchObject({
      code: 'upstream_unreachable',
      message: expect.stringContaining('refuses connections'),
    });
  });

  test('a TLS handshake that never ends is given up after the connect timeout', async () => {
    const server = await rawServer(() => {});
    const { metadata } = outbound({ limits: { connectTimeoutMs: 100 } });
    const refused = expect(metadata(`https://127.0.0.1:${server.port}/`)).rejects;
    await refused.toMatchObject({ code: 'upstream_timeout' });
  });

  test('a DNS server that never answers is given up after the connect timeout', async () => {
    const { metadata } = outbound({ lookup: () => {}, limits: { connectTimeoutMs: 100 } });
    await expect(metadata('https://slow.example/')).rejects.toMatchObject({ code: 'upstream_timeout' });
  });

  test('a server that speaks plain http where TLS is expected', async () => {
    const server = await httpServer((_, response) => response.end());
    const refused = expect(outbound().metadata(`https://127.0.0.1:${server.port}/`)).rejects;
    await refused.toMatchObject({ code: 'upstream_unreachable', message: expect.stringContaining('TLS') });
  });
});

describe('TLS', () => {
  async function tlsServer(): Promise<number> {
    const options = { key: fixture('mcp.test.key.pem'), cert: fixture('mcp.test.cert.pem') };
    const server = createServer(options, (_, response) => response.end('secure'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    return (server.address() as AddressInfo).port;
  }

  function trustFixture(): void {
    const before = getCACertificates('default');
    setDefaultCACertificates([...before, fixture('mcp.test.cert.pem')]);
    onTestFinished(() => setDefaultCACertificates(before));
  }

  test('a certificate that nobody vouches for is refused, whatever the environment says', async () => {
    const port = await tlsServer();
    // Node warns about the variable on standard error.
    vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    onTestFinished(() => void vi.restoreAllMocks());
    const { NODE_TLS_REJECT_UNAUTHORIZED: before } = process.env;
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    onTestFinished(() => {
      if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
      else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
    });
    const { mcp } = outbound({ lookup: resolver({ 'mcp.test': [['127.0.0.1']] }) });
    const refused = expect(mcp(`https://mcp.test:${port}/`)).rejects;
    await refused.toMatchObject({ code: 'upstream_unreachable', message: expect.stringMatching(/TLS.*not trusted/) });
  });

  test('a trusted certificate is accepted for its own host', async () => {
    trustFixture();
    const port = await tlsServer();
    const { mcp } = outbound({ lookup: resolver({ 'mcp.test': [['127.0.0.1']] }) });
    expect(await (await mcp(`https://mcp.test:${port}/`)).text()).toBe('secure');
  });

  test('a trusted certificate is refused for another host', async () => {
    trustFixture();
    const port = await tlsServer();
    const { mcp } = outbound({ lookup: resolver({ 'other.test': [['127.0.0.1']] }) });
    const refused = expect(mcp(`https://other.test:${port}/`)).rejects;
    await refused.toMatchObject({ code: 'upstream_unreachable', message: expect.stringMatching(/TLS.*another host/) });
  });
});
