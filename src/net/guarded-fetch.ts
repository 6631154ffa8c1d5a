// The only way out of Chatelaine: three fetches, one for each purpose, over pooled connections that reach
// allowed addresses alone. Each fetch is a loop over redirects around exchange.ts; what may be reached
// is address-policy.ts's, which redirects are followed is redirects.ts's.

import { lookup as dnsLookup } from 'node:dns';
import { Agent } from 'undici';
import { ChatelaineError } from '../errors.ts';
import {
  ANSWER_TIMEOUT_MS,
  CONNECT_TIMEOUT_MS,
  CONNECTIONS_PER_ORIGIN,
  HEADERS_MAX_BYTES,
  MAX_REDIRECTS,
  MCP_ANSWER_MAX_BYTES,
  METADATA_MAX_BYTES,
  STREAM_IDLE_TIMEOUT_MS,
} from '../limits.ts';
import type { FetchLike, Outbound } from '../outbound.ts';
import { type AddressPolicy, type AllowedHosts, addressPolicy } from './address-policy.ts';
import { type ExchangeLimits, exchange } from './exchange.ts';
import { guardedConnector, type Lookup } from './guarded-connect.ts';
import { headersForTarget, type RedirectRule, redirectTarget, tooManyRedirects } from './redirects.ts';
import { requestParts } from './request-parts.ts';

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

type Profile = { readonly agent: Agent; readonly redirects: RedirectRule; readonly limits: ExchangeLimits };

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
  const connect = guardedConnector(policy, options.lookup ?? dnsLookup, connectTimeoutMs);
  // Two pools, so that long event streams of a server never keep its token endpoint waiting.
  const [documents, servers] = [newAgent(connect), newAgent(connect)];
  // A token request gets a connection of its own: on an idle one that the server is just closing (RFC 9112
  // section 9.5) nobody could tell whether the refresh token was rotated.
  const tokens = newAgent(connect, { pipelining: 0 });
  const documentLimits = { answerMs: answerTimeoutMs, maxBytes: metadataMaxBytes };
  const mcpLimits = { answerMs: answerTimeoutMs, maxBytes: mcpAnswerMaxBytes, streamIdleMs: streamIdleTimeoutMs };
  const fetchFor = (profile: Profile): FetchLike => guardedFetch(profile, policy, options.userAgent);

  return {
    metadata: fetchFor({ agent: documents, redirects: 'follow_documents', limits: documentLimits }),
    oauth: fetchFor({ agent: tokens, redirects: 'refuse', limits: documentLimits }),
    mcp: fetchFor({ agent: servers, redirects: 'same_origin', limits: mcpLimits }),
    async close() {
      await Promise.all([documents.destroy(), servers.destroy(), tokens.destroy()]);
    },
  };
}

function guardedFetch(profile: Profile, policy: AddressPolicy, userAgent: string): FetchLike {
  return async (address, init) => {
    let url = checkedUrl(address, policy);
    let parts = requestParts(init, userAgent);
    let limits = profile.limits;
    const startedAt = performance.now();
    for (let redirects = 0; ; redirects += 1) {
      const response = await exchange(profile.agent, url, parts, limits, init?.signal);
      const target = await orCancelled(response, () => redirectTarget(profile.redirects, url, parts.method, response));
      if (target === null) return response;
      await response.body?.cancel();
      if (redirects === MAX_REDIRECTS) throw tooManyRedirects(url, MAX_REDIRECTS);
      const next = checkedUrl(target.href, policy);
      parts = { ...parts, headers: headersForTarget(parts.headers, url, next) };
      // One time limit for the whole chain.
      limits = { ...limits, answerMs: Math.max(1, profile.limits.answerMs - (performance.now() - startedAt)) };
      url = next;
    }
  };
}

function checkedUrl(address: string, policy: AddressPolicy): URL {
  const url = URL.parse(address);
  if (url === null) throw new ChatelaineError('invalid_request', 'This is not a valid web address.');
  const refusal = policy.urlRefusal(url);
  if (refusal !== null) throw new ChatelaineError('address_refused', refusal);
  return url;
}

/** An answer that is thrown away must give its connection back. */
async function orCancelled<T>(response: Response, decide: () => T): Promise<T> {
  try {
    return decide();
  } catch (error) {
    await response.body?.cancel();
    throw error;
  }
}

function newAgent(connect: ReturnType<typeof guardedConnector>, more: Agent.Options = {}): Agent {
  return new Agent({
    ...more,
    connect,
    connections: CONNECTIONS_PER_ORIGIN,
    maxHeaderSize: HEADERS_MAX_BYTES,
    // Every limit of time is exchange.ts's own, so that there is one place to look and one message.
    headersTimeout: 0,
    bodyTimeout: 0,
    allowH2: false,
  });
}
