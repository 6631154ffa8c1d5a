// Reads what an agent sent: one JSON-RPC message, and which era it speaks. The body decides, the headers must
// agree with it (MCP 2026-07-28, "Standard Request Headers" and "Request Metadata"). Who may ask for what is
// not judged here.

import { decodeHeaderValue } from '../mcp/header-value.ts';
import type { JsonObject } from '../mcp/json.ts';
import { isObject, parseExact, stringField } from '../mcp/json.ts';
import type { RequestId } from '../mcp/json-rpc.ts';
import { HEADER_MISMATCH, INVALID_PARAMS } from '../mcp/json-rpc.ts';
import { isModern } from '../mcp/revisions.ts';
import type { AgentHeaders } from './agent-call.ts';
import type { Era } from './answers.ts';
import { AgentRefusal, INVALID_REQUEST, PARSE_ERROR, unsupportedVersion } from './answers.ts';
import { flawIn } from './message-text.ts';

const VERSION_META = 'io.modelcontextprotocol/protocolVersion';
const CAPABILITIES_META = 'io.modelcontextprotocol/clientCapabilities';
const CLIENT_INFO_META = 'io.modelcontextprotocol/clientInfo';

/** Which parameter `Mcp-Name` repeats, by method. */
const NAMED_BY: ReadonlyMap<string, string> = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
]);

export type AgentMessage =
  | {
      readonly kind: 'request';
      readonly era: Era;
      readonly id: RequestId;
      readonly method: string;
      readonly params: JsonObject;
      /** As declared on this request; older agents declared theirs at `initialize`. */
      readonly capabilities: JsonObject;
    }
  | { readonly kind: 'notification'; readonly era: Era; readonly method: string; readonly params: JsonObject }
  | { readonly kind: 'answer'; readonly era: 'legacy'; readonly id: RequestId; readonly body: JsonObject };

/** The parsed body; an array is a batch of a 2025-03-26 agent. @throws AgentRefusal */
export function parseBody(text: string): unknown {
  const flaw = flawIn(text);
  if (flaw === 'too_deep') throw new AgentRefusal(400, PARSE_ERROR, 'The body is nested too deep.');
  let body: unknown;
  try {
    body = parseExact(text);
  } catch {
    throw new AgentRefusal(400, PARSE_ERROR, 'The body is not valid JSON.');
  }
  if (flaw === 'ambiguous') throw new AgentRefusal(400, INVALID_REQUEST, 'The message holds a key twice.');
  return body;
}

/** The id to answer under, of whatever was sent. */
export function idOf(body: unknown): RequestId | null {
  const id = isObject(body) ? body.id : null;
  return typeof id === 'string' || isExact(id) ? id : null;
}

/** A number that was read as it was written: others would be answered under another id, or under none. */
function isExact(id: unknown): id is number {
  return typeof id === 'number' && Number.isFinite(id) && (!Number.isInteger(id) || Number.isSafeInteger(id));
}

/** The message with its era. @throws AgentRefusal -32600, -32602, -32020, -32022 */
export function readMessage(body: unknown, headers: AgentHeaders): AgentMessage {
  if (!isObject(body) || body.jsonrpc !== '2.0') throw malformed();
  const id = idOf(body);
  if (typeof body.method !== 'string') {
    if (id === null || (!isObject(body.result) && !isObject(body.error))) throw malformed();
    return { kind: 'answer', era: 'legacy', id, body };
  }
  if (body.params !== undefined && !isObject(body.params)) throw malformed();
  const { method, params = {} } = body as { method: string; params?: JsonObject };
  if (id === null) {
    if (body.id !== undefined) throw malformed();
    return { kind: 'notification', era: eraOf(method, params, headers), method, params };
  }
  if (eraOf(method, params, headers) === 'legacy') {
    return { kind: 'request', era: 'legacy', id, method, params, capabilities: {} };
  }
  const capabilities = checkEnvelope(params, headers);
  checkHeaders(method, params, headers);
  return { kind: 'request', era: 'modern', id, method, params, capabilities };
}

function malformed(): AgentRefusal {
  return new AgentRefusal(400, INVALID_REQUEST, 'The body is not one JSON-RPC 2.0 message.');
}

function eraOf(method: string, params: JsonObject, headers: AgentHeaders): Era {
  const meta = isObject(params._meta) ? params._meta : {};
  const claimed = meta[VERSION_META];
  // `initialize` belongs to the older revisions, unless its envelope says plainly that it does not.
  if (method === 'initialize') return typeof claimed === 'string' && isModern(claimed) ? 'modern' : 'legacy';
  const header = headers['mcp-protocol-version']?.trim() ?? '';
  return claimed !== undefined || isModern(header) ? 'modern' : 'legacy';
}

/** The declared capabilities. */
function checkEnvelope(params: JsonObject, headers: AgentHeaders): JsonObject {
  const meta = isObject(params._meta) ? params._meta : {};
  const version = meta[VERSION_META];
  if (typeof version !== 'string') throw badEnvelope(VERSION_META);
  const capabilities = meta[CAPABILITIES_META];
  if (!isObject(capabilities)) throw badEnvelope(CAPABILITIES_META);
  const clientInfo = meta[CLIENT_INFO_META];
  const named = stringField(clientInfo, 'name') !== null && stringField(clientInfo, 'version') !== null;
  if (clientInfo !== undefined && !named) throw badEnvelope(CLIENT_INFO_META);
  const header = headers['mcp-protocol-version']?.trim();
  if (header !== undefined && header !== version) throw mismatch('MCP-Protocol-Version does not say what _meta says.');
  if (!isModern(version)) throw unsupportedVersion(version);
  if (header === undefined) throw mismatch('The MCP-Protocol-Version header is missing.');
  return capabilities;
}

function badEnvelope(field: string): AgentRefusal {
  return new AgentRefusal(400, INVALID_PARAMS, `params._meta["${field}"] is missing or malformed.`);
}

function checkHeaders(method: string, params: JsonObject, headers: AgentHeaders): void {
  const sentMethod = headers['mcp-method']?.trim();
  if (sentMethod !== method) throw mismatch(`Mcp-Method must repeat the method of the body.`);
  const field = NAMED_BY.get(method);
  const named = field === undefined ? undefined : params[field];
  if (typeof named !== 'string') return;
  const sentName = headers['mcp-name']?.trim();
  if (sentName === undefined || decodeHeaderValue(sentName) !== named)
    throw mismatch(`Mcp-Name must repeat params.${field} of the body.`);
}

export function mismatch(message: string): AgentRefusal {
  return new AgentRefusal(400, HEADER_MISMATCH, message);
}
