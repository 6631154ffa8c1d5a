// What happens when time passes: flows end, tokens are renewed ahead, tools are listed on schedule.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Browser } from '../support/browser.ts';
import { type Embedded, ME, startEmbedded } from '../support/embedded.ts';
import { type RunningProvider, startProvider } from '../support/providers.ts';

const MINUTE = 60_000;
let hub: Embedded;
let provider: RunningProvider;

beforeEach(async () => {
  [hub, provider] = await Promise.all([startEmbedded(), startProvider('sentry')]);
});
afterEach(async () => {
  await hub.close();
  await provider.close();
});

const make = () =>
  hub.hub.connectors.create({ name: 'Timed', url: provider.mcpUrl, authType: 'oauth', credentialMode: 'shared' }, ME);
const link = async (id: string) =>
  (await hub.hub.connectors.connect(id, { agentId: null, returnTo: null }, ME)).connectUrl;
const connect = async (id: string) => new Browser().follow(await link(id));
const tokens = () => provider.count('/token', 'POST');

describe('S8 ten minutes', () => {
  test('a link that is older does not open, and a callback that is later changes nothing', async () => {
    const made = await make();
    const old = await link(made.id);
    const browser = new Browser();
    const back = await browser.follow(await link(made.id), (next) => next.pathname === '/oauth/callback');
    hub.clock.ahead = 10 * MINUTE + 1_000;
    expect(await new Browser().get(old)).toMatchObject({ status: 410, text: expect.stringContaining('10 minutes') });
    expect(await new Browser().get(back.url.href)).toMatchObject({ status: 410 });
    expect((await browser.get(back.url.href)).location?.searchParams.get('error')).toBe('flow_expired');
    expect(tokens()).toBe(0);
    expect((await hub.hub.connectors.get(made.id)).credential.configured).toBe(false);
  });

  test('a consent that comes late lands where the flow began, in the browser of the flow alone', async () => {
    const made = await make();
    const owned = await hub.hub.connectors.create(
      { name: 'Owned', url: provider.mcpUrl, authType: 'oauth', credentialMode: 'per_agent' },
      ME,
    );
    const agent = await hub.hub.agents.create({ name: 'Deployer' }, ME);
    const flows = [
      { connector: made.id, agentId: null, returnTo: null, home: `/connectors/${made.id}` },
      { connector: owned.id, agentId: agent.id, returnTo: null, home: `/agents/${agent.id}` },
      { connector: made.id, agentId: null, returnTo: '/connectors?q=timed', home: '/connectors' },
    ];
    for (const { connector, agentId, returnTo, home } of flows) {
      hub.clock.ahead = 0;
      const browser = new Browser();
      const { connectUrl } = await hub.hub.connectors.connect(connector, { agentId, returnTo }, ME);
      const back = await browser.follow(connectUrl, (next) => next.pathname === '/oauth/callback');
      hub.clock.ahead = 30 * MINUTE;
      await hub.hub.maintain();
      const { location } = await browser.get(back.url.href);
      expect(location).toMatchObject({ origin: hub.url, pathname: home });
      const landed = await browser.get(location?.href ?? '');
      if (returnTo === null) expect(landed.text).toContain('longer than 10 minutes');
      const stranger = await new Browser().get(back.url.href);
      expect(stranger).toMatchObject({ status: 410, location: null });
      hub.clock.ahead = 0;
    }
    expect(tokens()).toBe(0);
  });

  test('a consent that comes after an hour finds nothing left of its flow', async () => {
    const made = await make();
    const browser = new Browser();
    const back = await browser.follow(await link(made.id), (next) => next.pathname === '/oauth/callback');
    hub.clock.ahead = 71 * MINUTE;
    await hub.hub.maintain();
    expect(await browser.get(back.url.href)).toMatchObject({ status: 404, location: null });
  });
});

describe('S11 ahead of time', () => {
  test('the background renews a token shortly before five minutes are left, and not earlier', async () => {
    const made = await make();
    await connect(made.id);
    provider.clearRequests();
    hub.clock.ahead = 45 * MINUTE;
    await hub.hub.maintain();
    expect(tokens()).toBe(0);
    hub.clock.ahead = 55 * MINUTE + 1_000;
    await hub.hub.maintain();
    expect(tokens()).toBe(1);
    await hub.hub.maintain();
    expect(tokens()).toBe(1);
  });

  test('a provider that is down is asked again after a pause that grows, and the token goes on serving', async () => {
    const made = await make();
    await connect(made.id);
    provider.clearRequests();
    provider.faults.answer = { token: { status: 503, body: '' } };
    hub.clock.ahead = 56 * MINUTE;
    const gaps: number[] = [];
    let last = hub.clock.ahead;
    for (let step = 0; step < 200 && gaps.length < 4; step += 1) {
      const before = tokens();
      await hub.hub.maintain();
      if (tokens() > before) {
        gaps.push(hub.clock.ahead - last);
        last = hub.clock.ahead;
      }
      hub.clock.ahead += 1_000;
    }
    expect(gaps.slice(1)).toEqual([...gaps.slice(1)].sort((a, b) => a - b));
    expect(gaps[3]).toBeGreaterThan(gaps[1] ?? 0);
    expect((await hub.hub.connectors.get(made.id)).credential.state).toBe('usable');
    expect((await hub.hub.resolve(made.id, null)).headers.authorization).toMatch(/^Bearer /);
  });
});

describe('schedule', () => {
  test('tools are listed again when their time has come, and a failure puts the next try off', async () => {
    const made = await make();
    await connect(made.id);
    const lists = () => provider.requests.filter((request) => request.body.includes('tools/list')).length;
    provider.clearRequests();
    await hub.hub.maintain();
    expect(lists()).toBe(0);
    provider.setTools((all) => all.slice(1));
    hub.clock.ahead = 70 * MINUTE;
    await hub.hub.maintain();
    expect((await hub.hub.connectors.get(made.id)).tools.count).toBe(13);
    provider.faults.html = { mcp: true };
    hub.clock.ahead = 140 * MINUTE;
    await hub.hub.maintain();
    const { tools } = await hub.hub.connectors.get(made.id);
    expect(tools).toMatchObject({ count: 13, lastError: { code: expect.any(String) } });
    expect(Date.parse(tools.nextSyncAt ?? '') - (Date.now() + hub.clock.ahead)).toBeGreaterThan(4 * MINUTE);
  });

  test('a new authorization that could not be proven at once is proven by the next round', async () => {
    const made = await make();
    await connect(made.id);
    provider.signIn.account = 'second@example.test';
    provider.faults.html = { mcp: true };
    await connect(made.id);
    expect((await hub.hub.connectors.get(made.id)).credential.pending).toBe(true);
    delete provider.faults.html;
    hub.clock.ahead = 15 * MINUTE;
    await hub.hub.maintain();
    expect((await hub.hub.connectors.get(made.id)).credential).toMatchObject({ pending: false, state: 'usable' });
  });

  test('when the old authorization dies first, the waiting one serves', async () => {
    const made = await make();
    await connect(made.id);
    provider.faults.html = { mcp: true };
    await connect(made.id);
    delete provider.faults.html;
    const old = (await hub.hub.resolve(made.id, null)).credentialId;
    provider.faults.answer = {
      token: {
        status: 400,
        headers: { 'content-type': 'application/json' },
        body: '{"error":"invalid_grant"}',
        times: 1,
      },
    };
    hub.clock.ahead = 57 * MINUTE;
    const now = await hub.hub.resolve(made.id, null);
    expect(now.credentialId).not.toBe(old);
    expect((await hub.hub.connectors.get(made.id)).credential.state).toBe('usable');
  });
});
