// Names that are not answered, answered wrongly, or answered with addresses that nobody may reach, by a real name server
// that a real hub asks.

import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Browser } from '../support/browser.ts';
import { type Child, startChild } from '../support/child.ts';
import { canResolve, startDns, type TestDns } from '../support/dns.ts';
import { ADMIN_TOKEN } from '../support/hub.ts';
import { type RunningProvider, startProvider } from '../support/providers.ts';
import { until } from '../support/until.ts';

/** Of this test file alone: other files ask others. */
const NAME_SERVER = '127.7.7.7';
/** Nobody allowed this one. */
const CANARY = '127.0.0.9';

describe.skipIf(!canResolve)('names', () => {
  let folder = '';
  let dns: TestDns;
  let render: RunningProvider;
  let sentry: RunningProvider;
  let hub: Child<{ url: string }>;
  let canary: Server;
  let touched = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chatelaine-dns-'));
    canary = createServer((_, response) => {
      touched += 1;
      response.end();
    });
    await new Promise<void>((resolve) => canary.listen(0, CANARY, resolve));
    dns = await startDns(folder, NAME_SERVER, '127.0.0.1 overridden.mine.test');
    // Every use of such a token renews it.
    [render, sentry] = await Promise.all([startProvider('render'), startProvider('sentry')]);
    const mine = ['auth', 'overridden', ...Array.from({ length: 8 }, (_, n) => `live${n}`), ...'abcdef'];
    const env = {
      CHATELAINE_PORT: '0',
      CHATELAINE_DATA: join(folder, 'data'),
      CHATELAINE_ADMIN_TOKEN: ADMIN_TOKEN,
      CHATELAINE_ALLOWED_PRIVATE_HOSTS: ['127.0.0.1', ...mine.map((name) => `${name}.mine.test`)].join(','),
    };
    hub = await startChild<{ url: string }>('./serve-child.ts', env, dns.prefix);
  });
  afterAll(async () => {
    await hub?.stop();
    await Promise.all([render?.close(), sentry?.close(), dns?.close()]);
    canary?.close();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    dns.names.clear();
    dns.asked.length = 0;
    touched = 0;
  });

  const api = async (method: string, path: string, body?: unknown): Promise<{ status: number; body: any }> => {
    const response = await fetch(`${hub.said.url}/api/${path}`, {
      method,
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: await response.json() };
  };
  const list = (id: string) => api('POST', `connectors/${id}/requests`, { method: 'tools/list' });
  const portOf = ({ origin }: RunningProvider): string => new URL(origin).port;
  const make = async (host: string, port = portOf(render)): Promise<any> => {
    const { body } = await api('POST', 'connectors', {
      name: host,
      url: `http://${host}:${port}/mcp`,
      authType: 'bearer',
      credentialMode: 'shared',
      secret: render.apiKeys?.issue('ada@example.test'),
    });
    return body;
  };

  test('whose servers are silent hold up no other name', async () => {
    const live = Array.from({ length: 8 }, (_, n) => `live${n}.mine.test`);
    for (const name of live) dns.names.set(name, ['127.0.0.1']);
    const made = [];
    for (const name of live) made.push(await make(name));
    for (const letter of 'abcdef') dns.names.set(`${letter}.mine.test`, 'silence');
    let isOver = false;
    const silent = Promise.all([...'abcdef'].map((letter) => make(`${letter}.mine.test`))).finally(() => {
      isOver = true;
    });
    await until(
      'they are being looked up',
      () => new Set(dns.asked.filter((name) => /^[a-f]\./.test(name))).size === 6,
    );
    // Tools are listed over connections of their own, so that each name is looked up again.
    const answers = await Promise.all(made.map(({ id }) => list(id)));
    expect(answers.map(({ status }) => status)).toEqual(live.map(() => 200));
    const fresh = await make('overridden.mine.test');
    expect([fresh.server.reachable, fresh.tools.count]).toEqual([true, 24]);
    expect(isOver).toBe(false);
    const codes = (await silent).map(({ server }: any) => server.error.code);
    // Whichever of the two limits of time runs out first.
    for (const code of codes) expect(['upstream_unreachable', 'upstream_timeout']).toContain(code);
    expect(codes.length).toBe(6);
  });

  test('of the hosts file come before those of DNS', async () => {
    dns.names.set('overridden.mine.test', ['203.0.113.1']);
    expect(dns.asked).toEqual([]);
    const { items } = (await api('GET', 'connectors?limit=200')).body;
    const { id } = items.find(({ name }: { name: string }) => name === 'overridden.mine.test');
    expect((await list(id)).status).toBe(200);
    expect(dns.asked).toEqual([]);
  });

  test('that are private for a stranger’s server are refused, alone and among public ones, and nothing is touched', async () => {
    const { port } = canary.address() as AddressInfo;
    for (const [name, addresses] of [
      ['private.stranger.test', [CANARY]],
      ['mixed.stranger.test', ['203.0.113.9', CANARY]],
      ['metadata.stranger.test', ['169.254.169.254']],
      ['nothing.stranger.test', ['0.0.0.0']],
    ] as const) {
      dns.names.set(name, addresses);
      const { body } = await api('POST', 'connectors/probe', { url: `https://${name}:${port}/mcp` });
      expect([name, JSON.stringify(body)]).toEqual([name, expect.stringContaining('private, local or reserved')]);
    }
    // The first answer is public, every later one is not.
    let asked = 0;
    dns.names.set('rebinding.stranger.test', () => {
      asked += 1;
      return asked === 1 ? ['203.0.113.9'] : [CANARY];
    });
    const rebound = await api('POST', 'connectors/probe', { url: `https://rebinding.stranger.test:${port}/mcp` });
    expect(JSON.stringify(rebound.body)).not.toContain('"reachable":true');
    expect(touched).toBe(0);
  });

  test.each(['servfail', 'silence', 'nxdomain'] as const)(
    'of a token endpoint that come out as %s end no authorization',
    async (fault) => {
      dns.names.set('auth.mine.test', ['127.0.0.1']);
      sentry.faults.serverMetadata = { token_endpoint: `http://auth.mine.test:${portOf(sentry)}/token` };
      sentry.faults.accessTokenSeconds = 3_600;
      const { body: made } = await api('POST', 'connectors', {
        name: `Blip ${fault}`,
        url: sentry.mcpUrl,
        authType: 'oauth',
        credentialMode: 'shared',
      });
      await new Browser().follow((await api('POST', `connectors/${made.id}/connect`, {})).body.connectUrl);
      expect((await list(made.id)).status).toBe(200);
      await sentry.expireAccessTokens();
      dns.names.set('auth.mine.test', fault);
      const { status, body } = await list(made.id);
      expect([status, body.code]).toEqual([502, 'upstream_unreachable']);
      expect(body.detail).toContain('DNS');
      const { credential } = (await api('GET', `connectors/${made.id}`)).body;
      expect(credential.state).not.toBe('reauthorization_required');
      dns.names.set('auth.mine.test', ['127.0.0.1']);
      await until('it is well again by itself', async () => (await list(made.id)).status === 200);
      expect((await api('GET', `connectors/${made.id}`)).body.credential).toMatchObject({
        state: 'usable',
        reason: null,
      });
    },
  );
});
