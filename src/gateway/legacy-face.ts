// The gateway as a server of the older revisions (MCP 2025-03-26 to 2025-11-25): initialize, a session whose
// state is in its id, requests, notifications, the answers of agents to questions, a listening stream, the end.

import type { AccessConnector } from '../hub/agent-access.ts';
import { GREETING_WAIT_MS } from '../limits.ts';
import type { JsonObject } from '../mcp/json.ts';
import { isObject, stringField } from '../mcp/json.ts';
import { INVALID_PARAMS } from '../mcp/json-rpc.ts';
import { isLegacy, isModern, LATEST_LEGACY } from '../mcp/revisions.ts';
import type { AgentHeaders, AgentRequest, Visit } from './agent-call.ts';
import type { AgentMessage } from './agent-message.ts';
import {
  type AgentAnswer,
  AgentRefusal,
  accepted,
  eventStream,
  INVALID_REQUEST,
  REFUSED,
  resultResponse,
  unknownMethod,
} from './answers.ts';
import type { FaceParts } from './face-parts.ts';
import { calledTool, send } from './face-parts.ts';
import { cancellationOf, placeOf } from './forward.ts';
import { listing } from './modern-face.ts';
import { isEventStream, passedOn, whileAllowed } from './pass-through.ts';
import type { RelayTarget } from './relay-legacy.ts';
import { offeredCapabilities } from './server-facts.ts';
import type { AgentSession } from './session-id.ts';
import { areTasksOwned, isTaskMethod } from './tasks.ts';
import { changesStream } from './tool-changes.ts';

/** What agents may tell a server; `initialized` was told when the session began. */
const NOTIFICATIONS: ReadonlySet<string> = new Set([
  'notifications/cancelled',
  'notifications/progress',
  'notifications/roots/list_changed',
  'notifications/tasks/status',
]);
const REQUEST_ID_MAX_CHARACTERS = 200;
/** HTTP with SSE, the transport of 2024-11-05, is not spoken here. */
const NOT_OVER_HTTP = '2024-11-05';

const PASSED_ON: ReadonlySet<string> = new Set([
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'resources/subscribe',
  'resources/unsubscribe',
  'prompts/list',
  'prompts/get',
  'completion/complete',
  'logging/setLevel',
]);

/** The session that a request names. @throws AgentRefusal 400 without one, 404 for one that is not there */
export function sessionOf(parts: FaceParts, visit: Visit): AgentSession | Promise<AgentSession> {
  const id = visit.headers['mcp-session-id'];
  if (id === undefined)
    throw new AgentRefusal(400, INVALID_REQUEST, 'Send the Mcp-Session-Id that initialize was answered with.');
  const opened = parts.sessionIds.open(visit.access.agent.id, visit.endpoint, id);
  return opened instanceof Promise
    ? opened.then((session) => checked(session, visit.headers))
    : checked(opened, visit.headers);
}

function checked(session: AgentSession | null, headers: AgentHeaders): AgentSession {
  if (session === null) throw new AgentRefusal(404, REFUSED, 'There is no such session; initialize again.');
  const version = headers['mcp-protocol-version']?.trim();
  if (version !== undefined && !isLegacy(version))
    throw new AgentRefusal(400, INVALID_REQUEST, 'This MCP-Protocol-Version is not the one that was agreed on.');
  return session;
}

/** Answers `initialize`. @throws AgentRefusal */
export async function initialize(
  parts: FaceParts,
  visit: Visit,
  id: string | number,
  params: JsonObject,
): Promise<AgentAnswer> {
  const asked = stringField(params, 'protocolVersion');
  if (asked === null) throw new AgentRefusal(400, INVALID_PARAMS, 'initialize must name a protocolVersion.');
  const version = isLegacy(asked) && asked !== NOT_OVER_HTTP ? asked : LATEST_LEGACY;
  const { access, endpoint } = visit;
  const capabilities = isObject(params.capabilities) ? params.capabilities : {};
  const clientInfo = clientInfoOf(params, parts);
  const offered = endpoint === null ? undefined : access.connectors.get(endpoint);
  const greeting = await greet(parts, visit, offered, { version, capabilities, clientInfo });
  const session = { endpoint, version, capabilities, clientInfo, upstream: greeting.upstream };
  const sessionId = await parts.sessionIds.seal(access.agent.id, session);
  const result = {
    protocolVersion: version,
    capabilities: greeting.capabilities,
    serverInfo: parts.serverInfo,
    ...(greeting.instructions === null ? {} : { instructions: greeting.instructions }),
  };
  return resultResponse(id, result, { 'mcp-session-id': sessionId });
}

/** Answers one request of a session. @throws AgentRefusal */
export async function answerLegacy(parts: FaceParts, request: AgentRequest): Promise<AgentAnswer> {
  const { access, endpoint, method, params, session } = request;
  switch (method) {
    case 'ping':
      return resultResponse(request.id, {});
    case 'tools/list': {
      if (params.cursor !== undefined) throw new AgentRefusal(200, INVALID_PARAMS, 'There is no such cursor.');
      return listing(request, (await parts.offered.list(access, endpoint)) ?? '[]', '{}');
    }
    case 'tools/call': {
      const called = calledTool(parts, request);
      const { connector, tool } = called instanceof Promise ? await called : called;
      return send(parts, request, connector, tool);
    }
  }
  const offered = endpoint === null ? undefined : access.connectors.get(endpoint);
  const protocol = offered === undefined ? null : parts.connections.protocolOf(offered.connector);
  const isRelayed = offered !== undefined && session !== null && parts.relay.serves(offered.connector, session);
  if (method === 'logging/setLevel' && protocol !== null && isModern(protocol.version) && !isRelayed) {
    // A modern server is told with each request how much of its log is wanted.
    if (typeof params.level === 'string' && session !== null) parts.logLevels.set(session.nonce, params.level);
    return resultResponse(request.id, {});
  }
  const areTheirs = isRelayed && isTaskMethod('legacy', method) && areTasksOwned(offered.connector);
  if (offered === undefined || !(PASSED_ON.has(method) || areTheirs)) throw unknownMethod('legacy', method);
  return send(parts, request, offered.connector, null);
}

/** Takes a notification, or an answer to a question. */
export async function takeLegacy(
  parts: FaceParts,
  visit: Visit,
  session: AgentSession,
  message: Exclude<AgentMessage, { kind: 'request' }>,
): Promise<AgentAnswer> {
  if (message.kind === 'notification' && !NOTIFICATIONS.has(message.method)) return accepted();
  const target = relayTarget(parts, visit, session);
  if (target === null) {
    if (message.kind === 'answer') await parts.questions.answer(visit.access.agent.id, message.id, message.body);
    else if (message.method === 'notifications/cancelled') await cancel(parts, visit, session, message.params);
    return accepted();
  }
  // What the server makes of it is nothing that the agent waits for.
  const response = await parts.relay.post(target, null, plainText(message)).catch(() => null);
  response?.body.cancel();
  return accepted();
}

/** Made anew of what was understood: nothing else in it may be a call to another reader. */
function plainText(message: Exclude<AgentMessage, { kind: 'request' }>): string {
  if (message.kind === 'notification') {
    const { method, params } = message;
    return JSON.stringify({ jsonrpc: '2.0', method, ...(Object.keys(params).length === 0 ? {} : { params }) });
  }
  const { result, error } = message.body;
  return JSON.stringify({ jsonrpc: '2.0', id: message.id, ...(isObject(result) ? { result } : { error }) });
}

/** The listening stream of a session. @throws AgentRefusal */
export async function listen(parts: FaceParts, visit: Visit, session: AgentSession): Promise<AgentAnswer> {
  const target = relayTarget(parts, visit, session);
  const lastEventId = visit.headers['last-event-id'] ?? null;
  const leave = parts.limits.enterStream(visit.access.agent.id);
  const relayed = target === null ? null : await parts.relay.listen(target, lastEventId).catch(() => null);
  if (relayed !== null && isEventStream(relayed)) {
    const flow = passedOn(relayed.body, visit.hangUp, { isStream: true, onEnd: leave });
    return eventStream(whileAllowed(flow, () => parts.mayListen(visit, relayed.credentialId)));
  }
  relayed?.body.cancel();
  if (lastEventId !== null) {
    leave();
    throw new AgentRefusal(405, REFUSED, 'This stream cannot be resumed.');
  }
  return changesStream(() => parts.toolsNow(visit), visit.hangUp, leave);
}

/** Ends a session here and at the server. */
export async function endSession(parts: FaceParts, visit: Visit, session: AgentSession): Promise<AgentAnswer> {
  parts.sessionIds.end(visit.access.agent.id, visit.headers['mcp-session-id'] ?? '');
  const target = relayTarget(parts, visit, session);
  if (target !== null) await parts.relay.end(target);
  return { status: 204, headers: {}, body: null };
}

function clientInfoOf(params: JsonObject, parts: FaceParts): JsonObject {
  const name = stringField(params.clientInfo, 'name');
  const version = stringField(params.clientInfo, 'version');
  return name === null || version === null
    ? parts.serverInfo
    : { name: name.slice(0, 200), version: version.slice(0, 100) };
}

type LegacyGreeting = {
  readonly capabilities: JsonObject;
  readonly instructions: string | null;
  readonly upstream: AgentSession['upstream'];
};

/** A server that keeps sessions begins one now; of any other it is asked what it can do. */
async function greet(
  parts: FaceParts,
  { access }: Visit,
  offered: AccessConnector | undefined,
  offer: Pick<AgentSession, 'version' | 'capabilities' | 'clientInfo'>,
): Promise<LegacyGreeting> {
  if (offered === undefined)
    return { capabilities: offeredCapabilities(null, 'legacy'), instructions: null, upstream: null };
  const { connector } = offered;
  const begun = parts.relay.mayBegin(connector)
    ? await parts.relay
        .begin(access.agent.id, connector, offer, AbortSignal.timeout(GREETING_WAIT_MS))
        .catch(() => null)
    : null;
  // A session that was begun and failed will be begun anew at the first call; a server without any is asked.
  const isOpen = begun !== null || parts.relay.mayBegin(connector);
  const facts = isOpen
    ? begun && { ...begun.greeting, era: 'legacy' as const }
    : await parts.facts(access.agent.id, connector);
  return {
    capabilities: offeredCapabilities(facts, 'legacy', begun === null ? undefined : connector),
    instructions: facts?.instructions ?? null,
    upstream: begun?.upstream ?? null,
  };
}

function relayTarget(parts: FaceParts, { access, endpoint, hangUp }: Visit, session: AgentSession): RelayTarget | null {
  const offered = endpoint === null ? undefined : access.connectors.get(endpoint);
  if (offered === undefined || !parts.relay.serves(offered.connector, session)) return null;
  return { agentId: access.agent.id, connector: offered.connector, session, hangUp };
}

async function cancel(
  parts: FaceParts,
  { access }: Visit,
  session: AgentSession,
  { requestId }: JsonObject,
): Promise<void> {
  if (typeof requestId !== 'string' && typeof requestId !== 'number') return;
  if (String(requestId).length > REQUEST_ID_MAX_CHARACTERS) return;
  const place = placeOf({ access, session, id: requestId });
  const here = parts.underWay.get(place);
  if (here !== undefined) here.abort(new Error('The agent cancelled the request.'));
  else await parts.mailbox.leave(access.agent.id, cancellationOf(place), {});
}
