// The only way out of Chatelaine: three fetches, one for each purpose, and a passage for answers that are
// passed on unread, over pooled connections that reach allowed addresses alone. Each is a loop over redirects
// around exchange.ts; what may be reached is address-policy.ts's, which redirects are followed redirects.ts's.

import { Agent } from 'undici';
import { ChatelaineError } from '../errors.ts';
import type { Cancellation } from '../hang-up.ts';
import {
  ANSWER_TIMEOUT_MS,
  CONNECT_TIMEOUT_MS,
  CONNECTIONS_PER_ORIGIN,
  HEADERS_MAX_BYTES,
  MAX_REDIRECTS,
  MCP_ANSWER_MAX_BYTES,
  METADATA_MAX_BYTES,
  STREAM_IDLE_TIMEOUT_MS,
  STREAMS_PER_ORIGIN,
  TARGETS_KEPT_MAX,
} from '../limits.ts';
import { type FetchLike, type Outbound, type Passage, type RawAnswer, responseOf } from '../outbound.ts';
import { type AddressPolicy, type AllowedHosts, addressPolicy } from './address-policy.ts';
import { type ExchangeLimits, exchange, type Target } from './exchange.ts';
import { guardedConnector, type Lookup } from './guarded-connect.ts';
import { nameLookup } from './name-lookup.ts';
import { headersForTarget, type RedirectRule, redirectTarget, tooManyRedirects } from './redirects.ts';
import { passageParts, type RequestParts, requestParts } from './request-parts.ts';

export type OutboundLimits = {
  readonly connectTimeoutMs: number;
  readonly answerTimeoutMs: number;
  readonly streamIdleTimeoutMs: number;
  readonly metadataMaxBytes: number;
  readonly mcpAnswerMaxBytes: number;
};

export type OutboundOptions = {
  readonly allowed: AllowedHosts;
  readonly userAgent: string;
  /** Replaces the system's resolver. */
  readonly lookup?: Lookup;
  readonly limits?: Partial<OutboundLimits>;
};

type Profile = {
  readonly agent: Agent;
  /** For event streams that are asked for by GET, and stay open. */
  readonly streams?: Agent;
  readonly redirects: RedirectRule;
  readonly limits: ExchangeLimits;
};

const DEFAULT_LIMITS: OutboundLimits = {
  connectTimeoutMs: CONNECT_TIMEOUT_MS,
  answerTimeoutMs: ANSWER_TIMEOUT_MS,
  streamIdleTimeoutMs: STREAM_IDLE_TIMEOUT_MS,
  metadataMaxBytes: METADATA_MAX_BYTES,
  mcpAnswerMaxBytes: MCP_ANSWER_MAX_BYTES,
};

/**
 * Makes the guarded fetches. Each answers with a Response whatever its HTTP status; its body must be read
 * or cancelled. `close` ends what is in flight and drops the pooled connections.
 *
 * @throws (each fetch) invalid_request, address_refused, upstream_unreachable, upstream_timeout,
 *   upstream_too_large, upstream_redirect_refused, upstream_invalid_response; the caller's abort reason
 *   as it is. Faults after the headers come out of the body's reader.
 * @see RFC 9728 section 7.7, RFC 9700 section 4.11, MCP 2025-11-25 security best practices (SSRF)
 */
export function createOutbound(options: OutboundOptions): Outbound & { close(): Promise<void> } {
  const { connectTimeoutMs, answerTimeoutMs, streamIdleTimeoutMs, metadataMaxBytes, mcpAnswerMaxBytes } = {
    ...DEFAULT_LIMITS,
    ...options.limits,
  };
  const policy = addressPolicy(options.allowed);
  const hasPrivateHosts = options.allowed.names.size + options.allowed.ranges.length > 0;
  const connect = guardedConnector(policy, options.lookup ?? nameLookup(hasPrivateHosts), connectTimeoutMs);
  // Two pools, so that long event streams of a server never keep its token endpoint waiting.
  const [documents, servers] = [newAgent(connect), newAgent(connect)];
  // Nor the streams that agents hold open the calls of others.
  const streams = newAgent(connect, { connections: STREAMS_PER_ORIGIN });
  // A token request gets a connection of its own: on an idle one that the server is just closing (RFC 9112
  // section 9.5) nobody could tell whether the refresh token was rotated.
  const tokens = newAgent(connect, { pipelining: 0 });
  const documentLimits = { answerMs: answerTimeoutMs, maxBytes: metadataMaxBytes };
  const mcpLimits = { answerMs: answerTimeoutMs, maxBytes: mcpAnswerMaxBytes, streamIdleMs: streamIdleTimeoutMs };
  const targetOf = checkedTargets(policy);
  const fetchFor = (profile: Profile): FetchLike => fetchOver(guardedSend(profile, targetOf), options.userAgent);
  const toServers: Profile = { agent: servers, streams, redirects: 'same_origin', limits: mcpLimits };

  return {
    metadata: fetchFor({ agent: documents, redirects: 'follow_documents', limits: documentLimits }),
    oauth: fetchFor({ agent: tokens, redirects: 'refuse', limits: documentLimits }),
    mcp: fetchFor(toServers),
    passage: passageOver(guardedSend(toServers, targetOf), options.userAgent),
    async close() {
      await Promise.all([documents.destroy(), servers.destroy(), streams.destroy(), tokens.destroy()]);
    },
  };
}

type Send = (address: string, parts: RequestParts, cancellation: Cancellation | null | undefined) => Promise<RawAnswer>;

function guardedSend(profile: Profile, targetOf: (address: string) => Target): Send {
  return async (address, given, cancellation) => {
    let target = targetOf(address);
    let parts = given;
    let { limits } = profile;
    const startedAt = performance.now();
    for (let redirects = 0; ; redirects += 1) {
      const agent = isLongStream(parts) ? (profile.streams ?? profile.agent) : profile.agent;
      const answer = await exchange(agent, target, parts, limits, cancellation);
      const next = nextUrl(profile.redirects, target.url, parts.method, answer);
      if (next === null) return answer;
      answer.body.cancel();
      if (redirects === MAX_REDIRECTS) throw tooManyRedirects(target.url, MAX_REDIRECTS);
      const from = target.url;
      target = targetOf(next.href);
      parts = { ...parts, headers: headersForTarget(parts.headers, from, target.url) };
      // One time limit for the whole chain.
      limits = { ...limits, answerMs: Math.max(1, profile.limits.answerMs - (performance.now() - startedAt)) };
    }
  };
}

/** A listening stream (MCP 2025-03-26 on), an HTTP+SSE session (2024-11-05), or a subscription (2026-07-28). */
function isLongStream({ method, headers }: RequestParts): boolean {
  if (method === 'GET') return true;
  const at = headers.indexOf('mcp-method');
  return at >= 0 && headers[at + 1] === 'subscriptions/listen';
}

function fetchOver(send: Send, userAgent: string): FetchLike {
  return async (address, init) => {
    const parts = requestParts(init, userAgent);
    return responseOf(await send(address, parts, init?.signal), parts.method);
  };
}

function passageOver(send: Send, userAgent: string): Passage {
  return (address, request) => send(address, passageParts(request, userAgent), request.cancellation);
}

/** Addresses are few and used again; what is decided about one holds as long as the policy, which never changes. */
function checkedTargets(policy: AddressPolicy): (address: string) => Target {
  const known = new Map<string, Target>();
  return (address) => {
    const found = known.get(address);
    if (found !== undefined) return found;
    const url = URL.parse(address);
    if (url === null) throw new ChatelaineError('invalid_request', 'This is not a valid web address.');
    const refusal = policy.urlRefusal(url);
    if (refusal !== null) throw new ChatelaineError('address_refused', refusal);
    const target = { url, origin: url.origin, host: url.host, path: url.pathname + url.search };
    if (known.size >= TARGETS_KEPT_MAX) known.clear();
    known.set(address, target);
    return target;
  };
}

/** Where a redirect leads; an answer that is thrown away must give its connection back. */
function nextUrl(rule: RedirectRule, from: URL, method: string, answer: RawAnswer): URL | null {
  try {
    return redirectTarget(rule, from, method, answer);
  } catch (error) {
    answer.body.cancel();
    throw error;
  }
}

function newAgent(connect: ReturnType<typeof guardedConnector>, more: Agent.Options = {}): Agent {
  return new Agent({
    ...more,
    connect,
    connections: more.connections ?? CONNECTIONS_PER_ORIGIN,
    maxHeaderSize: HEADERS_MAX_BYTES,
    // Every limit of time is exchange.ts's own, so that there is one place to look and one message.
    headersTimeout: 0,
    bodyTimeout: 0,
    allowH2: false,
  });
}
