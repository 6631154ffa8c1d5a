// Every revision of agents against every revision of servers (MCP 2024-11-05 to 2026-07-28), over real HTTP.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startHub, type TestHub } from '../support/hub.ts';
import type { Era } from '../support/providers.ts';
import { type RunningProvider, startProvider } from '../support/providers.ts';
import { agentWith, clientOf, connectRender, LEGACY, MODERN } from './agents.ts';

const SERVERS: readonly Era[] = ['modern', 'both', 'legacy', '2025-03-26', '2024-11-05'];
const AGENTS = [MODERN, ...LEGACY];

let hub: TestHub;
const providers = new Map<Era, RunningProvider>();

beforeAll(async () => {
  hub = await startHub();
  for (const era of SERVERS) providers.set(era, await startProvider('render', { era }));
});
afterAll(async () => {
  await hub?.close();
  await Promise.all([...providers.values()].map((provider) => provider.close()));
});

describe.each(SERVERS)('a server of %s', (era) => {
  test.each(AGENTS)('answers an agent of %s at both endpoints', async (version) => {
    const provider = providers.get(era) as RunningProvider;
    const { key } = await connectRender(hub, provider);
    const agent = await agentWith(hub, [`mcp__${key}__list_workspaces`, `mcp__${key}__get_service`]);

    const own = await clientOf(version, `${hub.url}/mcp/${key}`, agent.key);
    const listed = await own.request('tools/list');
    expect(listed.answer.result.tools.map((tool: { name: string }) => tool.name)).toEqual([
      'list_workspaces',
      'get_service',
    ]);
    const called = await own.request('tools/call', { name: 'list_workspaces', arguments: {} });
    expect(called.answer.result.structuredContent).toMatchObject({
      whoami: { account: 'ada@example.test' },
      tool: 'list_workspaces',
    });
    const failed = await own.request('tools/call', { name: 'get_service', arguments: {} });
    expect(failed.answer.result).toMatchObject({ isError: true });
    const hidden = await own.request('tools/call', { name: 'list_services', arguments: {} });
    const missing = await own.request('tools/call', { name: 'no_such_tool', arguments: {} });
    expect(hidden.answer.error?.code).toBe(-32602);
    expect(hidden.answer.error?.message.replace('list_services', '')).toBe(
      missing.answer.error?.message.replace('no_such_tool', ''),
    );
    expect(hidden.status).toBe(missing.status);

    const all = await clientOf(version, `${hub.url}/mcp`, agent.key);
    const offered = await all.request('tools/list');
    expect(offered.answer.result.tools.map((tool: { name: string }) => tool.name)).toEqual([
      `${key}__list_workspaces`,
      `${key}__get_service`,
    ]);
    const again = await all.request('tools/call', { name: `${key}__list_workspaces`, arguments: {} });
    expect(again.answer.result.structuredContent).toMatchObject({ tool: 'list_workspaces' });
    if (version === MODERN) expect(again.answer.result.resultType).toBe('complete');
    else expect(again.answer.result.resultType).toBeUndefined();
    // The agent's key stays here, and the provider's key never comes back.
    expect(JSON.stringify(provider.requests)).not.toContain(agent.key);
  });
});
