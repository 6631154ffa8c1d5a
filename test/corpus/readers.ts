// Every reader of what comes from outside, as text in and a word for the result out. A word is what the reader made
// of it (`tokens`, `2 events`), or the code of the error that it is documented to throw.

import { type ErrorCode, isChatelaineError } from '../../src/errors.ts';
import { parseBody, readMessage } from '../../src/gateway/agent-message.ts';
import { AgentRefusal } from '../../src/gateway/answers.ts';
import { createSessionIds } from '../../src/gateway/session-id.ts';
import { isAgentKey } from '../../src/hub/agent-key.ts';
import { checkReturnTo } from '../../src/hub/return-to.ts';
import { canonicalJson } from '../../src/mcp/canonical-json.ts';
import { readGreeting } from '../../src/mcp/handshake.ts';
import { decodeHeaderValue, encodeHeaderValue } from '../../src/mcp/header-value.ts';
import { isObject, type JsonObject, parseJson } from '../../src/mcp/json.ts';
import { judgeTool } from '../../src/mcp/judge-tool.ts';
import { listTools } from '../../src/mcp/list-tools.ts';
import { mirroredHeaders } from '../../src/mcp/mirrored-headers.ts';
import { readAnswer } from '../../src/mcp/read-answer.ts';
import { readEvents, startOfStream } from '../../src/mcp/sse.ts';
import { offeredToolName, parseOfferedToolName } from '../../src/mcp/tool-name.ts';
import type { Upstream } from '../../src/mcp/upstream.ts';
import { parseAllowedHosts } from '../../src/net/address-policy.ts';
import { redactUrl } from '../../src/net/request-log.ts';
import { validateAuthorizationResponse } from '../../src/oauth/authorization-response.ts';
import { requestServerMetadata } from '../../src/oauth/authorization-server-metadata.ts';
import { bearerChallenge } from '../../src/oauth/challenge.ts';
import { findProtectedResource } from '../../src/oauth/protected-resource-metadata.ts';
import { processRegistrationResponse } from '../../src/oauth/registration-response.ts';
import { retryAfterSeconds } from '../../src/oauth/retry-after.ts';
import { processTokenResponse } from '../../src/oauth/token-response.ts';
import { parseChallenges } from '../../src/oauth/www-authenticate.ts';
import { Secret } from '../../src/secret.ts';
import { readSettings } from '../../src/server/config.ts';
import { parseKeyring } from '../../src/vault/keyring.ts';
import { createVault } from '../../src/vault/seal.ts';

export const SENT = new Secret('the-secret-that-was-sent');
export const BASE = 'https://hub.example/mount';
const ISSUER = 'https://as.example';
export const KEYS = 'k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=';
const vault = createVault(parseKeyring(KEYS));
const sessionIds = createSessionIds(vault, () => 1_800_000_000_000);

export type Reader = {
  /** Throws nothing but what `word` knows. */
  readonly read: (text: string) => Promise<string> | string;
  /** Error codes that it is documented to throw. */
  readonly throws: readonly (ErrorCode | `refusal ${number}`)[];
};

const UPSTREAM = ['upstream_invalid_response', 'upstream_too_large'] as const;
const OAUTH = ['upstream_http_error', 'upstream_rate_limited', 'upstream_invalid_response'] as const;

/** Of `{"status": …, "body": …}`; else the text is the body of a 200. */
function responseOf(text: string): Response {
  const parsed = parsedOr(text, null);
  const { status, body } = isObject(parsed) && 'status' in parsed ? parsed : { status: 200, body: text };
  const number = typeof status === 'number' && status >= 200 && status < 600 && Number.isInteger(status) ? status : 200;
  const content = typeof body === 'string' ? body : JSON.stringify(body ?? null);
  return new Response([204, 205, 304].includes(number) ? null : content, {
    status: number,
    headers: { 'content-type': 'application/json' },
  });
}

function parsedOr<T>(text: string, otherwise: T): unknown | T {
  try {
    return JSON.parse(text);
  } catch {
    return otherwise;
  }
}

/** Any text in the pieces in which a network may deliver it. */
function streamOf(text: string, size = 7): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.subarray(at, at + size));
      at += size;
    },
  });
}

/** Answers each `tools/list` with the next of the pages. */
function upstreamOf(pages: readonly unknown[]): Upstream {
  let next = 0;
  return {
    protocol: { version: '2026-07-28', transport: 'streamable_http', serverName: null, serverVersion: null },
    capabilities: {},
    instructions: null,
    request: async () => (isObject(pages[next]) ? (pages[next++] as JsonObject) : {}),
    close: async () => undefined,
  };
}

const metadataExchange = (text: string) => ({ fetch: async () => responseOf(text) });

export const READERS: Readonly<Record<string, Reader>> = {
  challenge: {
    read(text) {
      const schemes = parseChallenges(text).map(({ scheme }) => scheme);
      const header = text.replace(/[^\t\x20-\x7e\x80-\xff]/g, '');
      const best = bearerChallenge(new Headers({ 'www-authenticate': header }));
      return `${schemes.length} challenges, ${best === null ? 'none' : best.scheme}${best?.resourceMetadata ? ' with metadata' : ''}`;
    },
    throws: [],
  },
  'resource-metadata': {
    async read(text) {
      const input = { serverUrl: 'https://rs.example/mcp', challenge: null };
      const found = await findProtectedResource(metadataExchange(text), input);
      return found === null ? 'absent' : `${found.authorizationServers.length} authorization servers`;
    },
    throws: ['resource_mismatch', 'metadata_invalid', ...OAUTH],
  },
  'server-metadata': {
    async read(text) {
      const request = { step: 'authorization_server_metadata', url: `${ISSUER}/x` } as const;
      const found = await requestServerMetadata(metadataExchange(text), request, [ISSUER], { allowMissingPkce: false });
      return found === null ? 'absent' : 'used';
    },
    throws: ['issuer_mismatch', 'pkce_not_supported', 'metadata_invalid', ...OAUTH],
  },
  registration: {
    async read(text) {
      const { client } = await processRegistrationResponse(responseOf(text), {
        server: { issuer: ISSUER },
        asked: 'client_secret_basic',
        redirectUri: `${BASE}/oauth/callback`,
        now: 1_800_000_000_000,
      });
      return `client, ${client.authMethod}`;
    },
    throws: ['registration_failed', ...OAUTH],
  },
  token: {
    async read(text) {
      const tokens = await processTokenResponse(responseOf(text), [SENT]);
      return `tokens${tokens.refreshToken === null ? '' : ' and refresh'}, ${tokens.expiresInSeconds ?? 'no'} seconds`;
    },
    throws: ['invalid_grant', 'client_rejected', 'token_request_failed', ...OAUTH],
  },
  'authorization-response': {
    read(text) {
      const parameters = new URLSearchParams(text);
      validateAuthorizationResponse({ parameters, server: { issuer: ISSUER }, expectedIssuer: ISSUER });
      return 'code';
    },
    throws: ['issuer_mismatch', 'authorization_response_invalid', 'authorization_denied'],
  },
  'retry-after': {
    read: (text) => String(retryAfterSeconds(new Headers({ 'retry-after': text.replace(/[^\x20-\x7e]/g, '') }))),
    throws: [],
  },
  sse: {
    async read(text) {
      const position = startOfStream();
      let events = 0;
      for await (const _ of readEvents(streamOf(text), position, { maxEventBytes: 1_000 })) events += 1;
      return `${events} events${position.lastEventId === null ? '' : `, at ${position.lastEventId}`}`;
    },
    throws: UPSTREAM,
  },
  'server-answer': {
    async read(text) {
      const isStream = text.startsWith('data:') || text.startsWith('event:');
      const headers = { 'content-type': isStream ? 'text/event-stream' : 'application/json' };
      const seen: string[] = [];
      const reading = { id: 1, maxBytes: 10_000, position: startOfStream() };
      const answer = await readAnswer(new Response(streamOf(text), { headers }), {
        ...reading,
        onMessage: ({ kind }) => seen.push(kind),
      });
      return [...seen, answer === null ? 'no answer' : answer.kind].join(', ');
    },
    throws: UPSTREAM,
  },
  greeting: {
    read(text) {
      const parsed = parseJson(text);
      if (!isObject(parsed)) return 'no object';
      const { version, serverName } = readGreeting(parsed, { version: '2025-11-25', isPinned: false });
      return `${version} ${serverName ?? 'without a name'}`;
    },
    throws: ['upstream_invalid_response', 'protocol_version_unsupported'],
  },
  'agent-message': {
    read(text) {
      const [headers, body] = text.startsWith('{"headers":')
        ? (Object.values(parsedOr(text, {}) as object) as [Record<string, string>, unknown])
        : [{}, null];
      const parsed = body === null ? parseBody(text) : parseBody(JSON.stringify(body ?? null));
      const message = readMessage(parsed, isObject(headers) ? onlyText(headers) : {});
      return `${message.era} ${message.kind}`;
    },
    throws: ['refusal -32700', 'refusal -32600', 'refusal -32602', 'refusal -32020', 'refusal -32022'],
  },
  pages: {
    async read(text) {
      const parsed = parseJson(text);
      const { tools, dropped, pages } = await listTools(upstreamOf(Array.isArray(parsed) ? parsed : []));
      return `${tools.length} tools on ${pages} pages, ${dropped.length} dropped`;
    },
    throws: ['listing_incomplete', 'upstream_invalid_response'],
  },
  tool: {
    read(text) {
      const parsed = parseJson(text);
      const judged = judgeTool(parsed, 'modern');
      if ('dropped' in judged) return `dropped: ${judged.dropped.reason}`;
      mirroredHeaders(judged.tool, judged.tool.example);
      return canonicalJson(judged.tool) === canonicalJson(parsed) ? 'kept' : 'changed';
    },
    throws: UPSTREAM,
  },
  'tool-name': {
    read(text) {
      const parts = parseOfferedToolName(text);
      if (parts === null) return 'no name';
      return offeredToolName(parts.key, parts.tool) === text ? `${parts.tool} of ${parts.key}` : 'changed';
    },
    throws: [],
  },
  'header-value': {
    read: (text) => {
      const field = encodeHeaderValue(text);
      if (!/^[\x20-\x7e]+$/.test(field)) return 'no field value';
      const back = decodeHeaderValue(field);
      decodeHeaderValue(text);
      return back === text.toWellFormed() ? 'comes back' : 'changed';
    },
    throws: [],
  },
  'sealed-text': {
    read: (text) => vault.open(text, { kind: 'test', id: 'one' }).then(() => 'opened'),
    throws: ['secret_unreadable'],
  },
  'session-id': {
    read: async (text) => ((await sessionIds.open('agt_1', null, text)) === null ? 'no session' : 'session'),
    throws: [],
  },
  'agent-key': { read: (text) => (isAgentKey(new Secret(text)) ? 'may be one' : 'none'), throws: [] },
  'encryption-keys': { read: (text) => `current ${parseKeyring(text).current.id}`, throws: ['invalid_settings'] },
  'allowed-hosts': {
    read(text) {
      const { names, ranges } = parseAllowedHosts(text);
      return `${names.size} names, ${ranges.length} ranges`;
    },
    throws: ['invalid_settings'],
  },
  settings: {
    read(text) {
      const lines = text.split('\n').map((line) => line.split('='));
      readSettings(Object.fromEntries(lines.map(([name = '', ...value]) => [name, value.join('=')])));
      return 'settings';
    },
    throws: ['invalid_settings'],
  },
  'return-to': {
    read: (text) => (checkReturnTo(BASE, text) === null ? 'none' : 'a path'),
    throws: ['invalid_request'],
  },
  url: { read: (text) => (redactUrl(text) === '…' ? 'hidden' : 'shown'), throws: [] },
};

function onlyText(headers: JsonObject): Record<string, string> {
  const entries = Object.entries(headers).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return Object.fromEntries(entries);
}

/** What a reader makes of `text`, or how it refuses. @throws whatever no reader may throw */
export async function outcome({ read, throws }: Reader, text: string): Promise<{ word: string; said: string }> {
  try {
    return { word: await read(text), said: '' };
  } catch (error) {
    const code = error instanceof AgentRefusal ? (`refusal ${error.code}` as const) : codeOf(error);
    if (code === null || !throws.includes(code)) throw error;
    const details = isChatelaineError(error) ? JSON.stringify(error.details) : '';
    return { word: code, said: `${(error as Error).message} ${details}` };
  }
}

function codeOf(error: unknown): ErrorCode | null {
  return isChatelaineError(error) ? error.code : null;
}
