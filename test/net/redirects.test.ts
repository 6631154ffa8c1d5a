import type { RequestListener } from 'node:http';
import { describe, expect, test } from 'vitest';
import { type RedirectRule, redirectTarget } from '../../src/net/redirects.ts';
import { bodyOf, httpServer, outbound } from './servers.ts';

const FROM = new URL('https://a.example/x/y?z');

const decide = (rule: RedirectRule, method: string, status: number, location?: string): string | null =>
  redirectTarget(rule, FROM, method, { status, headers: { location } })?.href ?? null;

describe('redirectTarget', () => {
  test.each([
    ['follow_documents', 'GET', 200, undefined, null],
    ['follow_documents', 'GET', 304, undefined, null],
    ['follow_documents', 'GET', 302, undefined, null],
    ['follow_documents', 'GET', 200, '/other', null],
    ['follow_documents', 'GET', 301, '/other', 'https://a.example/other'],
    ['follow_documents', 'HEAD', 308, 'https://b.example/', 'https://b.example/'],
    ['follow_documents', 'GET', 303, '//b.example/p', 'https://b.example/p'],
    ['same_origin', 'POST', 307, 'z', 'https://a.example/x/z'],
    ['same_origin', 'POST', 308, 'https://a.example:443/z', 'https://a.example/z'],
    ['refuse', 'POST', 400, undefined, null],
  ] as const)('%s: %s answered with %i to %s goes on to %s', (rule, method, status, location, expected) => {
    expect(decide(rule, method, status, location)).toBe(expected);
  });

  test.each([
    ['follow_documents', 'GET', 302, 'http://a.example/', 'away from https'],
    ['follow_documents', 'GET', 302, 'ftp://a.example/', 'away from https'],
    ['follow_documents', 'GET', 302, 'http://[', 'without a readable target'],
    ['follow_documents', 'POST', 307, '/other', '"https://a.example"'],
    ['refuse', 'POST', 307, '/other', '"https://a.example"'],
    ['refuse', 'POST', 302, 'https://b.example/path?code=1', '"https://b.example"'],
    ['refuse', 'POST', 302, undefined, 'without a readable target'],
    ['same_origin', 'POST', 302, '/other', 'does not keep'],
    ['same_origin', 'GET', 301, '/other', 'does not keep'],
    ['same_origin', 'POST', 307, 'https://b.example/', '"https://b.example"'],
    ['same_origin', 'POST', 308, 'https://a.example:8443/', 'another origin'],
    ['same_origin', 'POST', 307, 'http://a.example/', 'another origin'],
    ['same_origin', 'POST', 307, 'javascript:alert(1)', '"javascript:"'],
  ] as const)('%s: %s answered with %i to %s is refused: %s', (rule, method, status, location, words) => {
    const refused = (): unknown => decide(rule, method, status, location);
    expect(refused).toThrow(expect.objectContaining({ code: 'upstream_redirect_refused' }));
    expect(refused).toThrow(words);
    expect(refused).not.toThrow('code=1');
  });
});

describe('metadata', () => {
  const chain =
    (hops: number): RequestListener =>
    (request, response) => {
      const hop = Number(request.url?.slice(1));
      if (hop === hops) response.end(`after ${hop}`);
      else response.writeHead(302, { location: `/${hop + 1}` }).end('moved');
    };

  test('follows three redirects and not four', async () => {
    const { metadata } = outbound();
    expect(await (await metadata(`${(await httpServer(chain(3))).url}/0`)).text()).toBe('after 3');
    const tooLong = expect(metadata(`${(await httpServer(chain(4))).url}/0`)).rejects;
    await tooLong.toMatchObject({ code: 'upstream_redirect_refused', message: expect.stringContaining('more than 3') });
  });

  test.each([
    'https://10.0.0.5/',
    'https://[::1]/',
    'https://0x7f.2/',
    'https://user@example.com/',
    'https://example.com:25/',
  ])('checks the target anew: %s', async (location) => {
    const server = await httpServer((_, response) => response.writeHead(302, { location }).end());
    await expect(outbound().metadata(server.url)).rejects.toMatchObject({ code: 'address_refused' });
  });

  test('takes nothing but harmless headers to another origin', async () => {
    const target = await httpServer((request, response) => response.end(JSON.stringify(request.headers)));
    const server = await httpServer((_, response) => response.writeHead(302, { location: `${target.url}/doc` }).end());
    const headers = {
      Authorization: 'Bearer t',
      'X-Api-Key': 'k',
      Accept: 'application/json',
      'MCP-Protocol-Version': '1',
    };
    const seen = await (await outbound().metadata(server.url, { headers })).json();
    expect(seen).toMatchObject({
      accept: 'application/json',
      'mcp-protocol-version': '1',
      'user-agent': 'Chatelaine/test',
    });
    expect(JSON.stringify(seen)).not.toMatch(/Bearer|x-api-key/);
  });

  test('keeps its headers within one origin', async () => {
    const server = await httpServer((request, response) => {
      if (request.url === '/doc') response.end(request.headers.authorization);
      else response.writeHead(301, { location: '/doc' }).end();
    });
    const response = await outbound().metadata(server.url, { headers: { authorization: 'Bearer t' } });
    expect(await response.text()).toBe('Bearer t');
  });

  test('has one time limit for the whole chain', async () => {
    let hops = 0;
    const server = await httpServer((_, response) => {
      hops += 1;
      // Each hop alone is in time.
      setTimeout(() => response.writeHead(302, { location: `/${hops}` }).end(), 120);
    });
    const { metadata } = outbound({ limits: { answerTimeoutMs: 300 } });
    await expect(metadata(server.url)).rejects.toMatchObject({ code: 'upstream_timeout' });
  });
});

describe('oauth', () => {
  test.each([301, 302, 303, 307, 308])('never follows a %i, and the target gets nothing', async (status) => {
    let asked = 0;
    const target = await httpServer((_, response) => {
      asked += 1;
      response.end();
    });
    const server = await httpServer((_, response) => response.writeHead(status, { location: target.url }).end());
    const refused = expect(outbound().oauth(server.url, { method: 'POST', body: 'code=1' })).rejects;
    await refused.toMatchObject({ code: 'upstream_redirect_refused', message: expect.stringContaining(target.url) });
    expect(asked).toBe(0);
  });
});

describe('mcp', () => {
  test.each([307, 308])('sends method, headers and body again after a %i on the same origin', async (status) => {
    const server = await httpServer(async (request, response) => {
      if (request.url === '/mcp') response.writeHead(status, { location: '/mcp/' }).end();
      else response.end(`${request.method} ${request.url} ${request.headers.authorization} ${await bodyOf(request)}`);
    });
    const init = { method: 'POST', headers: { authorization: 'Bearer t' }, body: '{"id":1}' };
    const response = await outbound().mcp(`${server.url}/mcp`, init);
    expect(await response.text()).toBe('POST /mcp/ Bearer t {"id":1}');
  });

  test('refuses another origin, even another port of the same host', async () => {
    const target = await httpServer((_, response) => response.end());
    const server = await httpServer((_, response) => response.writeHead(307, { location: target.url }).end());
    const refused = expect(outbound().mcp(server.url, { method: 'POST', body: '{}' })).rejects;
    await refused.toMatchObject({ code: 'upstream_redirect_refused', message: expect.stringContaining(target.url) });
  });

  test('gives up a loop', async () => {
    const server = await httpServer((_, response) => response.writeHead(307, { location: '/' }).end());
    await expect(outbound().mcp(server.url, { method: 'POST', body: '{}' })).rejects.toMatchObject({
      code: 'upstream_redirect_refused',
    });
  });
});
