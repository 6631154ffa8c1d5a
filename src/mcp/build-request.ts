// Builds the HTTP requests of both eras from plain values; sends nothing. The modern era repeats in headers
// what the body says (MCP 2026-07-28, "Standard Request Headers"), so both are made here, side by side.

import { ChatelaineError, quoteForeign } from '../errors.ts';
import { encodeHeaderValue, isVisibleAscii } from './header-value.ts';
import { isObject } from './json.ts';
import type { RequestId } from './json-rpc.ts';
import { mirroredHeaders } from './mirrored-headers.ts';
import type { ToolDefinition } from './types.ts';

const PROTOCOL_VERSION_META = 'io.modelcontextprotocol/protocolVersion';
const CLIENT_CAPABILITIES_META = 'io.modelcontextprotocol/clientCapabilities';
const CLIENT_INFO_META = 'io.modelcontextprotocol/clientInfo';

const ACCEPT = 'application/json, text/event-stream';

/** Headers that belong to the protocol; an operator's custom header cannot take their place. */
const OWNED_HEADERS: ReadonlySet<string> = new Set([
  'accept',
  'content-type',
  'last-event-id',
  'mcp-method',
  'mcp-name',
  'mcp-protocol-version',
  'mcp-session-id',
]);

/** Which parameter `Mcp-Name` repeats, by method. */
const NAMED_BY: ReadonlyMap<string, string> = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
]);

/** By lower-case name. */
export type HeaderFields = Record<string, string>;

export type ClientIdentity = { readonly name: string; readonly version: string };

/** What a modern request declares about us, on every single request. */
export type ModernEnvelope = {
  readonly version: string;
  readonly clientInfo: ClientIdentity;
  readonly clientCapabilities: Readonly<Record<string, unknown>>;
};

export type OutgoingRequest = {
  readonly id: RequestId;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** The definition of the tool that is called, for its `Mcp-Param-*` headers. */
  readonly tool?: ToolDefinition | undefined;
};

export type SessionHeaders = {
  /** null before it is negotiated. */
  readonly version: string | null;
  readonly sessionId: string | null;
};

/** A POST of one legacy message. */
export function legacyPost(
  custom: Readonly<HeaderFields>,
  session: SessionHeaders,
  message: Readonly<Record<string, unknown>>,
): RequestInit {
  return {
    method: 'POST',
    headers: legacyHeaders(custom, session),
    body: JSON.stringify({ jsonrpc: '2.0', ...message }),
  };
}

/** The headers of a legacy POST whose body is made elsewhere. */
export function legacyHeaders(custom: Readonly<HeaderFields>, session: SessionHeaders): HeaderFields {
  const headers = postHeaders(custom);
  addSession(headers, session);
  return headers;
}

/** A GET of a legacy event stream, resumed after `lastEventId` where there is one. */
export function streamGet(
  custom: Readonly<HeaderFields>,
  session: SessionHeaders,
  lastEventId: string | null,
): RequestInit {
  return { method: 'GET', headers: streamHeaders(custom, session, lastEventId) };
}

export function streamHeaders(
  custom: Readonly<HeaderFields>,
  session: SessionHeaders,
  lastEventId: string | null,
): HeaderFields {
  const headers = customHeaders(custom);
  headers.accept = 'text/event-stream';
  addSession(headers, session);
  if (lastEventId !== null) headers['last-event-id'] = lastEventId;
  return headers;
}

/** The DELETE that ends a legacy session. */
export function sessionDelete(custom: Readonly<HeaderFields>, session: SessionHeaders): RequestInit {
  const headers = customHeaders(custom);
  addSession(headers, session);
  return { method: 'DELETE', headers };
}

/** A POST of one modern request. @throws invalid_request for a method that no header can hold */
export function modernPost(
  custom: Readonly<HeaderFields>,
  envelope: ModernEnvelope,
  request: OutgoingRequest,
): RequestInit {
  return {
    method: 'POST',
    headers: modernHeaders(custom, envelope.version, request),
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: request.id,
      method: request.method,
      params: modernParams(envelope, request.params),
    }),
  };
}

/** The headers of a modern request whose body is made elsewhere. @throws as {@link modernPost} */
export function modernHeaders(
  custom: Readonly<HeaderFields>,
  version: string,
  { method, params, tool }: Omit<OutgoingRequest, 'id'>,
): HeaderFields {
  if (!isVisibleAscii(method)) {
    throw new ChatelaineError('invalid_request', `${quoteForeign(method, 80)} is not the name of an MCP method.`);
  }
  const headers = postHeaders(custom);
  headers['mcp-protocol-version'] = version;
  headers['mcp-method'] = method;
  const name = params[NAMED_BY.get(method) ?? ''];
  if (typeof name === 'string') headers['mcp-name'] = encodeHeaderValue(name);
  if (method === 'tools/call' && tool !== undefined) {
    for (const [header, value] of Object.entries(mirroredHeaders(tool, params.arguments)))
      headers[header.toLowerCase()] = value;
  }
  return headers;
}

/** As name, value, name, value …, which is what goes out. */
export function fieldList(headers: Readonly<HeaderFields>): string[] {
  const list: string[] = [];
  for (const name in headers) list.push(name, headers[name] ?? '');
  return list;
}

function modernParams(envelope: ModernEnvelope, params: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const meta = isObject(params._meta) ? params._meta : {};
  return {
    ...params,
    _meta: {
      ...meta,
      [PROTOCOL_VERSION_META]: envelope.version,
      [CLIENT_CAPABILITIES_META]: envelope.clientCapabilities,
      [CLIENT_INFO_META]: envelope.clientInfo,
    },
  };
}

function postHeaders(custom: Readonly<HeaderFields>): HeaderFields {
  const headers = customHeaders(custom);
  headers.accept = ACCEPT;
  headers['content-type'] = 'application/json';
  return headers;
}

function customHeaders(custom: Readonly<HeaderFields>): HeaderFields {
  const headers: HeaderFields = {};
  for (const given in custom) {
    const name = given.toLowerCase();
    const value = custom[given];
    if (value !== undefined && !OWNED_HEADERS.has(name)) headers[name] = value;
  }
  return headers;
}

function addSession(headers: HeaderFields, session: SessionHeaders): void {
  if (session.version !== null) headers['mcp-protocol-version'] = session.version;
  if (session.sessionId !== null) headers['mcp-session-id'] = session.sessionId;
}
