// A request between an agent and a server of different eras, or of the same where something in the answer
// must change: sent anew in the server's dialect, answered in the agent's. Questions of the server reach an
// agent that declared that it answers them; what a revision does not have is left out or refused clearly.

import { ChatelaineError, quoteForeign } from '../errors.ts';
import { withCredential } from '../hub/refused-credential.ts';
import { createRecorder } from '../hub/transcript.ts';
import { INPUT_ROUNDS_MAX } from '../limits.ts';
import { callMethod } from '../mcp/call-tool.ts';
import type { JsonObject } from '../mcp/json.ts';
import { isObject, stringField } from '../mcp/json.ts';
import { METHOD_NOT_FOUND } from '../mcp/json-rpc.ts';
import { listTools } from '../mcp/list-tools.ts';
import { isModern } from '../mcp/revisions.ts';
import type { Peer } from '../mcp/types.ts';
import { RpcError } from '../mcp/types.ts';
import type { Upstream } from '../mcp/upstream.ts';
import type { AgentCall, GatewayParts } from './agent-call.ts';
import { forServer } from './relay-modern.ts';

const PROTOCOL_META = /^io\.modelcontextprotocol\/(?:protocolVersion|clientCapabilities|clientInfo|logLevel)$/;
const LOG_LEVEL_META = 'io.modelcontextprotocol/logLevel';
const CACHEABLE = /\/list$|^resources\/read$|^server\/discover$/;

/** The capability that a question of a server needs. */
const ASKED_WITH: ReadonlyMap<string, string> = new Map([
  ['elicitation/create', 'elicitation'],
  ['sampling/createMessage', 'sampling'],
  ['roots/list', 'roots'],
]);

/**
 * The result in the agent's own dialect.
 *
 * @throws what withCredential throws, RpcError, protocol_error, upstream_* faults
 */
export async function translate(
  { context, connections, logLevels }: GatewayParts,
  call: AgentCall,
  peer: Peer,
  signal: AbortSignal,
): Promise<JsonObject> {
  const agentId = call.access.agent.id;
  const known = connections.protocolOf(call.connector);
  // A question in mid-call needs an agent that holds its stream open: that is how the older revisions work.
  const isStranger = call.era === 'modern' && (known === null || !isModern(known.version));
  const scope = { agentId, session: call.session?.nonce ?? null, capabilities: isStranger ? {} : call.capabilities };
  const recorder = () => createRecorder(context, 'request');
  return withCredential(context, call.connector, agentId, recorder, {}, (resolved) => {
    call.meter.carries(resolved);
    return connections.use(call.connector, resolved, scope, (upstream) =>
      call.meter.waits(forward(upstream, call, peer, signal, logLevels.get(call.session?.nonce ?? '') ?? null)),
    );
  });
}

async function forward(
  upstream: Upstream,
  call: AgentCall,
  peer: Peer,
  signal: AbortSignal,
  logLevel: string | null,
): Promise<JsonObject> {
  const isModernServer = isModern(upstream.protocol.version);
  const own = isObject(call.params._meta) ? call.params._meta : {};
  const meta = call.trace === undefined ? own : { ...own, ...call.trace.meta() };
  const received = call.trace === undefined ? forServer(call) : { ...forServer(call), _meta: meta };
  const wantsLog = isModernServer && call.era === 'legacy' && logLevel !== null;
  const given = wantsLog ? { ...received, _meta: { ...meta, [LOG_LEVEL_META]: logLevel } } : received;
  const options = {
    method: call.method,
    ...(call.tool === null ? {} : { tool: call.tool.parsed }),
    relist: async () => (await listTools(upstream)).tools.find(({ name }) => name === call.tool?.name),
    peer: listener(call, meta, peer),
    signal,
    ...(meta.progressToken === undefined ? {} : { onProgress: progressTo(peer, meta.progressToken) }),
  };
  let params: JsonObject = isModernServer ? given : { ...given, _meta: withoutProtocol(meta) };
  if (!isModernServer && Object.keys(params._meta as object).length === 0) params = without(params, '_meta');
  for (let round = 0; ; round += 1) {
    const { resultType, result } = await callMethod(upstream, { ...options, params });
    if (resultType === 'complete' || call.era === 'modern') return inDialect(call, result, isModernServer);
    if (round >= INPUT_ROUNDS_MAX) {
      throw new ChatelaineError('protocol_error', `The server asked for input ${round} times in one call.`);
    }
    params = { ...given, ...(await answersOf(call, result, peer)) };
  }
}

/** Puts the questions of an `input_required` result to an older agent, on the stream that it holds open. */
async function answersOf(call: AgentCall, result: JsonObject, peer: Peer): Promise<JsonObject> {
  const answers: Record<string, JsonObject> = {};
  for (const [name, request] of Object.entries(isObject(result.inputRequests) ? result.inputRequests : {})) {
    const method = stringField(request, 'method') ?? '';
    if (!isDeclared(call, method)) {
      throw new ChatelaineError(
        'protocol_error',
        `The server asks the agent for ${quoteForeign(method, 80)}, which this agent did not declare; the call was given up.`,
      );
    }
    answers[name] = await peer.ask(method, question(isObject(request) ? request.params : undefined));
  }
  return {
    ...(Object.keys(answers).length === 0 ? {} : { inputResponses: answers }),
    ...(typeof result.requestState === 'string' ? { requestState: result.requestState } : {}),
  };
}

function isDeclared({ capabilities }: AgentCall, method: string): boolean {
  const capability = ASKED_WITH.get(method);
  return capability !== undefined && capabilities[capability] !== undefined;
}

/** The older revision names each page to open with an id. */
function question(params: unknown): unknown {
  if (!isObject(params) || params.mode !== 'url' || params.elicitationId !== undefined) return params;
  return { ...params, elicitationId: crypto.randomUUID() };
}

/** Modern agents hear the log only where they asked for it on this very request. */
function listener(call: AgentCall, meta: JsonObject, peer: Peer): Peer {
  const hearsLog = call.era === 'legacy' || meta[LOG_LEVEL_META] !== undefined;
  return {
    notify(method, params) {
      if (method === 'notifications/message' ? hearsLog : method === 'notifications/progress')
        peer.notify(method, params);
    },
    async ask(method, params) {
      // A modern agent has no way to answer in mid-call; any other is asked for what it declared alone.
      const isAskable = call.era === 'legacy' && isDeclared(call, method);
      if (!isAskable) throw new RpcError({ code: METHOD_NOT_FOUND, message: 'Method not found', data: undefined });
      return peer.ask(method, params);
    },
  };
}

function progressTo(peer: Peer, progressToken: unknown): (params: unknown) => void {
  return (params) => peer.notify('notifications/progress', { ...(isObject(params) ? params : {}), progressToken });
}

function inDialect(call: AgentCall, result: JsonObject, isModernServer: boolean): JsonObject {
  if (call.era === 'legacy') return isModernServer ? without(result, 'resultType', 'ttlMs', 'cacheScope') : result;
  if (!CACHEABLE.test(call.method) || result.resultType === 'input_required') return result;
  return { ...result, ttlMs: typeof result.ttlMs === 'number' ? result.ttlMs : 0, cacheScope: 'private' };
}

function withoutProtocol(meta: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(meta).filter(([name]) => !PROTOCOL_META.test(name)));
}

function without(value: JsonObject, ...names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)));
}
