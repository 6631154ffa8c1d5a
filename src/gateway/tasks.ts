// Tasks (MCP 2025-11-25 "Tasks"; 2026-07-28 extension io.modelcontextprotocol/tasks): work at a server that
// outlives the request that began it. A server knows whose task it is by the credential alone. So tasks are
// passed on where the credential is the agent's own, and only between sides that speak alike; with a shared
// one, an agent could ask for what another began.

import type { JsonObject } from '../mcp/json.ts';
import { isObject } from '../mcp/json.ts';
import type { ConnectorRecord } from '../store/records.ts';
import type { Era } from './answers.ts';

const EXTENSION = 'io.modelcontextprotocol/tasks';
const METHODS: { readonly [era in Era]: ReadonlySet<string> } = {
  legacy: new Set(['tasks/get', 'tasks/result', 'tasks/list', 'tasks/cancel']),
  modern: new Set(['tasks/get', 'tasks/update', 'tasks/cancel']),
};

/** Whether tasks at this server belong to one agent each. */
export function areTasksOwned({ credentialMode, authType }: ConnectorRecord): boolean {
  return credentialMode === 'per_agent' && authType !== 'none';
}

export function isTaskMethod(era: Era, method: string): boolean {
  return METHODS[era].has(method);
}

/** The capabilities without a word of tasks. */
export function withoutTasks(capabilities: JsonObject): JsonObject {
  const { tasks: _, ...others } = capabilities;
  if (!isObject(others.extensions) || !Object.hasOwn(others.extensions, EXTENSION)) return others;
  const { [EXTENSION]: __, ...extensions } = others.extensions;
  return { ...others, extensions };
}
