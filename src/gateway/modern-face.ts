// The gateway as a server of MCP 2026-07-28: every request stands for itself, greets nobody and keeps nothing.
// What the gateway knows it answers here; the rest goes on to the connector's server.

import { knownCredential } from '../hub/access-token.ts';
import type { AccessConnector } from '../hub/agent-access.ts';
import { TOOL_LIST_TTL_MS } from '../limits.ts';
import { INVALID_PARAMS } from '../mcp/json-rpc.ts';
import { mirroringMismatch } from '../mcp/mirrored-headers.ts';
import { isModern, LATEST_MODERN } from '../mcp/revisions.ts';
import type { ConnectorRecord } from '../store/records.ts';
import type { AgentRequest } from './agent-call.ts';
import { mismatch } from './agent-message.ts';
import {
  type AgentAnswer,
  AgentRefusal,
  isFlow,
  jsonText,
  resultResponse,
  shapeResult,
  unknownMethod,
} from './answers.ts';
import type { FaceParts } from './face-parts.ts';
import { calledTool, send } from './face-parts.ts';
import { whileAllowed } from './pass-through.ts';
import { offeredCapabilities } from './server-facts.ts';
import { areTasksOwned, isTaskMethod } from './tasks.ts';
import { subscriptionStream } from './tool-changes.ts';

/** What `/mcp/{key}` passes on beside tools. */
const PASSED_ON: ReadonlySet<string> = new Set([
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'prompts/list',
  'prompts/get',
  'completion/complete',
]);

/** Answers one modern request. @throws AgentRefusal */
export async function answerModern(parts: FaceParts, request: AgentRequest): Promise<AgentAnswer> {
  const { access, endpoint, method } = request;
  const offered = endpoint === null ? null : (access.connectors.get(endpoint) ?? null);
  switch (method) {
    case 'server/discover':
      return discover(parts, request, offered);
    case 'tools/list':
      return listTools(parts, request);
    case 'tools/call': {
      const found = calledTool(parts, request);
      const called = found instanceof Promise ? await found : found;
      if (called.tool.definition.includes('x-mcp-header')) {
        const fault = mirroringMismatch(called.tool.parsed, request.params.arguments, request.headers);
        if (fault !== null) throw mismatch(fault);
      }
      return send(parts, request, called.connector, called.tool);
    }
    case 'subscriptions/listen':
      return subscribe(parts, request, offered);
  }
  if (offered === null || !isPassedOn(parts, method, offered.connector)) throw unknownMethod('modern', method);
  return send(parts, request, offered.connector, null);
}

function isPassedOn({ connections }: FaceParts, method: string, connector: ConnectorRecord): boolean {
  if (PASSED_ON.has(method)) return true;
  const protocol = connections.protocolOf(connector);
  const isAlike = protocol !== null && isModern(protocol.version);
  return isTaskMethod('modern', method) && isAlike && areTasksOwned(connector);
}

async function discover(
  parts: FaceParts,
  request: AgentRequest,
  offered: AccessConnector | null,
): Promise<AgentAnswer> {
  const facts = offered === null ? null : await parts.facts(request.access.agent.id, offered.connector);
  const result = {
    supportedVersions: [LATEST_MODERN],
    capabilities: offeredCapabilities(facts, 'modern', offered?.connector),
    ...(facts?.instructions == null ? {} : { instructions: facts.instructions }),
    ttlMs: TOOL_LIST_TTL_MS,
    cacheScope: 'private',
  };
  return resultResponse(request.id, shapeResult('modern', result, parts.serverInfo));
}

async function listTools(parts: FaceParts, request: AgentRequest): Promise<AgentAnswer> {
  if (request.params.cursor !== undefined) throw new AgentRefusal(200, INVALID_PARAMS, 'There is no such cursor.');
  const tools = await parts.offered.list(request.access, request.endpoint);
  const result = shapeResult('modern', { ttlMs: TOOL_LIST_TTL_MS, cacheScope: 'private' }, parts.serverInfo);
  return listing(request, tools ?? '[]', JSON.stringify(result));
}

/** The stored definitions go out as they were stored. */
export function listing({ id }: AgentRequest, tools: string, others: string): AgentAnswer {
  const rest = others === '{}' ? '' : `,${others.slice(1, -1)}`;
  return jsonText(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"tools":${tools}${rest}}}`);
}

async function subscribe(
  parts: FaceParts,
  request: AgentRequest,
  offered: AccessConnector | null,
): Promise<AgentAnswer> {
  const protocol = offered === null ? null : parts.connections.protocolOf(offered.connector);
  // A server of the same revision tells of its resources and prompts too.
  if (offered !== null && protocol !== null && isModern(protocol.version)) {
    const { connector } = offered;
    const answer = await send(parts, request, connector, null);
    if (!isFlow(answer.body)) return answer;
    const { credentialId = null } = knownCredential(parts.context, connector, request.access.agent.id) ?? {};
    return { ...answer, body: whileAllowed(answer.body, () => parts.mayListen(request, credentialId)) };
  }
  const leave = parts.limits.enterStream(request.access.agent.id);
  return subscriptionStream(request.id, request.params, () => parts.toolsNow(request), request.hangUp, leave);
}
