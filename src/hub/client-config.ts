// The configuration files that MCP clients read: pointing at the gateway with an agent key, or straight
// at the servers with their real headers for runtimes that must call directly.

import { ChatelaineError, isChatelaineError } from '../errors.ts';
import { PAGE_LIMIT_MAX } from '../limits.ts';
import type { Secret } from '../secret.ts';
import type { AgentRecord } from '../store/records.ts';
import { resolveCredential } from './access-token.ts';
import { stateFor } from './agent-view.ts';
import type { Actor } from './audit.ts';
import { audit } from './audit.ts';
import type { HubContext } from './context.ts';

export const CONFIG_CLIENTS = ['claude-code', 'claude-desktop', 'cursor', 'vscode', 'json'] as const;
export type ConfigClient = (typeof CONFIG_CLIENTS)[number];

type Server = { readonly url: string; readonly headers: Readonly<Record<string, string>> };
type Servers = Readonly<Record<string, Server>>;

/** Shown where the agent's key belongs: the key itself is known to nobody but its holder. */
const KEY_PLACEHOLDER = 'PASTE_AGENT_KEY_HERE';
const INPUT_ID = 'chatelaine-agent-key';

/**
 * The file of one client.
 *
 * @see https://code.claude.com/docs/en/mcp (`.mcp.json`), https://cursor.com/docs/mcp (`.cursor/mcp.json`),
 *   https://code.visualstudio.com/docs/copilot/reference/mcp-configuration (`.vscode/mcp.json`)
 */
function shaped(client: ConfigClient, servers: Servers): Record<string, unknown> {
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
      return { mcpServers: each(bridged) };
  }
}

/**
 * Claude Desktop's file starts local programs only; mcp-remote is the usual bridge to a URL. Header values go
 * through its environment: Claude Desktop on Windows breaks arguments at blanks, and arguments show in process lists.
 *
 * @see https://github.com/geelen/mcp-remote#custom-headers
 */
function bridged({ url, headers }: Server): Record<string, unknown> {
  const named = Object.entries(headers).map(([name, value], i) => ({ name, value, variable: `MCP_HEADER_${i + 1}` }));
  return {
    command: 'npx',
    args: [
      '-y',
      'mcp-remote',
      url,
      ...named.flatMap(({ name, variable }) => ['--header', `${name}:\${${variable}}`]),
      ...(url.startsWith('http:') ? ['--allow-http'] : []),
    ],
    env: Object.fromEntries(named.map(({ variable, value }) => [variable, value])),
  };
}

/**
 * The client's own file, pointing at the gateway.
 *
 * @param key null leaves a placeholder; VS Code asks for the key itself and keeps it out of the file
 */
export function gatewayConfig(context: HubContext, client: ConfigClient, key: Secret | null): Record<string, unknown> {
  const asked = client === 'vscode' && key === null;
  const shown = key?.reveal() ?? (asked ? `\${input:${INPUT_ID}}` : KEY_PLACEHOLDER);
  const file = shaped(client, {
    chatelaine: { url: `${context.baseUrl}/mcp`, headers: { Authorization: `Bearer ${shown}` } },
  });
  if (!asked) return file;
  const input = { type: 'promptString', id: INPUT_ID, description: 'Chatelaine agent key', password: true };
  return { inputs: [input], ...file };
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
