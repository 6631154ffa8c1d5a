// What the load sends and what the mock server must have answered: tools/call of `echo`, in the two eras that
// the benchmark measures, and the check of a whole reply.

export type Era = 'legacy' | 'modern';

export const LEGACY_REVISION = '2025-11-25';
export const MODERN_REVISION = '2026-07-28';
const META_PREFIX = 'io.modelcontextprotocol/';
const CLIENT_INFO = { name: 'bench-load', version: '1.0.0' };
const META = {
  [`${META_PREFIX}protocolVersion`]: MODERN_REVISION,
  [`${META_PREFIX}clientInfo`]: CLIENT_INFO,
  [`${META_PREFIX}clientCapabilities`]: {},
};
const META_TEXT = JSON.stringify(META);

/** Looks like a real result: JSON records inside a text block, so that quotes are escaped on the wire. */
const RECORD =
  '{"id":"ENG-1042","title":"Reconnect drops the cursor","state":"In Progress","assignee":"sam@example.test","priority":2,"labels":["bug","sync"]},';
const MAX_FILLERS = 64;

type Filler = { readonly text: string; readonly wire: string };
const fillers = new Map<number, Filler>();

/** `sizeBytes` of text, and the same as it stands inside a JSON string. */
export function filler(sizeBytes: number): Filler {
  const known = fillers.get(sizeBytes);
  if (known !== undefined) return known;
  const text = RECORD.repeat(Math.ceil(sizeBytes / RECORD.length)).slice(0, sizeBytes);
  const made = { text, wire: JSON.stringify(text).slice(1, -1) };
  if (fillers.size < MAX_FILLERS) fillers.set(sizeBytes, made);
  return made;
}

/** Put together by hand: making the call must not cost the load more than it costs to answer it. */
export function callText(id: number, tool: string, sizeBytes: number, era: Era): string {
  const meta = era === 'modern' ? `,"_meta":${META_TEXT}` : '';
  return `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"${tool}","arguments":{"size":${sizeBytes},"nonce":"n${id}."}${meta}}}`;
}

export function initializeText(id: number): string {
  const params = { protocolVersion: LEGACY_REVISION, capabilities: {}, clientInfo: CLIENT_INFO };
  return JSON.stringify({ jsonrpc: '2.0', id, method: 'initialize', params });
}

export function listText(id: number, era: Era): string {
  return JSON.stringify({
    jsonrpc: '2.0',
    id,
    method: 'tools/list',
    params: era === 'modern' ? { _meta: META } : {},
  });
}

type Reply = { readonly id?: unknown; readonly result?: Record<string, unknown>; readonly error?: unknown };

/** The message that answers `id` in a reply of either content type; undefined where there is none. */
export function findReply(text: string, contentType: string, id: number): Reply | undefined {
  const fits = (message: Reply): boolean =>
    message.id === id && (message.result !== undefined || message.error !== undefined);
  if (!contentType.includes('text/event-stream')) {
    const message = JSON.parse(text) as Reply;
    return fits(message) ? message : undefined;
  }
  for (const event of text.split(/\r?\n\r?\n/)) {
    const data = event
      .split(/\r?\n/)
      .filter((line) => line.startsWith('data:'))
      .map((line) => line.slice(5).trimStart())
      .join('\n');
    if (data === '') continue;
    const message = JSON.parse(data) as Reply;
    if (fits(message)) return message;
  }
  return undefined;
}

/** Whether `reply` holds exactly what the mock server makes of that call. */
export function isRightReply(reply: Reply | undefined, id: number, sizeBytes: number): boolean {
  const result = reply?.result as { isError?: boolean; content?: { text?: unknown }[] } | undefined;
  const text = result?.content?.[0]?.text;
  if (typeof text !== 'string' || result?.isError) return false;
  const nonce = `n${id}.`;
  return text === nonce + filler(Math.max(0, sizeBytes - nonce.length)).text;
}
