// The tools as an agent sees them: at /mcp/{key} under their own names, at /mcp all of them as
// `{key}__{tool}`. Made from the stored snapshots alone, so that no server is asked.

import type { AccessTool, AgentAccess } from '../hub/agent-access.ts';
import { callableTool } from '../hub/agent-access.ts';
import type { ConnectorRecord } from '../store/records.ts';

/** What common clients and model APIs accept. */
const NAME_MAX_CHARACTERS = 64;
const DIGEST_CHARACTERS = 8;
const SEPARATOR = '__';

/** A tool that the agent may call, with the connector whose server has it. */
export type CallableTool = { readonly connector: ConnectorRecord; readonly tool: AccessTool };

type Named = { readonly connectorKey: string; readonly tool: AccessTool };

export type OfferedTools = {
  /** The JSON text of the array for `tools/list`; null when there is no such endpoint for this agent. */
  list(access: AgentAccess, endpoint: string | null): Promise<string | null>;
  /** The tool behind `name`; null when the agent may not call it, or there is none. */
  find(access: AgentAccess, endpoint: string | null, name: string): CallableTool | null | Promise<CallableTool | null>;
};

/** Lists are made once for each state of an agent's access. */
export function createOfferedTools(): OfferedTools {
  const lists = new WeakMap<AgentAccess, Map<string, string>>();
  const indexes = new WeakMap<AgentAccess, Promise<ReadonlyMap<string, Named>>>();

  const indexOf = (access: AgentAccess): Promise<ReadonlyMap<string, Named>> => {
    const known = indexes.get(access);
    if (known !== undefined) return known;
    const made = aggregate(access);
    indexes.set(access, made);
    return made;
  };

  return {
    async list(access, endpoint) {
      const offered = endpoint === null ? null : access.connectors.get(endpoint);
      if (offered === undefined) return null;
      const texts = lists.get(access) ?? new Map<string, string>();
      lists.set(access, texts);
      let text = texts.get(endpoint ?? '');
      if (text === undefined) {
        const definitions =
          offered === null ? renamed(await indexOf(access)) : inOrder([...offered.tools.values()]).map(definitionOf);
        text = `[${definitions.join(',')}]`;
        texts.set(endpoint ?? '', text);
      }
      return text;
    },
    find(access, endpoint, name) {
      if (endpoint !== null) return callable(access, endpoint, name);
      return indexOf(access).then((index) => {
        const named = index.get(name);
        return named === undefined ? null : callable(access, named.connectorKey, named.tool.name);
      });
    },
  };
}

function callable(access: AgentAccess, connectorKey: string, toolName: string): CallableTool | null {
  const tool = callableTool(access, connectorKey, toolName);
  const connector = access.connectors.get(connectorKey)?.connector;
  return tool === null || connector === undefined ? null : { connector, tool };
}

/** The name of a tool at the endpoint with every tool: at most 64 characters, the same on every replica. */
async function aggregateName(key: string, tool: string): Promise<string> {
  const whole = `${key}${SEPARATOR}${tool}`;
  if (whole.length <= NAME_MAX_CHARACTERS) return whole;
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(whole)));
  const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  const mark = hex.slice(0, DIGEST_CHARACTERS);
  return `${whole.slice(0, NAME_MAX_CHARACTERS - DIGEST_CHARACTERS - 1)}_${mark}`;
}

async function aggregate(access: AgentAccess): Promise<ReadonlyMap<string, Named>> {
  const index = new Map<string, Named>();
  for (const connectorKey of [...access.connectors.keys()].sort()) {
    for (const tool of inOrder([...(access.connectors.get(connectorKey)?.tools.values() ?? [])])) {
      const name = await aggregateName(connectorKey, tool.name);
      if (!index.has(name)) index.set(name, { connectorKey, tool });
    }
  }
  return index;
}

function renamed(index: ReadonlyMap<string, Named>): string[] {
  return [...index].map(([name, { tool }]) => JSON.stringify({ ...tool.parsed, name }));
}

function inOrder(tools: readonly AccessTool[]): AccessTool[] {
  return tools.toSorted((a, b) => a.position - b.position || (a.name < b.name ? -1 : 1));
}

function definitionOf(tool: AccessTool): string {
  return tool.definition;
}
