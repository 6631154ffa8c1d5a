// Faults on the wire, which any endpoint can have, and those of the MCP endpoint.
import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RunningProvider } from '../../providers/index.ts';
import { startProvider } from '../../providers/index.ts';
import {
  json,
  message,
  openSession,
  post,
  postModern,
  result,
  serverMetadata,
  signIn,
  toolNames,
  whoami,
} from './by-hand.ts';

let provider: RunningProvider;
beforeEach(async () => {
  provider = await startProvider('sentry');
});
afterEach(() => provider.close());

const metadataUrl = () => `${provider.origin}/.well-known/oauth-authorization-server`;
const accessToken = async () => (await signIn(provider)).tokens.access_token;

describe('on the wire', () => {
  test('delayMs slows one kind of endpoint only', async () => {
    provider.faults.delayMs = { serverMetadata: 500 };
    const answered: string[] = [];
    const ask = (url: string) => fetch(url).then(() => answered.push(url));
    const other = `${provider.origin}/.well-known/oauth-protected-resource/mcp`;
    await Promise.all([ask(metadataUrl()), ask(other)]);
    expect(answered).toEqual([other, metadataUrl()]);
  });

  test('answer gives any status, headers and body, as often as told', async () => {
    provider.faults.answer = {
      token: { status: 429, headers: { 'retry-after': '3' }, body: '{"error":"slow_down"}', times: 1 },
    };
    const first = await fetch(`${provider.origin}/token`, { method: 'POST' });
    expect([first.status, first.headers.get('retry-after'), await first.text()]).toEqual([
      429,
      '3',
      '{"error":"slow_down"}',
    ]);
    expect((await fetch(`${provider.origin}/token`, { method: 'POST' })).status).not.toBe(429);
    provider.faults.answer = { mcp: { status: 500 } };
    expect((await post(provider, 'tools/list')).status).toBe(500);
    expect((await post(provider, 'tools/list')).status).toBe(500);
  });

  test('html answers 200 with a page', async () => {
    provider.faults.html = { serverMetadata: true, mcp: true };
    for (const response of [await fetch(metadataUrl()), await post(provider, 'tools/list')]) {
      expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    }
  });

  test('hugeBodyMb pads the real answer', async () => {
    provider.faults.hugeBodyMb = { serverMetadata: 3 };
    const text = await (await fetch(metadataUrl())).text();
    expect(text.length).toBeGreaterThan(3_000_000);
    expect(JSON.parse(text)).toMatchObject({ issuer: provider.issuer });
  });

  test('hugeBodyMb begins an event stream with a long comment', async () => {
    const linear = await startProvider('linear', { faults: { hugeBodyMb: { mcp: 2 } } });
    const { tokens } = await signIn(linear);
    const text = await (await post(linear, 'tools/list', {}, { token: tokens.access_token })).text();
    expect(text.length).toBeGreaterThan(2_000_000);
    expect(text).toContain('"create_issue"');
    await linear.close();
  });

  test('gzipBombMb is small on the wire and large when unpacked', async () => {
    provider.faults.gzipBombMb = { serverMetadata: 5 };
    const onWire = await new Promise<number>((resolve, reject) => {
      request(metadataUrl(), (response) => {
        let length = 0;
        response.on('data', (chunk: Buffer) => {
          length += chunk.length;
        });
        response.on('end', () => resolve(length));
      })
        .on('error', reject)
        .end();
    });
    expect(onWire).toBeLessThan(20_000);
    expect((await (await fetch(metadataUrl())).text()).length).toBeGreaterThan(5_000_000);
  });

  test('redirectLoop never ends', async () => {
    provider.faults.redirectLoop = { serverMetadata: true };
    await expect(fetch(metadataUrl())).rejects.toThrow('fetch failed');
    expect(provider.count('/.well-known/oauth-authorization-server')).toBeGreaterThan(10);
  });

  test('a fault taken back is gone', async () => {
    provider.faults.html = { serverMetadata: true };
    delete provider.faults.html;
    expect((await serverMetadata(provider)).issuer).toBe(provider.issuer);
  });
});

describe('scopes', () => {
  test('insufficientScope for one tool is a 403 challenge until a token has the scope', async () => {
    provider.faults.insufficientScope = { tool: 'create_project', scope: 'project:admin' };
    const call = (name: string, token: string) => post(provider, 'tools/call', { name, arguments: {} }, { token });
    const token = (await signIn(provider, { scope: 'org:read' })).tokens.access_token;
    expect((await call('whoami', token)).status).toBe(200);
    const refused = await call('create_project', token);
    expect(refused.status).toBe(403);
    expect(refused.headers.get('www-authenticate')).toContain('error="insufficient_scope", scope="project:admin"');

    const more = await signIn(provider, { scope: 'org:read project:admin' });
    expect(more.tokens.scope?.split(' ').sort()).toEqual(['org:read', 'project:admin']);
    expect((await call('create_project', more.tokens.access_token)).status).toBe(200);
  });

  test('insufficientScope without a tool closes everything', async () => {
    provider.faults.insufficientScope = { scope: 'event:admin' };
    expect((await post(provider, 'tools/list', {}, { token: await accessToken() })).status).toBe(403);
  });
});

describe('listing', () => {
  const list = async (token: string, cursor?: string) =>
    result(await postModern(provider, 'tools/list', cursor ? { cursor } : {}, { token }));

  test('pageSize makes pages that together hold every tool once', async () => {
    provider.faults.pageSize = 5;
    const token = await accessToken();
    const names: string[] = [];
    let cursor: string | undefined;
    do {
      const page = (await list(token, cursor)) as { tools: { name: string }[]; nextCursor?: string };
      names.push(...page.tools.map(({ name }) => name));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(names).toEqual(provider.tools().map(({ name }) => name));
  });

  test('loopingCursor never advances, endlessPages never ends', async () => {
    const token = await accessToken();
    provider.faults.loopingCursor = true;
    const first = await list(token);
    expect((await list(token, String(first.nextCursor))).nextCursor).toBe(first.nextCursor);
    delete provider.faults.loopingCursor;

    provider.faults.endlessPages = true;
    const seen = new Set<unknown>();
    let cursor: string | undefined;
    for (let page = 0; page < 20; page += 1) {
      cursor = String((await list(token, cursor)).nextCursor);
      seen.add(cursor);
    }
    expect(seen.size).toBe(20);
  });

  test('failsOnPage breaks in the middle', async () => {
    Object.assign(provider.faults, { pageSize: 5, failsOnPage: 2 });
    const token = await accessToken();
    const { nextCursor } = await list(token);
    expect((await postModern(provider, 'tools/list', { cursor: nextCursor }, { token })).status).toBe(500);
  });

  test('duplicateToolNames and invalidHeaderTools add tools a client must cope with', async () => {
    Object.assign(provider.faults, { duplicateToolNames: true, invalidHeaderTools: true });
    const names = await toolNames(await postModern(provider, 'tools/list', {}, { token: await accessToken() }));
    expect(names.filter((name) => name === 'whoami')).toHaveLength(2);
    expect(names).toContain('header_duplicate');
  });

  test('paramHeaderTool wants its argument mirrored in a header, base64 allowed', async () => {
    provider.faults.paramHeaderTool = true;
    const token = await accessToken();
    const call = (headers: Record<string, string>) =>
      postModern(provider, 'tools/call', { name: 'query_region', arguments: { region: 'zürich' } }, { token, headers });
    const refused = await call({});
    expect(refused.status).toBe(400);
    expect((await message(refused)).error).toMatchObject({ code: -32020 });
    const encoded = `=?base64?${Buffer.from('zürich').toString('base64')}?=`;
    expect(await whoami(await call({ 'mcp-param-region': encoded }))).toMatchObject({ account: 'ada@example.test' });
  });
});

describe('sessions and streams', () => {
  test('sessionRequired: 400 without a session, lostSession: 404 once for a known one', async () => {
    provider.faults.sessionRequired = true;
    const token = await accessToken();
    expect((await post(provider, 'tools/list', {}, { token })).status).toBe(400);
    const session = await openSession(provider, token);
    expect((await post(provider, 'tools/list', {}, { token, session })).status).toBe(200);
    provider.faults.lostSession = true;
    expect((await post(provider, 'tools/list', {}, { token, session })).status).toBe(404);
    expect(provider.faults.lostSession).toBe(false);
    const next = await openSession(provider, token);
    expect((await post(provider, 'tools/list', {}, { token, session: next })).status).toBe(200);
  });

  test('awkwardSse: comments, ids and one JSON text over many lines', async () => {
    await provider.close();
    provider = await startProvider('linear', { faults: { awkwardSse: true } });
    const token = await accessToken();
    const text = await (await post(provider, 'tools/list', {}, { token })).text();
    expect(text).toMatch(/^: .*\r\nid: 1\r\ndata: \{\r\ndata: {3}"/m);
    expect(await toolNames(await post(provider, 'tools/list', {}, { token }))).toHaveLength(45);
  });
});

test('faults given at the start are copied, so that one object can start many providers', async () => {
  const faults = { html: { serverMetadata: true } };
  const other = await startProvider('granola', { faults });
  other.faults.pageSize = 1;
  expect(faults).not.toHaveProperty('pageSize');
  const refused = await fetch(`${other.origin}/.well-known/oauth-authorization-server`);
  await expect(json(refused)).rejects.toThrow();
  await other.close();
});
