import { describe, expect, test } from 'vitest';
import { LISTING_MAX_PAGES, LISTING_MAX_TOOLS } from '../../src/limits.ts';
import { listTools } from '../../src/mcp/list-tools.ts';
import { openUpstream } from '../../src/mcp/upstream.ts';
import type { MiniServer, Reply, Seen } from './mini-server.ts';
import { legacy, miniServer, modern, OPTIONS, result, rpcError, tool } from './mini-server.ts';

type Page = { tools?: unknown; nextCursor?: unknown; ttlMs?: unknown; cacheScope?: unknown };

/** A server whose list is `page(cursor)`; a function as its value writes the answer itself. */
async function listOf(page: (cursor: unknown, seen: Seen) => Page | Reply, era = modern) {
  const server = await miniServer(
    era((seen, response) => {
      if (seen.rpc.method !== 'tools/list') return false;
      const answer = page(seen.rpc.params?.cursor, seen);
      if (typeof answer === 'function') void answer(seen, response);
      else result(response, seen, answer);
      return true;
    }),
  );
  const notes: string[] = [];
  const upstream = await openUpstream({ ...OPTIONS, url: server.url });
  const list = () => listTools(upstream, (step, text) => notes.push(`${step}: ${text}`));
  return { server, list, notes };
}

const cursors = (server: MiniServer): unknown[] => server.of('tools/list').map(({ rpc }) => rpc.params?.cursor);

describe.each([
  ['modern', modern],
  ['legacy', legacy],
] as const)('listTools at a %s server', (_, era) => {
  test('keeps whole definitions in order, over all pages', async () => {
    const rich = tool('rich', {
      title: 'Rich',
      description: 'd',
      annotations: { readOnlyHint: true },
      inputSchema: {
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        type: 'object',
        $defs: { a: { $anchor: 'x' } },
        allOf: [{}],
      },
      _meta: { a: 1 },
      unknownField: [1],
    });
    const { server, list, notes } = await listOf(
      (cursor) => (cursor === undefined ? { tools: [rich], nextCursor: 'c1' } : { tools: [tool('b'), tool('a')] }),
      era,
    );
    expect(await list()).toEqual({
      tools: [rich, tool('b'), tool('a')],
      dropped: [],
      ttlMs: null,
      cacheScope: 'private',
      pages: 2,
    });
    expect(cursors(server)).toEqual([undefined, 'c1']);
    expect(notes).toEqual(['list_tools: 3 tools on 2 pages']);
  });

  test('follows an empty cursor, and takes null as the end', async () => {
    const { server, list } = await listOf(
      (cursor) => ({ tools: [], nextCursor: cursor === undefined ? '' : null }),
      era,
    );
    expect(await list()).toMatchObject({ pages: 2 });
    expect(cursors(server)).toEqual([undefined, '']);
  });

  test('takes an empty list as a list', async () => {
    const { list } = await listOf(() => ({ tools: [] }), era);
    expect(await list()).toMatchObject({ tools: [], pages: 1 });
  });
});

describe('listTools', () => {
  test.each<[string, Page[], object]>([
    [
      'the shortest time and public when all say so',
      [
        { ttlMs: 500, cacheScope: 'public' },
        { ttlMs: 300, cacheScope: 'public' },
      ],
      { ttlMs: 300, cacheScope: 'public' },
    ],
    [
      'private when one page is',
      [
        { ttlMs: 5, cacheScope: 'public' },
        { ttlMs: 7, cacheScope: 'private' },
      ],
      { ttlMs: 5, cacheScope: 'private' },
    ],
    ['private when one page does not say', [{ cacheScope: 'public' }, {}], { ttlMs: null, cacheScope: 'private' }],
    ['zero for a negative time', [{ ttlMs: -1 }], { ttlMs: 0 }],
    ['nothing for a time that is none', [{ ttlMs: 'soon' }], { ttlMs: null }],
  ])('tells of freshness %s', async (_, pages, expected) => {
    const { list } = await listOf((cursor) => {
      const at = Number(cursor ?? 0);
      return { tools: [], ...pages[at], ...(at + 1 < pages.length ? { nextCursor: String(at + 1) } : {}) };
    });
    expect(await list()).toMatchObject(expected);
  });

  test.each<[string, unknown, RegExp]>([
    ['no name', { inputSchema: { type: 'object' } }, /no name/],
    ['no object', 'tool', /no name/],
    ['an empty name', tool(' '), /empty/],
    ['a name of invisible characters', tool('a\u202eb'), /invisible/],
    ['a name with a line break', tool('a\nb'), /invisible/],
    ['a long name', tool('x'.repeat(129)), /longer than 128/],
    ['no schema', { name: 'x' }, /no inputSchema/],
    ['a schema that is a list', { name: 'x', inputSchema: [] }, /no inputSchema/],
    ['a schema of another type', tool('x', { inputSchema: { type: 'string' } }), /not of type "object"/],
    ['properties that are no object', tool('x', { inputSchema: { type: 'object', properties: [] } }), /properties/],
    ['annotations that are no object', tool('x', { annotations: 'none' }), /annotations/],
    ['a description that is no text', tool('x', { description: {} }), /title or description/],
    ['an output schema that is no object', tool('x', { outputSchema: true }), /outputSchema/],
    [
      'a bad x-mcp-header',
      tool('x', { inputSchema: { type: 'object', properties: { a: { type: 'object', 'x-mcp-header': 'A' } } } }),
      /x-mcp-header/,
    ],
    ['the name of an earlier one', tool('good', { description: 'second' }), /same name/],
  ])('leaves out a tool with %s and keeps the others', async (_, bad, reason) => {
    const { list, notes } = await listOf(() => ({ tools: [tool('good'), bad, tool('also')] }));
    const { tools, dropped } = await list();
    expect(tools).toEqual([tool('good'), tool('also')]);
    expect(dropped).toEqual([{ name: expect.any(String), reason: expect.stringMatching(reason) }]);
    expect(notes).toHaveLength(2);
  });

  test('does not mind x-mcp-header at a legacy server, where it means nothing', async () => {
    const odd = tool('x', {
      inputSchema: { type: 'object', properties: { a: { type: 'object', 'x-mcp-header': 'A' } } },
    });
    const { list } = await listOf(() => ({ tools: [odd] }), legacy);
    expect((await list()).tools).toEqual([odd]);
  });

  test('does not write a note for each of thousands of bad tools', async () => {
    const { list, notes } = await listOf(() => ({ tools: Array.from({ length: 3_000 }, () => ({})) }));
    expect((await list()).dropped).toHaveLength(3_000);
    expect(notes).toHaveLength(22);
  });

  test('never follows a $ref', async () => {
    const { server, list } = await listOf(() => ({
      tools: [tool('x', { inputSchema: { type: 'object', properties: { a: { $ref: `${OPTIONS.headers}/schema` } } } })],
    }));
    await list();
    expect(server.methods()).toEqual(['server/discover', 'tools/list']);
  });
});

describe('a list that cannot be read to its end', () => {
  const page = (next: unknown): Page => ({ tools: [tool(`t${String(next)}`)], nextCursor: next });

  test.each<[string, (cursor: unknown) => Page | Reply, RegExp]>([
    ['names the same page twice', () => page('c1'), /2 pages read.*same next page twice/],
    ['runs in a circle', (cursor) => page(cursor === 'c1' ? 'c2' : 'c1'), /same next page twice/],
    [
      'has no end',
      (cursor) => page(`${Number(cursor ?? 0) + 1}`),
      new RegExp(`${LISTING_MAX_PAGES} pages read.*more pages`),
    ],
    ['names a page that is no text', () => page(7), /1 page read.*no text/],
    [
      'breaks off on the second page',
      (cursor) => (cursor === undefined ? page('c1') : (_, response) => void response.socket?.destroy()),
      /1 page read/,
    ],
    [
      'fails on the second page',
      (cursor) => (cursor === undefined ? page('c1') : (_, response) => void response.writeHead(500).end()),
      /1 page read.*HTTP 500/,
    ],
    [
      'answers the second page with an error',
      (cursor) =>
        cursor === undefined ? page('c1') : (seen, response) => rpcError(response, 200, seen.rpc.id, -32603),
      /1 page read.*-32603/,
    ],
    [
      'answers the second page with no list',
      (cursor) => (cursor === undefined ? page('c1') : {}),
      /1 page read.*without a list/,
    ],
    [
      'holds too many tools',
      () => ({ tools: Array.from({ length: LISTING_MAX_TOOLS + 1 }, () => 0) }),
      /more than 10000 tools/,
    ],
    [
      'is too large over all its pages',
      (cursor) => ({
        tools: [tool('x', { a: 'x'.repeat(7 * 1024 * 1024) })],
        nextCursor: `${Number(cursor ?? 0) + 1}`,
      }),
      /2 pages read.*too large/,
    ],
  ])('because it %s is an error that says how far it came', async (_, pages, message) => {
    const { list } = await listOf(pages);
    await expect(list()).rejects.toMatchObject({ code: 'listing_incomplete', message: expect.stringMatching(message) });
  });

  test('is listed once more from the start when the server refuses its own cursor', async () => {
    let isChanged = false;
    const { server, list, notes } = await listOf((cursor) => {
      if (cursor === undefined)
        return { tools: [tool(isChanged ? 'new' : 'old')], nextCursor: isChanged ? 'c2' : 'c1' };
      if (cursor === 'c2') return { tools: [tool('end')] };
      isChanged = true;
      return (seen, response) => rpcError(response, 400, seen.rpc.id, -32602);
    });
    expect(await list()).toMatchObject({ tools: [tool('new'), tool('end')], pages: 2 });
    expect(cursors(server)).toEqual([undefined, 'c1', undefined, 'c2']);
    expect(notes[0]).toMatch(/again from the start/);
  });

  test('is given up when the server refuses its cursor again', async () => {
    const { server, list } = await listOf((cursor) =>
      cursor === undefined ? page('c1') : (seen, response) => rpcError(response, 400, seen.rpc.id, -32602),
    );
    await expect(list()).rejects.toMatchObject({
      code: 'listing_incomplete',
      message: expect.stringMatching(/1 page read/),
    });
    expect(cursors(server)).toEqual([undefined, 'c1', undefined, 'c1']);
  });

  test.each([401, 403, 429])('because of HTTP %i lets the caller see that status', async (status) => {
    const { list } = await listOf((cursor) =>
      cursor === undefined ? page('c1') : (_, response) => void response.writeHead(status).end(),
    );
    await expect(list()).rejects.toMatchObject({ status });
  });
});

describe('a first page that fails', () => {
  test.each<[string, Page | Reply, object]>([
    ['by status', (_, response) => void response.writeHead(401).end(), { status: 401 }],
    [
      'by an error',
      (seen, response) => rpcError(response, 400, seen.rpc.id, -32602),
      { code: 'rpc_error', rpcCode: -32602 },
    ],
    [
      'by a web page',
      (_, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
      { code: 'upstream_invalid_response' },
    ],
    ['by something that is no list', { tools: {} }, { code: 'upstream_invalid_response' }],
  ])('%s comes out as it is', async (_, answer, expected) => {
    const { list } = await listOf(() => answer);
    await expect(list()).rejects.toMatchObject(expected);
  });
});
