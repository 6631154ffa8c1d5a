// One MCP server instance with low-level handlers; every era and transport is served by the same two.
import type { AuthInfo } from '@modelcontextprotocol/server';
import { ProtocolError, ProtocolErrorCode, Server } from '@modelcontextprotocol/server';
import type { Caller } from '../bearer.ts';
import type { Faults } from '../faults.ts';
import type { ToolDefinition } from '../tools/define.ts';
import type { WorkspaceChoice } from './call-tool.ts';
import { callTool } from './call-tool.ts';
import { listTools, offeredTools } from './list-tools.ts';

export type McpContext = {
  serverName: string;
  displayName: string;
  faults: Faults;
  tools: () => ToolDefinition[];
  workspaces: WorkspaceChoice | undefined;
};

/** `versions` limits which revisions initialize may settle on. */
export function createServer(context: McpContext, versions?: string[]): Server {
  const server = new Server(
    { name: context.serverName, title: context.displayName, version: '1.0.0' },
    { capabilities: { tools: { listChanged: true } }, ...(versions ? { supportedProtocolVersions: versions } : {}) },
  );
  const offered = () => offeredTools(context.tools(), context.faults);

  server.setRequestHandler('tools/list', (request) => {
    const page = listTools(offered(), context.faults, request.params?.cursor);
    // The package checks the page against the protocol's schema before it leaves.
    return page as never;
  });

  server.setRequestHandler('tools/call', (request, { http }) => {
    const { name, arguments: args = {} } = request.params;
    const tool = offered().find((candidate) => candidate.name === name);
    if (!tool) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Unknown tool: ${name}`);
    const caller = callerOf(http?.authInfo);
    if (!caller) throw new ProtocolError(ProtocolErrorCode.InvalidRequest, 'Not authenticated');
    return callTool(tool, args, caller, context.workspaces);
  });

  return server;
}

/** The caller travels to the handlers in the package's own field for authentication. */
export function authInfoOf(caller: Caller | undefined): AuthInfo | undefined {
  if (!caller) return undefined;
  const { token, clientId = caller.account, scopes } = caller;
  return { token, clientId, scopes, extra: { caller } };
}

function callerOf(authInfo: AuthInfo | undefined): Caller | undefined {
  return authInfo?.extra?.caller as Caller | undefined;
}
