// News for open pages: told at once in this process, within a moment from another one, and only as long as whoever
// listens may.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startHub, type TestHub } from '../support/hub.ts';
import { join, setUp, type Visit } from '../support/people.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { until } from '../support/until.ts';

type News = { type: string; id: string | null };
type Stream = { status: number; type: string | null; news: News[]; ended: () => boolean; stop: () => Promise<void> };

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres?.stop());

async function listen(hub: { url: string }, headers: Record<string, string>): Promise<Stream> {
  const response = await fetch(`${hub.url}/api/events`, { headers });
  const news: News[] = [];
  let ended = false;
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  void (async () => {
    let rest = '';
    for (;;) {
      const part = await reader?.read();
      if (part === undefined || part.done) break;
      rest += decoder.decode(part.value, { stream: true });
      const events = rest.split('\n\n');
      rest = events.pop() ?? '';
      for (const event of events) {
        const data = /^data: (.*)$/m.exec(event)?.[1];
        if (data !== undefined) news.push(JSON.parse(data));
      }
    }
    ended = true;
  })().catch(() => {
    ended = true;
  });
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    news,
    ended: () => ended,
    stop: async () => reader?.cancel(),
  };
}

const has = (stream: Stream, type: string, id?: string | null) => () =>
  stream.news.some((each) => each.type === type && (id === undefined || each.id === id));

describe.each(['sqlite', 'postgres'] as const)('news on %s', (kind) => {
  let env: Record<string, string>;
  let hub: TestHub;
  let other: TestHub;
  let owner: Visit;
  beforeAll(async () => {
    env = kind === 'sqlite' ? {} : { CHATELAINE_DATABASE_URL: await postgres.createDatabase() };
    hub = await startHub({ env, background: false });
    // Another replica of the same database, with the same keys.
    other = await startHub({ env, folder: hub.folder, beside: true, background: false });
    owner = await setUp(hub);
  });
  afterAll(async () => {
    await other?.close();
    await hub?.close();
  });

  test('tells of a change in this process with its kind and id', async () => {
    const stream = await listen(hub, { cookie: owner.cookie });
    expect(stream).toMatchObject({ status: 200, type: 'text/event-stream' });
    const agent = await hub.ok('POST', '/api/agents', { name: 'New' });
    await until('news of the agent', has(stream, 'agent', agent.id));
    const made = await hub.ok('POST', '/api/connectors', {
      name: 'New',
      url: 'http://127.0.0.1:4999/mcp',
      authType: 'bearer',
      credentialMode: 'per_agent',
    });
    await until('news of the connector', has(stream, 'connector', made.id));
    await owner.call('POST', '/api/people/invitations', { role: 'viewer' });
    await until('news of people', has(stream, 'people'));
    await stream.stop();
  });

  test('tells of a change by another process on the same database', async () => {
    const stream = await listen(hub, { cookie: owner.cookie });
    const agent = await other.ok('POST', '/api/agents', { name: 'Elsewhere' });
    await until('news from elsewhere', has(stream, 'agent', agent.id));
    await stream.stop();
  });

  test('begins with nothing, and on a return with "changed"', async () => {
    const again = await listen(hub, { cookie: owner.cookie, 'last-event-id': '7' });
    await until('the first news', has(again, 'changed', null));
    await again.stop();
    const fresh = await listen(hub, { cookie: owner.cookie });
    const agent = await hub.ok('POST', '/api/agents', { name: 'First' });
    await until('the first news', () => fresh.news.length > 0);
    expect(fresh.news[0]).toMatchObject({ type: 'agent', id: agent.id });
    await fresh.stop();
  });

  test('ends when the session ends, here or in another process', async () => {
    const email = 'leaver@example.com';
    const leaver = await join(hub, owner, 'viewer', email);
    const stream = await listen(hub, { cookie: leaver.cookie });
    expect(stream.status).toBe(200);
    await leaver.call('POST', '/api/sign-out');
    await until('the end of the stream', stream.ended);

    await leaver.call('POST', '/api/sign-in', { email, password: 'correct horse battery' });
    const second = await listen(hub, { cookie: leaver.cookie });
    expect(second.status).toBe(200);
    const { id } = (await leaver.call('GET', '/api/me')).body;
    await other.ok('PATCH', `/api/people/${id}`, { enabled: false });
    await until('the end of the second stream', second.ended);
    expect((await listen(hub, { cookie: leaver.cookie })).status).toBe(401);
  });

  test('ends within two seconds of a demotion or a removal, though its session was read a moment before', async () => {
    for (const [how, by] of [
      ['demoted', hub],
      ['removed', hub],
      ['demoted-elsewhere', other],
      ['removed-elsewhere', other],
    ] as const) {
      const email = `${how}@example.com`;
      const visit = await join(hub, owner, 'operator', email);
      const { id } = (await visit.call('GET', '/api/me')).body;
      const stream = await listen(hub, { cookie: visit.cookie });
      await visit.call('GET', '/api/me');
      const path = `/api/people/${id}`;
      if (how.startsWith('demoted')) await by.ok('PATCH', path, { role: 'viewer' });
      else await by.api('DELETE', path);
      const since = Date.now();
      await until('the end of the stream', stream.ended);
      // Another process is looked at once a second, before a session is believed for a second at most.
      expect(Date.now() - since).toBeLessThan(by === hub ? 1_900 : 2_900);
    }
  }, 30_000);

  test('ends when its token is revoked', async () => {
    const made = await hub.ok('POST', '/api/tokens', { role: 'reader' });
    const stream = await listen(hub, { authorization: `Bearer ${made.token}` });
    const since = Date.now();
    await hub.api('DELETE', `/api/tokens/${made.id}`);
    await until('the end of the stream', stream.ended);
    expect(Date.now() - since).toBeLessThan(1_900);
  });

  test('is not begun by HEAD, which would never end it', async () => {
    const { token } = await hub.ok('POST', '/api/tokens', { role: 'reader' });
    const headers = { authorization: `Bearer ${token}` };
    for (let i = 0; i < 13; i += 1)
      expect((await fetch(`${hub.url}/api/events`, { method: 'HEAD', headers })).status).toBe(400);
    const stream = await listen(hub, headers);
    expect(stream.status).toBe(200);
    await stream.stop();
  });

  test('is open to tokens, closed to nobody, and bounded for one caller', async () => {
    expect((await listen(hub, {})).status).toBe(401);
    const { token } = await hub.ok('POST', '/api/tokens', { role: 'reader' });
    const streams: Stream[] = [];
    for (let i = 0; i < 13; i += 1) streams.push(await listen(hub, { authorization: `Bearer ${token}` }));
    expect(streams.map(({ status }) => status)).toEqual([...Array(12).fill(200), 429]);
    await streams[0]?.stop();
    await until('room for one more', async () => {
      const one = await listen(hub, { authorization: `Bearer ${token}` });
      if (one.status === 200) streams.push(one);
      return one.status === 200;
    });
    await Promise.all(streams.map((stream) => stream.stop()));
  });

  test('does not keep the hub from closing', async () => {
    const folderOfItsOwn = await startHub({ background: false });
    const visit = await setUp(folderOfItsOwn);
    const stream = await listen(folderOfItsOwn, { cookie: visit.cookie });
    const startedAt = Date.now();
    await folderOfItsOwn.close();
    expect(Date.now() - startedAt).toBeLessThan(5_000);
    await until('the end of the stream', stream.ended);
  });
});
