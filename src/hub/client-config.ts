// The configuration files that MCP clients read: pointing at the gateway with an agent key, or straight
// at the servers with their real headers for runtimes that must call directly.

import { ChatelaineError, isChatelaineError } from '../errors.ts';
import { PAGE_LIMIT_MAX } from '../limits.ts';
import type { AgentRecord } from '../store/records.ts';
import { resolveCredential } from './access-token.ts';
import { stateFor } from './agent-view.ts';
import type { Actor } from './audit.ts';
import { audit } from './audit.ts';
import type { HubContext } from './context.ts';

export const CONFIG_CLIENTS = ['claude-code', 'claude-desktop', 'cursor', 'vscode', 'json'] as const;
export type ConfigClient = (typeof CONFIG_CLIENTS)[number];

type Server = { readonly url: string; readonly headers: Readonly<Record<string, string>> };

/** Shown where the agent's key belongs: the key itself is known to nobody but its holder. */
const KEY_PLACEHOLDER = 'PASTE_AGENT_KEY_HERE';

function shaped(client: ConfigClient, servers: Readonly<Record<string, Server>>): Record<string, unknown> {
  const each = <T>(shape: (server: Server) => T): Record<string, T> =>
    Object.fromEntries(Object.entries(servers).map(([name, server]) => [name, shape(server)]));
  switch (client) {
    case 'claude-code':
    case 'json':
      return { mcpServers: each(({ url, headers }) => ({ type: 'http', url, headers })) };
    case 'cursor':
      return { mcpServers: each(({ url, headers }) => ({ url, headers })) };
    case 'vscode':
      return { servers: each(({ url, headers }) => ({ type: 'http', url, headers })) };
    case 'claude-desktop':
      // Claude Desktop's file starts local programs only; mcp-remote is the usual bridge to a URL.
      return {
        mcpServers: each(({ url, headers }) => ({
          command: 'npx',
          args: [
            '-y',
            'mcp-remote',
            url,
            ...Object.entries(headers).flatMap(([name, value]) => ['--header', `${name}:${value}`]),
          ],
        })),
      };
  }
}

/** The client's own file, pointing at the gateway; the key is a placeholder to fill in. */
export function gatewayConfig(context: HubContext, client: ConfigClient): Record<string, unknown> {
  return shaped(client, {
    chatelaine: { url: `${context.baseUrl}/mcp`, headers: { Authorization: `Bearer ${KEY_PLACEHOLDER}` } },
  });
}

export type UpstreamConfig = {
  readonly config: Record<string, unknown>;
  /** Connectors left out, with the reason. */
  readonly omitted: readonly {
    readonly connectorKey: string;
    readonly state: string;
    readonly reason: string | null;
  }[];
};

/** Same shape, with the servers' own URLs and fresh headers of this agent. Every use is audited. @throws conflict for a disabled agent */
export async function upstreamConfig(
  context: HubContext,
  agent: AgentRecord,
  client: ConfigClient,
  actor: Actor,
): Promise<UpstreamConfig> {
  if (!agent.enabled)
    throw new ChatelaineError('conflict', `${agent.name} is disabled; enable it before its credentials leave the hub.`);
  const servers: Record<string, Server> = {};
  const omitted: { connectorKey: string; state: string; reason: string | null }[] = [];
  const used: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await context.store.connectors.list({ limit: PAGE_LIMIT_MAX, cursor });
    for (const connector of page.items) {
      try {
        const { headers, credentialId } = await resolveCredential(context, connector, agent.id);
        servers[connector.key] = { url: connector.url, headers };
        if (credentialId !== null) used.push(credentialId);
      } catch (error) {
        const owner = connector.credentialMode === 'per_agent' ? agent.id : null;
        const credential = await context.store.credentials.find(connector.id, owner, 'active');
        const state = stateFor(connector, credential, context.now());
        omitted.push({
          connectorKey: connector.key,
          state: state.state === 'usable' ? 'error' : state.state,
          reason: isChatelaineError(error) ? error.message : state.reason,
        });
      }
    }
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  await audit(context, actor, 'credential.exported', {
    agentId: agent.id,
    detail: { client, connectors: Object.keys(servers), credentialIds: used },
  });
  return { config: shaped(client, servers), omitted };
}
