// A connect link from an agent's conversation fills that agent's credential and no other's, and no way of
// crossing two sign-ins gives one agent the account of the other.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { StandIn } from '../stand-in/server.ts';
import { startStandIn } from '../stand-in/server.ts';
import { startHub, type TestHub } from '../support/hub.ts';
import { rememberSecrets } from '../support/providers.ts';
import { type Agent, agentWith, clientOf, connectTo, LEGACY, MODERN } from './agents.ts';
import { giveCredential, saidIn } from './owners.ts';

const URL_MODE = { elicitation: { url: {} } };

let hub: TestHub;
beforeAll(async () => {
  hub = await startHub();
});
afterAll(() => hub?.close());

describe.each([MODERN, '2025-11-25'] as const)('at a server of %s', (revision) => {
  let server: StandIn;
  let connector: { id: string; key: string };
  let ada: Agent;
  let ben: Agent;

  beforeEach(async () => {
    server = await startStandIn(revision, { auth: 'oauth' });
    rememberSecrets(server.secrets);
    connector = await connectTo(hub, server.url, { authType: 'oauth', credentialMode: 'per_agent' });
    const first = await agentWith(hub, []);
    await giveCredential(hub, server, connector.id, first.id, 'first');
    [ada, ben] = [await agentWith(hub, []), await agentWith(hub, [])];
    for (const { id } of [ada, ben]) {
      await hub.ok('PUT', `/api/agents/${id}/tools`, { tools: [`mcp__${connector.key}__whoami`] });
    }
    return () => server.close();
  });

  /** Calls; the account, or the link that the agent was handed instead. */
  const call = async ({ key }: Agent, version: string = MODERN) => {
    const client = await clientOf(version, `${hub.url}/mcp/${connector.key}`, key, URL_MODE);
    const { answer } = await client.request('tools/call', { name: 'whoami', arguments: {} });
    const link = new RegExp(`${hub.url}/connect/[^\\s"]+`).exec(JSON.stringify(answer))?.[0] ?? null;
    return { account: link === null ? saidIn(answer).account : null, link };
  };
  const stateOf = async ({ id }: Agent) => {
    const { items } = await hub.ok('GET', `/api/agents/${id}/connectors?limit=200`);
    return items.find((row: { connectorId: string }) => row.connectorId === connector.id).state;
  };
  const linkOf = async (agent: Agent, version?: string): Promise<string> => {
    const { link } = await call(agent, version);
    if (link === null) throw new Error('the agent was handed no link');
    return link;
  };

  test.each([MODERN, ...LEGACY])(
    'a link made in the conversation of an agent of %s is that agent’s',
    async (version) => {
      const hers = await linkOf(ada, version);
      const his = await linkOf(ben, version);
      expect(hers).not.toBe(his);
      server.signIn.account = 'ada';
      await hub.consent(hers);
      expect([await stateOf(ada), await stateOf(ben)]).toEqual(['usable', 'connect_required']);
      expect((await call(ben, version)).account).toBeNull();
      // A used link fills nobody's a second time.
      server.signIn.account = 'mallory';
      const again = await hub.consent(hers);
      expect(again.status).toBeGreaterThanOrEqual(400);
      server.signIn.account = 'ben';
      await hub.consent(his);
      expect((await call(ada, version)).account).toBe('ada');
      expect((await call(ben, version)).account).toBe('ben');
      const accounts = server.heard.filter(({ method }) => method === 'tools/call').map(({ account }) => account);
      expect(accounts.toSorted()).toEqual(['ada', 'ben']);
    },
  );

  test('a sign-in that was begun with the other’s link cannot be finished as one’s own', async () => {
    const [hers, his] = [await linkOf(ada), await linkOf(ben)];
    const [herBrowser, hisBrowser] = [hub.browser(), hub.browser()];
    const isCallback = (url: URL) => url.href.startsWith(`${hub.url}/oauth/callback`);
    server.signIn.account = 'ada';
    const herReturn = (await herBrowser.follow(hers, isCallback)).url;
    server.signIn.account = 'ben';
    const hisReturn = (await hisBrowser.follow(his, isCallback)).url;

    // Her answer in his browser: nothing happens, to either.
    const inHis = await hisBrowser.get(herReturn.href);
    expect([inHis.status, inHis.location]).toEqual([403, null]);
    // His code under her state, in her own browser: the code is good for his sign-in alone.
    const mixed = new URL(herReturn);
    mixed.searchParams.set('code', hisReturn.searchParams.get('code') ?? '');
    const landed = await herBrowser.get(mixed.href);
    expect(landed.location?.searchParams.get('error')).toBeTruthy();
    expect([await stateOf(ada), await stateOf(ben)]).toEqual(['connect_required', 'connect_required']);
    expect((await call(ada)).account).toBeNull();
    expect((await call(ben)).account).toBeNull();
    expect(server.heard.filter(({ method }) => method === 'tools/call')).toEqual([]);
  });

  test('the shared account is no agent’s to choose: no link is handed out for it', async () => {
    const shared = await connectTo(hub, server.url, { authType: 'oauth', credentialMode: 'shared' });
    server.signIn.account = 'house';
    await hub.connect(shared.id);
    await hub.ok('PUT', `/api/agents/${ada.id}/tools`, { tools: [`mcp__${shared.key}__whoami`] });
    for (const version of [MODERN, ...LEGACY]) {
      const client = await clientOf(version, `${hub.url}/mcp/${shared.key}`, ada.key, URL_MODE);
      const call = () => client.request('tools/call', { name: 'whoami', arguments: {} });
      expect(saidIn((await call()).answer).account).toBe('house');
      await hub.ok('DELETE', `/api/connectors/${shared.id}/credential`);
      const { answer } = await call();
      expect(JSON.stringify(answer)).not.toContain('/connect/');
      expect(answer.result?.isError === true || answer.error !== undefined).toBe(true);
      await hub.connect(shared.id);
    }
  });

  test('an agent that is connected is not touched by what becomes of the other', async () => {
    await giveCredential(hub, server, connector.id, ada.id, 'ada');
    await giveCredential(hub, server, connector.id, ben.id, 'ben');
    expect([(await call(ada)).account, (await call(ben)).account]).toEqual(['ada', 'ben']);
    await hub.api('DELETE', `/api/agents/${ben.id}/credentials/${connector.id}`);
    expect((await call(ben)).account).toBeNull();
    expect((await call(ada)).account).toBe('ada');
    await giveCredential(hub, server, connector.id, ben.id, 'ben again');
    expect([(await call(ada)).account, (await call(ben)).account]).toEqual(['ada', 'ben again']);
    await hub.api('DELETE', `/api/agents/${ben.id}`);
    expect((await call(ada)).account).toBe('ada');
  });
});
