// A modern agent's request to a modern server (MCP 2026-07-28 on both sides): its own body goes on, under its
// own id, and the answer comes back as the bytes that the server sent. Nothing is parsed but the request.

import { withCredential } from '../hub/refused-credential.ts';
import { createRecorder } from '../hub/transcript.ts';
import { fieldList, type HeaderFields, modernHeaders } from '../mcp/build-request.ts';
import type { JsonObject } from '../mcp/json.ts';
import { HEADER_MISMATCH, UNSUPPORTED_PROTOCOL_VERSION } from '../mcp/json-rpc.ts';
import { readRefusal } from '../mcp/refusal.ts';
import { isModern, LATEST_MODERN } from '../mcp/revisions.ts';
import { RpcError, UpstreamStatusError } from '../mcp/types.ts';
import { isSuccess, responseOf } from '../outbound.ts';
import type { AgentCall, AgentHeaders, GatewayParts } from './agent-call.ts';
import type { AgentAnswer } from './answers.ts';
import { withParamsName } from './message-text.ts';
import { CONNECT_REQUEST } from './missing-credential.ts';
import { passThrough } from './pass-through.ts';

/** These carry a mark for caches, which may say "public" to whoever has no key; they are answered anew. */
const CACHEABLE: ReadonlySet<string> = new Set([
  'server/discover',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'prompts/list',
]);

/** Whether {@link relayModern} may be tried. */
export function canRelayModern({ connections }: GatewayParts, { era, method, connector }: AgentCall): boolean {
  const known = connections.protocolOf(connector);
  return era === 'modern' && known !== null && isModern(known.version) && !CACHEABLE.has(method);
}

/**
 * The server's answer, or null when the server must be asked what it speaks or wants first; it has done
 * nothing then.
 *
 * @throws what withCredential throws, RpcError, upstream_* faults
 */
export async function relayModern({ context }: GatewayParts, call: AgentCall): Promise<AgentAnswer | null> {
  const { connector, method, tool, meter } = call;
  const params = forServer(call);
  // Only an annotated schema is worth walking through.
  const definition = tool?.definition.includes('x-mcp-header') ? { tool: tool.parsed } : {};
  return withCredential(
    context,
    connector,
    call.access.agent.id,
    () => createRecorder(context, 'request'),
    {},
    async (resolved) => {
      meter.carries(resolved);
      const headers = modernHeaders(resolved.headers, LATEST_MODERN, { method, params, ...definition });
      addUnknownParameters(headers, call.headers);
      const { trace } = call;
      if (trace !== undefined) Object.assign(headers, trace.headers());
      // What a method of an extension is named by is between the two sides.
      const named = call.headers['mcp-name'];
      if (named !== undefined) headers['mcp-name'] ??= named;
      const request = {
        method: 'POST',
        headers: fieldList(headers),
        body: textForServer(call, params),
        cancellation: call.hangUp,
      };
      const answer = await meter.waits(context.outbound.passage(connector.url, request));
      if (isSuccess(answer)) return passThrough(answer, call);
      const refusal = await readRefusal(responseOf(answer, 'POST'), call.id);
      const code = refusal.rpc?.code;
      if (code === UNSUPPORTED_PROTOCOL_VERSION || code === HEADER_MISMATCH) return null;
      const mayBeOld = refusal.error instanceof UpstreamStatusError && [400, 404, 405].includes(refusal.status);
      if (mayBeOld || (refusal.error instanceof RpcError && !refusal.isAddressed)) return null;
      throw refusal.error;
    },
  );
}

function textForServer(call: AgentCall, params: JsonObject): string {
  if (params === call.params) return call.text;
  if (params.inputResponses === call.params.inputResponses && call.tool !== null)
    return withParamsName(call.text, call.tool.name);
  return JSON.stringify({ jsonrpc: '2.0', id: call.id, method: call.method, params });
}

/** The parameters as the server may see them: its own tool name, and none of the gateway's own questions. */
export function forServer({ params, tool }: Pick<AgentCall, 'params' | 'tool'>): JsonObject {
  const isRenamed = tool !== null && params.name !== tool.name;
  const responses = params.inputResponses as JsonObject | undefined;
  const isAnswered = responses !== undefined && Object.hasOwn(Object(responses), CONNECT_REQUEST);
  if (!isAnswered) return isRenamed ? { ...params, name: tool.name } : params;
  const { inputResponses: _, ...rest } = params;
  const { [CONNECT_REQUEST]: __, ...others } = responses ?? {};
  return {
    ...rest,
    ...(isRenamed ? { name: tool.name } : {}),
    ...(Object.keys(others).length === 0 ? {} : { inputResponses: others }),
  };
}

/** @see MCP 2026-07-28, "Custom Headers": an intermediary passes on the ones it does not know */
function addUnknownParameters(headers: HeaderFields, sent: AgentHeaders): void {
  for (const name in sent) {
    const value = sent[name];
    if (value !== undefined && name.startsWith('mcp-param-') && headers[name] === undefined) headers[name] = value;
  }
}
