// JSON-RPC 2.0 as MCP uses it: sorts what a server sent into answers, requests and notifications.
// 2025-03-26 servers may send several messages as one array; later revisions send one.

import type { JsonObject } from './json.ts';
import { isObject } from './json.ts';

export const METHOD_NOT_FOUND = -32601;
export const INVALID_PARAMS = -32602;
export const INTERNAL_ERROR = -32603;
/** The HTTP headers do not say what the body says (2026-07-28). */
export const HEADER_MISMATCH = -32020;
/** The server needs a client capability that was not declared (2026-07-28). */
export const MISSING_CLIENT_CAPABILITY = -32021;
export const UNSUPPORTED_PROTOCOL_VERSION = -32022;

export type RequestId = string | number;
export type ResultMessage = { readonly kind: 'result'; readonly id: RequestId; readonly result: JsonObject };
export type ErrorMessage = {
  readonly kind: 'error';
  /** null when the server could not tell which request it failed at. */
  readonly id: RequestId | null;
  readonly code: number;
  readonly message: string;
  readonly data: unknown;
};
export type RequestMessage = {
  readonly kind: 'request';
  readonly id: RequestId;
  readonly method: string;
  readonly params: unknown;
};
export type NotificationMessage = { readonly kind: 'notification'; readonly method: string; readonly params: unknown };
export type AnswerMessage = ResultMessage | ErrorMessage;
export type Message = AnswerMessage | RequestMessage | NotificationMessage;

/** The messages in a parsed body or event; what is no JSON-RPC message is left out. */
export function messagesIn(value: unknown): Message[] {
  const items: unknown[] = Array.isArray(value) ? value : [value];
  return items.map(readMessage).filter((message) => message !== null);
}

function readMessage(value: unknown): Message | null {
  if (!isObject(value)) return null;
  const id = typeof value.id === 'string' || typeof value.id === 'number' ? value.id : null;
  if (typeof value.method === 'string') {
    const { method, params } = value;
    return id === null ? { kind: 'notification', method, params } : { kind: 'request', id, method, params };
  }
  if (isObject(value.error)) return readError(id, value.error);
  if (isObject(value.result) && id !== null) return { kind: 'result', id, result: value.result };
  return null;
}

function readError(id: RequestId | null, error: JsonObject): ErrorMessage | null {
  if (typeof error.code !== 'number') return null;
  const message = typeof error.message === 'string' ? error.message : '';
  return { kind: 'error', id, code: error.code, message, data: error.data };
}
