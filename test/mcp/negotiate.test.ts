import { describe, expect, test } from 'vitest';
import type { Protocol } from '../../src/mcp/types.ts';
import { UpstreamStatusError } from '../../src/mcp/types.ts';
import { openUpstream } from '../../src/mcp/upstream.ts';
import type { Reply } from './mini-server.ts';
import { json, legacy, miniServer, modern, OPTIONS, result, rpcError } from './mini-server.ts';

const MODERN: Protocol = {
  version: '2026-07-28',
  transport: 'streamable_http',
  serverName: 'old',
  serverVersion: null,
};
const LEGACY: Protocol = { ...MODERN, version: '2025-11-25' };
const LIST = { tools: [] };

const listing = (
  reply: (more: (seen: Parameters<Reply>[0], response: Parameters<Reply>[1]) => boolean) => Reply,
): Reply =>
  reply((seen, response) => {
    if (seen.rpc.method !== 'tools/list') return false;
    result(response, seen, LIST);
    return true;
  });

/** A legacy server that treats the probe in its own way. */
const legacyThat = (probed: Reply): Reply =>
  legacy((seen, response) => {
    if (seen.rpc.method === 'server/discover') {
      void probed(seen, response);
      return true;
    }
    return false;
  });

describe('without an earlier verdict', () => {
  test('a modern server is found by one request', async () => {
    const server = await miniServer(listing(modern));
    const notes: string[] = [];
    const upstream = await openUpstream({
      ...OPTIONS,
      url: server.url,
      note: (step, text) => notes.push(`${step}: ${text}`),
    });
    expect(upstream.protocol).toEqual({
      version: '2026-07-28',
      transport: 'streamable_http',
      serverName: 'mini',
      serverVersion: '1',
    });
    expect(upstream.capabilities).toEqual({ tools: { listChanged: true } });
    expect(upstream.instructions).toBe('Be kind.');
    expect(server.methods()).toEqual(['server/discover']);
    expect(notes).toEqual(['negotiate: the server is modern and agreed on revision 2026-07-28']);
  });

  test('a server that asks for another modern version is asked once more', async () => {
    let isFirst = true;
    const server = await miniServer(
      modern((seen, response) => {
        if (!isFirst) return false;
        isFirst = false;
        rpcError(response, 400, seen.rpc.id, -32022, { supported: ['2027-01-01', '2026-07-28'] });
        return true;
      }),
    );
    const upstream = await openUpstream({ ...OPTIONS, url: server.url });
    expect(upstream.protocol.version).toBe('2026-07-28');
    expect(server.methods()).toEqual(['server/discover', 'server/discover']);
  });

  test('a server that refuses the version it asked for is given up', async () => {
    const server = await miniServer((seen, response) =>
      rpcError(response, 400, seen.rpc.id, -32022, { supported: ['2026-07-28'] }),
    );
    await expect(openUpstream({ ...OPTIONS, url: server.url })).rejects.toMatchObject({
      code: 'protocol_version_unsupported',
    });
    expect(server.seen).toHaveLength(2);
  });

  test.each([
    ['by an error', (seen, response) => rpcError(response, 400, seen.rpc.id, -32022, { supported: ['2031-01-01'] })],
    ['by a result', (seen, response) => result(response, seen, { supportedVersions: ['2031-01-01'] })],
  ] satisfies [string, Reply][])(
    'a server that names only versions we do not speak, %s, is not initialized',
    async (_, reply) => {
      const server = await miniServer(reply);
      await expect(openUpstream({ ...OPTIONS, url: server.url })).rejects.toMatchObject({
        code: 'protocol_version_unsupported',
        message: expect.stringContaining('2031-01-01'),
      });
      expect(server.methods()).toEqual(['server/discover']);
    },
  );

  test.each([-32020, -32021])('error %i at the probe is told, not hidden behind initialize', async (code) => {
    const server = await miniServer((seen, response) => rpcError(response, 400, seen.rpc.id, code));
    await expect(openUpstream({ ...OPTIONS, url: server.url })).rejects.toMatchObject({
      code: 'rpc_error',
      rpcCode: code,
    });
    expect(server.methods()).toEqual(['server/discover']);
  });

  test.each<[string, Reply]>([
    ['an empty 400', (_, response) => void response.writeHead(400).end()],
    ['an empty 404', (_, response) => void response.writeHead(404).end()],
    ['405', (_, response) => void response.writeHead(405).end()],
    ['406 with words', (_, response) => void response.writeHead(406).end('Not Acceptable')],
    ['an unknown method in 200', (seen, response) => rpcError(response, 200, seen.rpc.id, -32601)],
    ['an unknown method in 404', (seen, response) => rpcError(response, 404, seen.rpc.id, -32601)],
    ['invalid params in 400', (seen, response) => rpcError(response, 400, seen.rpc.id, -32602)],
    ['a session that is missing', (_, response) => rpcError(response, 400, null, -32000)],
    [
      'legacy versions only',
      (seen, response) => rpcError(response, 400, seen.rpc.id, -32022, { supported: ['2025-06-18'] }),
    ],
    ['legacy versions in a result', (seen, response) => result(response, seen, { supportedVersions: ['2025-06-18'] })],
    ['-32022 without a list', (seen, response) => rpcError(response, 400, seen.rpc.id, -32022)],
    ['an empty result', (seen, response) => result(response, seen, {})],
    ['202', (_, response) => void response.writeHead(202).end()],
    ['a web page', (_, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')],
  ])('%s at the probe leads to initialize', async (_, probed) => {
    const server = await miniServer(legacyThat(probed));
    const upstream = await openUpstream({ ...OPTIONS, url: server.url });
    expect(upstream.protocol).toEqual({
      version: '2025-11-25',
      transport: 'streamable_http',
      serverName: 'mini',
      serverVersion: '1',
    });
    expect(server.methods()).toEqual(['server/discover', 'initialize', 'notifications/initialized']);
  });

  test.each([401, 403])('HTTP %i comes out with its headers, and nothing else is tried', async (status) => {
    const server = await miniServer(
      (_, response) => void response.writeHead(status, { 'www-authenticate': 'Bearer a="b"' }).end(),
    );
    const error = await openUpstream({ ...OPTIONS, url: server.url }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(UpstreamStatusError);
    expect(error).toMatchObject({ status, code: 'upstream_http_error', details: { upstreamStatus: status } });
    expect((error as UpstreamStatusError).headers.get('www-authenticate')).toBe('Bearer a="b"');
    expect(server.seen).toHaveLength(1);
  });

  test.each([
    [500, {}, { code: 'upstream_http_error', status: 500 }],
    [503, { 'retry-after': '7' }, { status: 503, details: { retryAfterSeconds: 7 } }],
    [429, { 'retry-after': '30' }, { code: 'upstream_rate_limited', details: { retryAfterSeconds: 30 } }],
    [
      429,
      { date: 'Tue, 01 Dec 2026 10:00:00 GMT', 'retry-after': 'Tue, 01 Dec 2026 10:02:00 GMT' },
      { details: { retryAfterSeconds: 120 } },
    ],
    [429, { 'retry-after': 'soon' }, { details: { upstreamStatus: 429 } }],
  ])('HTTP %i says nothing about the era', async (status, headers, expected) => {
    const server = await miniServer((_, response) => json(response, status, { oops: true }, headers));
    await expect(openUpstream({ ...OPTIONS, url: server.url })).rejects.toMatchObject(expected);
    expect(server.seen).toHaveLength(1);
  });

  test('a server that cannot be reached is no legacy server', async () => {
    let calls = 0;
    const fetch = () => {
      calls += 1;
      return Promise.reject(new TypeError('fetch failed'));
    };
    await expect(openUpstream({ ...OPTIONS, fetch, url: 'http://127.0.0.1/' })).rejects.toMatchObject({
      code: 'upstream_unreachable',
    });
    expect(calls).toBe(1);
  });

  test('a timeout is no verdict', async () => {
    const server = await miniServer(() => undefined);
    const opening = openUpstream({ ...OPTIONS, url: server.url, signal: AbortSignal.timeout(50) });
    await expect(opening).rejects.toMatchObject({ code: 'upstream_timeout' });
    expect(server.methods()).toEqual(['server/discover']);
  });

  test("the caller's own abort comes out as it is", async () => {
    const abort = new AbortController();
    const server = await miniServer(() => abort.abort(new Error('enough')));
    await expect(openUpstream({ ...OPTIONS, url: server.url, signal: abort.signal })).rejects.toThrow('enough');
  });
});

describe('initialize', () => {
  test.each(['2025-06-18', '2025-03-26', '2024-11-05'])(
    'takes the counter-offer %s and uses it from then on',
    async (version) => {
      const server = await miniServer(listing((more) => legacy(more, { version })));
      const upstream = await openUpstream({ ...OPTIONS, url: server.url });
      expect(upstream.protocol.version).toBe(version);
      await upstream.request('tools/list');
      expect(server.of('initialize')[0]?.rpc.params?.protocolVersion).toBe('2025-11-25');
      expect(server.of('initialize')[0]?.headers['mcp-protocol-version']).toBeUndefined();
      expect(server.of('tools/list')[0]?.headers['mcp-protocol-version']).toBe(version);
    },
  );

  test.each(['2023-01-01', '2026-07-28', ''])(
    'gives up at the counter-offer %j and ends the session',
    async (version) => {
      const server = await miniServer(legacy(() => false, { version }));
      await expect(openUpstream({ ...OPTIONS, url: server.url })).rejects.toMatchObject({
        code: 'protocol_version_unsupported',
      });
      expect(server.methods()).toEqual(['server/discover', 'initialize', 'DELETE']);
    },
  );

  test.each([
    ['', 'empty'],
    ['x'.repeat(2_000), 'too long'],
    ['a b', 'with a space'],
  ])('refuses the session id %#', async (session) => {
    const server = await miniServer(legacy(() => false, { session: () => session }));
    await expect(openUpstream({ ...OPTIONS, url: server.url })).rejects.toMatchObject({
      code: 'upstream_invalid_response',
    });
  });
});

describe('with an earlier verdict', () => {
  test('a modern server is not asked at all', async () => {
    const server = await miniServer(listing(modern));
    const upstream = await openUpstream({ ...OPTIONS, url: server.url, remembered: MODERN });
    expect(await upstream.request('tools/list')).toEqual(LIST);
    expect(server.methods()).toEqual(['tools/list']);
    expect(upstream.protocol.serverName).toBe('old');
  });

  test('a legacy server is initialized without a probe', async () => {
    const server = await miniServer(listing(legacy));
    await openUpstream({ ...OPTIONS, url: server.url, remembered: LEGACY });
    expect(server.methods()).toEqual(['initialize', 'notifications/initialized']);
  });

  test('a server that was modern and is legacy now is asked anew, and the request sent once more', async () => {
    const server = await miniServer(
      legacy((seen, response) => {
        if (seen.rpc.method !== 'tools/list') return false;
        if (seen.headers['mcp-session-id'] === undefined) rpcError(response, 400, null, -32000);
        else result(response, seen, LIST);
        return true;
      }),
    );
    const upstream = await openUpstream({ ...OPTIONS, url: server.url, remembered: MODERN });
    expect(await upstream.request('tools/list')).toEqual(LIST);
    expect(upstream.protocol).toMatchObject({ version: '2025-11-25', serverName: 'mini' });
    expect(server.methods()).toEqual([
      'tools/list',
      'server/discover',
      'initialize',
      'notifications/initialized',
      'tools/list',
    ]);
  });

  test.each<[string, Reply]>([
    ['404', (_, response) => void response.writeHead(404).end()],
    ['an unknown method', (seen, response) => rpcError(response, 200, seen.rpc.id, -32601)],
    ['-32022', (seen, response) => rpcError(response, 400, seen.rpc.id, -32022, { supported: ['2026-07-28'] })],
    ['a modern version', (seen, response) => result(response, seen, { protocolVersion: '2026-07-28' })],
  ])('a server that was legacy and answers initialize with %s is asked anew', async (_, refuse) => {
    const server = await miniServer(
      modern((seen, response) => {
        if (seen.rpc.method !== 'initialize') return false;
        void refuse(seen, response);
        return true;
      }),
    );
    const upstream = await openUpstream({ ...OPTIONS, url: server.url, remembered: LEGACY });
    expect(upstream.protocol.version).toBe('2026-07-28');
    expect(server.methods()).toEqual(['initialize', 'server/discover']);
  });

  test('refused access does not shake the verdict', async () => {
    const server = await miniServer((_, response) => void response.writeHead(401).end());
    const upstream = await openUpstream({ ...OPTIONS, url: server.url, remembered: MODERN });
    await expect(upstream.request('tools/list')).rejects.toMatchObject({ status: 401 });
    await expect(openUpstream({ ...OPTIONS, url: server.url, remembered: LEGACY })).rejects.toMatchObject({
      status: 401,
    });
    expect(server.methods()).toEqual(['tools/list', 'initialize']);
  });
});

describe('with a prescribed revision', () => {
  test('a modern server without server/discover is used all the same', async () => {
    const server = await miniServer((seen, response) =>
      seen.rpc.method === 'tools/list' ? result(response, seen, LIST) : rpcError(response, 404, seen.rpc.id, -32601),
    );
    const upstream = await openUpstream({ ...OPTIONS, url: server.url, pinnedVersion: '2026-07-28' });
    expect(await upstream.request('tools/list')).toEqual(LIST);
    expect(server.methods()).toEqual(['server/discover', 'tools/list']);
  });

  test('a legacy server is offered just that, and may not counter', async () => {
    const server = await miniServer(legacy(() => false, { version: '2025-06-18' }));
    const upstream = await openUpstream({ ...OPTIONS, url: server.url, pinnedVersion: '2025-06-18' });
    expect(upstream.protocol.version).toBe('2025-06-18');
    expect(server.of('initialize')[0]?.rpc.params?.protocolVersion).toBe('2025-06-18');
    await expect(openUpstream({ ...OPTIONS, url: server.url, pinnedVersion: '2025-11-25' })).rejects.toMatchObject({
      code: 'protocol_version_unsupported',
    });
  });

  test('an unknown revision is refused before anything is sent', async () => {
    const server = await miniServer(() => undefined);
    await expect(openUpstream({ ...OPTIONS, url: server.url, pinnedVersion: '2020-01-01' })).rejects.toMatchObject({
      code: 'invalid_request',
    });
    expect(server.seen).toEqual([]);
  });
});
