// Every operation of the OpenAPI document with generated parameters and bodies, on both databases: whatever is sent,
// the hub knows what to say. A 500 is a fault of the hub, and a failure without a problem document one of its face.

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { miniServer, modern, result, tool } from '../mcp/mini-server.ts';
import { type Schema, valueFor } from '../support/from-schema.ts';
import { asJson, hostileText, runs } from '../support/fuzz.ts';
import { ADMIN_TOKEN, startHub, type TestHub } from '../support/hub.ts';
import { setUp, type Visit } from '../support/people.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';

/** Never ends by itself. */
const STREAM = 'GET /api/events';
/** These would take away what the other requests are made with. */
const ENDS_THE_TEST = new Set(['POST /api/sign-out', 'DELETE /api/sessions']);
const REMOVES_WHOLE = new Set(['DELETE /api/connectors/{id}', 'DELETE /api/agents/{id}']);
/** Reachable ones would only be asked, for longer than a test should take. */
const URLS = [
  'http://127.0.0.1:2/mcp',
  'http://127.0.0.1:9/',
  'https://10.0.0.1/',
  'http://user@127.0.0.1/',
  'nonsense:',
];

const EMAILS = ['nobody@example.com', 'a\0@example.com', '\ud800@example.com'];

type Operation = { readonly method: string; readonly path: string; readonly described: Schema };
type Sent = { readonly url: string; readonly body: string | undefined; readonly bySession: boolean };

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres?.stop());

describe.each(['SQLite', 'PostgreSQL'])('on %s', (database) => {
  let hub: TestHub;
  let owner: Visit;
  let document: Schema;
  let ids: string[];

  beforeAll(async () => {
    const env: Record<string, string> =
      database === 'SQLite' ? {} : { CHATELAINE_DATABASE_URL: await postgres.createDatabase() };
    hub = await startHub({ background: false, env });
    owner = await setUp(hub);
    document = await hub.ok('GET', '/api/openapi.json');
  });
  afterAll(() => hub?.close());

  const operations = (): Operation[] =>
    Object.entries(document.paths as Record<string, Record<string, Schema>>).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, described]) => ({ method: method.toUpperCase(), path, described })),
    );

  const named = (field: string): readonly unknown[] => {
    if (/url|endpoint|issuer/i.test(field)) return URLS;
    if (/email/i.test(field)) return EMAILS;
    return /id$/i.test(field) ? ids : [];
  };

  function requests({ method, path, described }: Operation): fc.Arbitrary<Sent> {
    const isWhole = REMOVES_WHOLE.has(`${method} ${path}`);
    const place = fc.oneof(hostileText(), fc.constantFrom(...(isWhole ? ['no_such'] : ids)));
    const places = (path.match(/\{\w+\}/g) ?? []).map((name) => place.map((value) => [name, value] as const));
    const query: Schema[] = (described.parameters ?? []).filter((one: Schema) => one.in === 'query');
    const asked = fc.record(
      Object.fromEntries(query.map((one) => [one.name, valueFor(one.schema, document, named, one.name)])),
      { requiredKeys: [] },
    );
    const schema = described.requestBody?.content?.['application/json']?.schema as Schema | undefined;
    const body =
      schema === undefined
        ? fc.constant(undefined)
        : fc.oneof(
            { weight: 9, arbitrary: valueFor(schema, document, named).map(asJson) },
            { weight: 1, arbitrary: fc.constantFrom('', '{', 'null', '[]', '"', '{"a":1}}', '\ufeff{}') },
          );
    return fc.record({ places: fc.tuple(...places), asked, body, bySession: fc.boolean() }).map((made) => {
      const where = made.places.reduce((text, [name, value]) => text.replace(name, () => written(value)), path);
      const fields = Object.entries(made.asked).map(
        ([name, value]) => `${name}=${written(typeof value === 'string' ? value : asJson(value))}`,
      );
      return { url: `${where}?${fields.join('&')}`, body: made.body, bySession: made.bySession };
    });
  }

  async function send(
    method: string,
    { url, body, bySession }: Sent,
  ): Promise<{ status: number; type: string; text: string }> {
    const answer = await fetch(`${hub.url}${url}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(bySession ? { cookie: owner.cookie, origin: hub.url } : { authorization: `Bearer ${ADMIN_TOKEN}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body }),
    });
    const type = answer.headers.get('content-type') ?? '';
    const text = type.includes('event-stream') ? '' : await answer.text();
    if (text === '') await answer.body?.cancel();
    return { status: answer.status, type, text };
  }

  test('every operation answers whatever it is sent, with a problem where it refuses', async () => {
    const server = await miniServer(
      modern((seen, response) => {
        if (seen.rpc.method === 'tools/list') result(response, seen, { tools: [tool('one')] });
        else if (seen.rpc.method === 'tools/call') result(response, seen, { content: [] });
        else return false;
        return true;
      }),
    );
    const connector = await hub.ok('POST', '/api/connectors', { name: 'One', url: server.url, authType: 'none' });
    const agent = await hub.ok('POST', '/api/agents', { name: 'Two' });
    ids = [connector.id, connector.key, agent.id, 'one', 'no_such'];
    const faults = new Set<string>();
    const done = new Set<string>();
    for (const operation of operations()) {
      const name = `${operation.method} ${operation.path}`;
      if (name === STREAM || ENDS_THE_TEST.has(name)) continue;
      await fc.assert(
        fc.asyncProperty(requests(operation), async (sent) => {
          const { status, type, text } = await send(operation.method, sent);
          if (status < 300) done.add(name);
          const isProblem = status < 400 || (type === 'application/problem+json' && JSON.parse(text).status === status);
          if (status !== 500 && isProblem) return;
          const logged = hub.logged.at(-1)?.slice(0, 600);
          faults.add(`${name}: ${status} ${type} for ${JSON.stringify(sent).slice(0, 300)}\n  ${logged}`);
        }),
        { ...runs(database === 'SQLite' ? 7 : 10), endOnFailure: true },
      );
    }
    expect([...faults].slice(0, 20)).toEqual([]);
    // Else the requests would end at the first check and show nothing.
    expect(done.size).toBeGreaterThan(25);
  }, 600_000);

  test.each([
    ['POST', '/api/sign-in', { email: 'a\0@example.com', password: 'correct horse battery' }],
    ['PATCH', '/api/me', { name: 'a\0b' }],
    ['POST', '/api/agents', { name: 'half a letter: \ud800' }],
    ['POST', '/api/connectors', { name: 'half a letter: \udc00', url: 'http://127.0.0.1:2/', authType: 'none' }],
  ])('%s %s takes no text that a database cannot give back: %j', async (method, url, body) => {
    const { status, text } = await send(method, { url, body: JSON.stringify(body), bySession: true });
    expect([status, JSON.parse(text).field]).toEqual([400, 'email' in body ? 'email' : 'name']);
  });

  const DEEP = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
  test.each([
    [
      'POST',
      '/api/connectors/one/requests',
      `{"method":"tools/call","params":{"name":"one","arguments":${DEEP}}}`,
      'body',
    ],
    ['POST', '/api/agents', DEEP, 'body'],
    ['DELETE', '/api/people/invitations/%00', undefined, undefined],
    ['PATCH', '/api/people/a%00b', '{"role":"viewer"}', undefined],
    ['GET', '/api/calls?toolName=%00', undefined, undefined],
  ])('%s %s is refused before anything is done with it', async (method, url, body, field) => {
    const { status, text } = await send(method, { url, body, bySession: true });
    expect([status, JSON.parse(text).field]).toEqual([400, field]);
  });
});

/** As a URL can hold it; what no UTF-8 can say stays half encoded. */
function written(value: string): string {
  return value === '' || value === '..' ? '%20' : encodeURIComponent(value.toWellFormed());
}
