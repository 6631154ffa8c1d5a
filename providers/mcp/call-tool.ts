// tools/call: a plausible result that always says whose credential was used, so that a test can prove it.
import type { Caller } from '../bearer.ts';
import type { ToolDefinition } from '../tools/define.ts';

export type ToolResult = {
  content: { type: 'text'; text: string }[];
  structuredContent: Record<string, unknown>;
  isError?: boolean;
};

/** The workspace each API key has selected (Render); shared by all sessions of the key. */
export type WorkspaceChoice = Map<string, string>;

export function callTool(
  tool: ToolDefinition,
  args: Record<string, unknown>,
  caller: Caller,
  workspaces: WorkspaceChoice | undefined,
): ToolResult {
  const missing = (tool.inputSchema.required ?? []).filter((name) => args[name] === undefined);
  const whoami = {
    account: caller.account,
    ...(caller.clientId ? { clientId: caller.clientId } : {}),
    ...(caller.scopes.length > 0 ? { scopes: caller.scopes } : {}),
    ...(workspaces?.has(caller.token) ? { workspace: workspaces.get(caller.token) } : {}),
  };
  if (missing.length > 0) return failure(whoami, `Missing arguments: ${missing.join(', ')}`);
  if (workspaces) {
    const refusal = inWorkspace(tool.name, args, caller, workspaces);
    if (refusal) return failure(whoami, refusal);
    const workspace = workspaces.get(caller.token);
    if (workspace) Object.assign(whoami, { workspace });
  }
  const data = workspaces && tool.name === 'list_workspaces' ? { items: workspacesOf(caller) } : sample(tool, args);
  return success({ whoami, tool: tool.name, ...data });
}

/** Applies select_workspace; a string says why the call cannot go on. */
function inWorkspace(
  tool: string,
  args: Record<string, unknown>,
  caller: Caller,
  workspaces: WorkspaceChoice,
): string | undefined {
  if (tool === 'list_workspaces') return undefined;
  if (tool === 'select_workspace') {
    const chosen = workspacesOf(caller).find(({ id }) => id === args.ownerID);
    if (!chosen) return `No workspace ${String(args.ownerID)} for this API key`;
    workspaces.set(caller.token, chosen.id);
    return undefined;
  }
  return workspaces.has(caller.token) ? undefined : 'No workspace selected: call select_workspace first';
}

/** Every account has a workspace of its own and shares one. */
function workspacesOf({ account }: Pick<Caller, 'account'>): { id: string; name: string }[] {
  const owner = account.split('@')[0] ?? account;
  return [
    { id: `tea-${owner}`, name: `${owner}'s workspace` },
    { id: 'tea-acme', name: 'Acme' },
  ];
}

function sample(tool: ToolDefinition, args: Record<string, unknown>): Record<string, unknown> {
  const noun = tool.name.replace(/^[a-z]+_/, '').replace(/s$/, '');
  if (/^(list|find|search|query)_/.test(tool.name)) {
    return {
      arguments: args,
      items: [1, 2].map((number) => ({ id: `${noun}-${number}`, name: `Sample ${noun} ${number}` })),
    };
  }
  return { arguments: args, item: { ...args, id: args.id ?? `${noun}-1` } };
}

function success(structuredContent: Record<string, unknown>): ToolResult {
  return { content: [{ type: 'text', text: JSON.stringify(structuredContent, null, 2) }], structuredContent };
}

function failure(whoami: Record<string, unknown>, message: string): ToolResult {
  const structuredContent = { whoami, error: message };
  return { content: [{ type: 'text', text: JSON.stringify(structuredContent) }], structuredContent, isError: true };
}
