// Credentials on the way through the gateway: whose they are, what an agent hears when one is missing or
// refused, and that a provider's refusal never becomes the gateway's own.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startHub, type TestHub } from '../support/hub.ts';
import { type RunningProvider, startProvider } from '../support/providers.ts';
import { agentWith, type Client, clientOf, connectTo, LEGACY, MODERN, modernClient } from './agents.ts';

const URL_MODE = { elicitation: { url: {} } };

let hub: TestHub;
let linear: RunningProvider;
let render: RunningProvider;

beforeAll(async () => {
  [hub, linear, render] = await Promise.all([startHub(), startProvider('linear'), startProvider('render')]);
});
afterAll(async () => {
  await hub?.close();
  await Promise.all([linear, render].map((provider) => provider?.close()));
});

/** A per-agent OAuth connector whose tools are known, because some agent has connected. */
async function linearConnector(): Promise<{ id: string; key: string }> {
  const connector = await connectTo(hub, linear.mcpUrl, { authType: 'oauth', credentialMode: 'per_agent' });
  const first = await agentWith(hub, []);
  await hub.connect(connector.id, first.id);
  return connector;
}

const who = (answer: { result?: any }): string => answer.result?.structuredContent?.whoami?.account;
const ask = (client: Client, more: Record<string, unknown> = {}) =>
  client.request('tools/call', { name: 'list_issues', arguments: {}, ...more });

describe('an agent without its credential', () => {
  test('of 2026-07-28 is handed a link in the conversation, and the retried call works', async () => {
    const connector = await linearConnector();
    const agent = await agentWith(hub, [`mcp__${connector.key}__list_issues`]);
    const client = modernClient(`${hub.url}/mcp/${connector.key}`, agent.key, URL_MODE);
    const { result } = (await ask(client)).answer;
    expect(result.resultType).toBe('input_required');
    const [[name, question]] = Object.entries<any>(result.inputRequests) as [[string, any]];
    expect(question).toMatchObject({ method: 'elicitation/create', params: { mode: 'url' } });
    expect(question.params.url.startsWith(`${hub.url}/connect/`)).toBe(true);
    await hub.consent(question.params.url);
    linear.clearRequests();
    const retried = await ask(client, { inputResponses: { [name]: { action: 'accept' } } });
    expect(who(retried.answer)).toBe('ada@example.test');
    // The answer to the gateway's own question is nothing that the server should see.
    expect(JSON.stringify(linear.requests)).not.toContain('inputResponses');
  });

  test('of 2025-11-25 gets error -32042 with the link', async () => {
    const connector = await linearConnector();
    const agent = await agentWith(hub, [`mcp__${connector.key}__list_issues`]);
    const client = await clientOf('2025-11-25', `${hub.url}/mcp/${connector.key}`, agent.key, URL_MODE);
    const { error } = (await ask(client)).answer;
    expect(error?.code).toBe(-32042);
    const [elicitation] = error?.data.elicitations ?? [];
    expect(elicitation).toMatchObject({ mode: 'url', elicitationId: expect.any(String) });
    await hub.consent(elicitation.url);
    expect(who((await ask(client)).answer)).toBe('ada@example.test');
  });

  test.each([MODERN, ...LEGACY])('of %s that cannot open pages reads the link in the failed tool', async (version) => {
    const connector = await linearConnector();
    const agent = await agentWith(hub, [`mcp__${connector.key}__list_issues`]);
    const client = await clientOf(version, `${hub.url}/mcp/${connector.key}`, agent.key);
    expect((await client.request('tools/list')).answer.result.tools).toHaveLength(1);
    const { result } = (await ask(client)).answer;
    expect(result.isError).toBe(true);
    const link = new RegExp(`${hub.url}/connect/\\S+`).exec(result.content[0].text)?.[0] ?? '';
    await hub.consent(link);
    expect(who((await ask(client)).answer)).toBe('ada@example.test');
  });

  test('of a static kind reads who must enter what', async () => {
    const connector = await connectTo(hub, render.mcpUrl, { authType: 'bearer', credentialMode: 'per_agent' });
    const first = await agentWith(hub, []);
    const secret = render.apiKeys?.issue('first@example.test');
    await hub.ok('PUT', `/api/agents/${first.id}/credentials/${connector.id}`, { secret });
    const agent = await agentWith(hub, [`mcp__${connector.key}__list_workspaces`]);
    const client = modernClient(`${hub.url}/mcp/${connector.key}`, agent.key, URL_MODE);
    const { result } = (await client.request('tools/call', { name: 'list_workspaces', arguments: {} })).answer;
    expect(result.isError).toBe(true);
    expect(result.content[0].text).toMatch(/An operator of .* must enter the token of the connector/);
  });
});

test('each agent speaks with its own credential, whatever it says', async () => {
  const connector = await connectTo(hub, render.mcpUrl, { authType: 'bearer', credentialMode: 'per_agent' });
  const agents: { id: string; account: string; key: string }[] = [];
  for (const account of ['one@example.test', 'two@example.test']) {
    const { id } = await hub.ok('POST', '/api/agents', { name: `Agent of ${account}` });
    const secret = render.apiKeys?.issue(account);
    await hub.ok('PUT', `/api/agents/${id}/credentials/${connector.id}`, { secret });
    await hub.ok('PUT', `/api/agents/${id}/tools`, { tools: [`mcp__${connector.key}__list_workspaces`] });
    agents.push({ id, account, key: (await hub.ok('POST', `/api/agents/${id}/keys`, { label: '' })).key });
  }
  for (const version of [MODERN, ...LEGACY]) {
    for (const { account, key } of agents) {
      const client = await clientOf(version, `${hub.url}/mcp/${connector.key}`, key);
      const called = await client.request('tools/call', { name: 'list_workspaces', arguments: {} });
      expect(who(called.answer)).toBe(account);
    }
  }
  // A session of one agent is none for the other, though its key is good.
  const [one, two] = agents.map(({ key }) => key) as [string, string];
  const mine = await clientOf('2025-11-25', `${hub.url}/mcp/${connector.key}`, one);
  const stolen = await fetch(`${hub.url}/mcp/${connector.key}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${two}`,
      'content-type': 'application/json',
      'mcp-session-id': mine.sessionId ?? '',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
  });
  expect(stolen.status).toBe(404);
});

describe('a refusal of the provider', () => {
  test('of an expired token is mended by one refresh, unseen', async () => {
    const connector = await linearConnector();
    const agent = await agentWith(hub, [`mcp__${connector.key}__list_issues`]);
    await hub.connect(connector.id, agent.id);
    for (const version of [MODERN, '2025-11-25']) {
      const client = await clientOf(version, `${hub.url}/mcp/${connector.key}`, agent.key);
      expect(who((await ask(client)).answer)).toBe('ada@example.test');
      await linear.expireAccessTokens();
      linear.clearRequests();
      expect(who((await ask(client)).answer)).toBe('ada@example.test');
      expect(linear.count('/token')).toBe(1);
    }
  });

  test('that stays is a link for the agent, never a 401 or 403 of the gateway', async () => {
    const connector = await linearConnector();
    const agent = await agentWith(hub, [`mcp__${connector.key}__list_issues`]);
    await hub.connect(connector.id, agent.id);
    const client = modernClient(`${hub.url}/mcp/${connector.key}`, agent.key, URL_MODE);
    expect(who((await ask(client)).answer)).toBe('ada@example.test');
    await linear.revokeGrants();
    const refused = await ask(client);
    expect(refused.status).toBe(200);
    expect(refused.answer.result.resultType).toBe('input_required');
  });

  test('for lack of scope asks for that scope', async () => {
    const connector = await linearConnector();
    const agent = await agentWith(hub, [`mcp__${connector.key}__list_issues`]);
    await hub.connect(connector.id, agent.id);
    linear.faults.insufficientScope = { scope: 'admin', tool: 'list_issues' };
    try {
      const client = modernClient(`${hub.url}/mcp/${connector.key}`, agent.key, URL_MODE);
      const refused = await ask(client);
      expect(refused.status).toBe(200);
      const [question] = Object.values<any>(refused.answer.result.inputRequests);
      expect(question.params.message).toContain('scope');
      expect(question.params.message).toContain('admin');
    } finally {
      delete linear.faults.insufficientScope;
    }
  });

  test('that is a fault of the server is a failed tool that says so', async () => {
    const down = await startProvider('render');
    const secret = down.apiKeys?.issue('ada@example.test');
    const connector = await connectTo(hub, down.mcpUrl, { authType: 'bearer', credentialMode: 'shared', secret });
    const agent = await agentWith(hub, [`mcp__${connector.key}__list_workspaces`]);
    await down.close();
    for (const version of [MODERN, '2025-11-25']) {
      const client = await clientOf(version, `${hub.url}/mcp/${connector.key}`, agent.key);
      expect((await client.request('tools/list')).answer.result.tools).toHaveLength(1);
      const { status, answer } = await client.request('tools/call', { name: 'list_workspaces', arguments: {} });
      expect(status).toBe(200);
      expect(answer.result.isError).toBe(true);
    }
  });
});
