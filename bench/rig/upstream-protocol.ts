// What the mock server answers to one message: 2025-11-25 sessions and 2026-07-28 without any, told apart by
// what the request names. Answers are put together from ready text, so that a call costs next to nothing here
// and what stands in front is what gets measured.

import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { filler, LEGACY_REVISION, MODERN_REVISION } from './messages.ts';
import { upstreamTools } from './upstream-tools.ts';

const LEGACY_REVISIONS: readonly string[] = [LEGACY_REVISION, '2025-06-18', '2025-03-26', '2024-11-05'];
const META_PREFIX = 'io.modelcontextprotocol/';
const SERVER_INFO = { name: 'bench-upstream', version: '1.0.0' };
const PAYLOAD_MAX_BYTES = 8 * 1024 * 1024;
const DEFAULT_SIZE_BYTES = 200;

type Message = {
  readonly id?: unknown;
  readonly method: string;
  readonly params?: {
    readonly _meta?: Record<string, unknown>;
    readonly name?: string;
    readonly protocolVersion?: string;
    readonly arguments?: { readonly size?: unknown; readonly nonce?: unknown };
  };
};

/** `body` null is 202; `plain` is never sent as an event. */
export type Answer = {
  readonly status: number;
  readonly body: string | null;
  readonly plain?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
};

export type Counts = { calls: number; lists: number; initializes: number; rejected: number };
export type Sessions = { readonly open: Set<string>; readonly counts: Counts };
export type Answering = (raw: Buffer, headers: IncomingHttpHeaders, legacyOnly: boolean) => Answer;

export function createAnswering(toolCount: number, { open, counts }: Sessions): Answering {
  const tools = upstreamTools(toolCount);
  const toolsText = JSON.stringify(tools);
  const names = new Set(tools.map((tool) => tool.name));

  const error = (status: number, id: unknown, code: number, message: string, data?: object): Answer => {
    counts.rejected += 1;
    return {
      status,
      plain: true,
      body: JSON.stringify({ jsonrpc: '2.0', id: id ?? null, error: { code, message, data } }),
    };
  };
  const done = (id: unknown, result: string, headers: Record<string, string> = {}): Answer => ({
    status: 200,
    body: `{"jsonrpc":"2.0","id":${JSON.stringify(id ?? null)},"result":${result}}`,
    headers,
  });

  /** Why a modern request is refused, if it is. */
  const modernFault = (message: Message, headers: IncomingHttpHeaders, legacyOnly: boolean): Answer | null => {
    const { id, method, params } = message;
    const version = headers['mcp-protocol-version'];
    if (legacyOnly) return error(400, id, -32000, 'Bad Request: Unsupported protocol version');
    if (version !== params?._meta?.[`${META_PREFIX}protocolVersion`])
      return error(400, id, -32020, 'Header mismatch: MCP-Protocol-Version');
    if (version !== MODERN_REVISION)
      return error(400, id, -32022, 'Unsupported protocol version', {
        supported: [MODERN_REVISION],
        requested: version,
      });
    if (headers['mcp-method'] !== method) return error(400, id, -32020, 'Header mismatch: Mcp-Method');
    if (method === 'tools/call' && headers['mcp-name'] !== params?.name)
      return error(400, id, -32020, 'Header mismatch: Mcp-Name');
    if (params?._meta?.[`${META_PREFIX}clientCapabilities`] === undefined)
      return error(400, id, -32602, 'clientCapabilities missing');
    return null;
  };

  const initialize = ({ id, params }: Message): Answer => {
    const session = randomUUID();
    open.add(session);
    counts.initializes += 1;
    const asked = params?.protocolVersion ?? '';
    const protocolVersion = LEGACY_REVISIONS.includes(asked) ? asked : LEGACY_REVISION;
    const result = { protocolVersion, capabilities: { tools: {} }, serverInfo: SERVER_INFO };
    return done(id, JSON.stringify(result), { 'mcp-session-id': session });
  };

  const discovered = JSON.stringify({
    resultType: 'complete',
    supportedVersions: [MODERN_REVISION],
    capabilities: { tools: {} },
    _meta: { [`${META_PREFIX}serverInfo`]: SERVER_INFO },
    ttlMs: 60_000,
    cacheScope: 'public',
  });

  const called = ({ id, params }: Message, mark: string): Answer => {
    if (!names.has(params?.name ?? '')) return error(200, id, -32602, 'Unknown tool');
    const given = params?.arguments;
    const nonce = typeof given?.nonce === 'string' ? given.nonce : '';
    const asked = typeof given?.size === 'number' && Number.isInteger(given.size) ? given.size : DEFAULT_SIZE_BYTES;
    const size = Math.min(PAYLOAD_MAX_BYTES, Math.max(0, asked - nonce.length));
    counts.calls += 1;
    return done(
      id,
      `{${mark}"content":[{"type":"text","text":"${JSON.stringify(nonce).slice(1, -1)}${filler(size).wire}"}]}`,
    );
  };

  return (raw, headers, legacyOnly) => {
    let message: Message;
    try {
      message = JSON.parse(raw.toString()) as Message;
    } catch {
      return error(400, null, -32700, 'Parse error');
    }
    if (typeof message?.method !== 'string') return error(400, null, -32600, 'Invalid request');
    const { id, method, params } = message;
    const version = headers['mcp-protocol-version'];
    // Of the new era is what names, in header or body, a version that is not one of the old ones.
    const modern =
      method !== 'initialize' &&
      ((typeof version === 'string' && !LEGACY_REVISIONS.includes(version)) ||
        params?._meta?.[`${META_PREFIX}protocolVersion`] !== undefined);
    if (modern) {
      if (id === undefined) return { status: 202, body: null };
      const fault = modernFault(message, headers, legacyOnly);
      if (fault !== null) return fault;
    } else if (method !== 'initialize') {
      const session = headers['mcp-session-id'];
      if (typeof session !== 'string') return error(400, id, -32600, 'Mcp-Session-Id required');
      if (!open.has(session)) return error(404, id, -32001, 'Session not found');
      if (id === undefined) return { status: 202, body: null };
    }
    const mark = modern ? '"resultType":"complete",' : '';
    if (method === 'tools/call') return called(message, mark);
    if (method === 'initialize') return initialize(message);
    if (method === 'ping' && !modern) return done(id, '{}');
    if (method === 'server/discover' && modern) return done(id, discovered);
    if (method === 'tools/list') {
      counts.lists += 1;
      return done(id, `{${mark}"tools":${toolsText}${modern ? ',"ttlMs":60000,"cacheScope":"private"' : ''}}`);
    }
    return error(modern ? 404 : 200, id, -32601, 'Method not found');
  };
}
