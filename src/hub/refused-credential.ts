// What a refused credential means, for every request that carries one: a 401 re-reads the resource metadata
// and refreshes once; a 403 for lack of scope becomes a state of its own (MCP 2026-07-28, "Authorization").
// How the request is made is the caller's.

import { ChatelaineError, isChatelaineError } from '../errors.ts';
import { UpstreamStatusError } from '../mcp/types.ts';
import { bearerChallenge } from '../oauth/challenge.ts';
import { missingScopes } from '../oauth/scope.ts';
import type { BearerChallenge } from '../oauth/types.ts';
import type { ConnectorRecord, CredentialRecord } from '../store/records.ts';
import type { ResolvedCredential } from './access-token.ts';
import { credentialProven, knownCredential, resolveCredential } from './access-token.ts';
import type { HubContext } from './context.ts';
import { MOVED, markCredential, REFUSED_FRESH } from './credential-state.ts';
import { discoverFor } from './oauth-discovery.ts';
import { customHeaders } from './request-headers.ts';
import type { Recorder } from './transcript.ts';

export type CredentialChoice = {
  /** Prove this slot instead of the one that serves. */
  readonly slot?: 'active' | 'pending';
  /** Without a credential of any kind (servers that list their tools to everybody). */
  readonly anonymous?: boolean;
};

/**
 * Runs `use` with the credential of `agentId`; a second time after a refused token was refreshed or replaced, which is
 * safe for calls too, because a 401 comes before anything was executed.
 *
 * @param recorder asked for only when a refusal must be looked into
 * @throws what resolveCredential and `use` throw; reauthorization_required, needs_scope
 */
export async function withCredential<T>(
  context: HubContext,
  connector: ConnectorRecord,
  agentId: string | null,
  recorder: () => Recorder,
  options: CredentialChoice,
  use: (resolved: ResolvedCredential) => Promise<T>,
): Promise<T> {
  const slot = options.slot === undefined ? {} : { slot: options.slot };
  const resolve = (more: { refused?: ResolvedCredential } = {}): Promise<ResolvedCredential> =>
    options.anonymous === true
      ? anonymous(context, connector)
      : resolveCredential(context, connector, agentId, { ...slot, ...more });
  const isPlain = options.slot === undefined && options.anonymous !== true;
  const resolved = (isPlain ? knownCredential(context, connector, agentId) : null) ?? (await resolve());
  try {
    return await proving(context, resolved, use);
  } catch (error) {
    if (!(error instanceof UpstreamStatusError) || (error.status !== 401 && error.status !== 403)) throw error;
    const challenge = bearerChallenge(error.headers);
    if (error.status === 403) throw await forbidden(context, connector, resolved, challenge, error);
    if (options.anonymous === true || resolved.credentialId === null) throw unauthorizedWithout(connector, error);
    if (connector.authType !== 'oauth') {
      if ((await presentCredential(context, resolved)) !== null)
        throw await staticRefused(context, connector, resolved, error);
      // It was replaced while the request was on its way; this process, or another, knows the new one.
      context.credentialCache.forgetConnector(connector.id);
      const entered = await resolve();
      return await use(entered).catch(async (again: unknown) => {
        const isRefused = again instanceof UpstreamStatusError && again.status === 401;
        throw isRefused ? await staticRefused(context, connector, entered, again) : again;
      });
    }

    await noticeMigration(context, connector, resolved, challenge, recorder());
    const renewed = await resolve({ refused: resolved });
    try {
      return await proving(context, renewed, use);
    } catch (again) {
      if (!(again instanceof UpstreamStatusError) || (again.status !== 401 && again.status !== 403)) throw again;
      if (again.status === 403)
        throw await forbidden(context, connector, renewed, bearerChallenge(again.headers), again);
      throw await refused(context, connector, renewed, REFUSED_FRESH);
    }
  }
}

async function proving<T>(
  context: HubContext,
  resolved: ResolvedCredential,
  use: (resolved: ResolvedCredential) => Promise<T>,
): Promise<T> {
  const answer = await use(resolved);
  // null is no answer: the server must be asked otherwise.
  if (resolved.isDoubted === true && answer !== null) {
    await credentialProven(context, resolved).catch((error: unknown) =>
      context.log.warn(
        { err: error, credentialId: resolved.credentialId },
        'a credential that works could not be marked',
      ),
    );
  }
  return answer;
}

async function anonymous(context: HubContext, connector: ConnectorRecord): Promise<ResolvedCredential> {
  return { headers: await customHeaders(context, connector), credentialId: null, generation: 0 };
}

function unauthorizedWithout(connector: ConnectorRecord, cause: unknown): ChatelaineError {
  if (connector.authType === 'none') {
    return new ChatelaineError(
      'secret_required',
      `${connector.name} asks for a credential (HTTP 401), but its authType is none: change it to oauth, bearer or api_key_header.`,
      { cause, details: { field: 'authType', upstreamStatus: 401 } },
    );
  }
  const code = connector.authType === 'oauth' ? 'connect_required' : 'secret_required';
  return new ChatelaineError(code, `${connector.name} does not list its tools without a credential (HTTP 401).`, {
    cause,
    details: { upstreamStatus: 401 },
  });
}

async function presentCredential(context: HubContext, resolved: ResolvedCredential): Promise<CredentialRecord | null> {
  if (resolved.credentialId === null) return null;
  const credential = await context.store.credentials.get(resolved.credentialId);
  return credential?.generation === resolved.generation ? credential : null;
}

async function staticRefused(
  context: HubContext,
  connector: ConnectorRecord,
  resolved: ResolvedCredential,
  cause: UpstreamStatusError,
): Promise<ChatelaineError> {
  const reason = 'the server refuses the stored secret (HTTP 401)';
  const credential = await presentCredential(context, resolved);
  if (credential !== null) await markCredential(context, credential, 'reauthorization_required', reason);
  return new ChatelaineError('reauthorization_required', `${connector.name}: ${reason}; enter a new one.`, {
    cause,
    details: { upstreamStatus: cause.status },
  });
}

async function refused(
  context: HubContext,
  connector: ConnectorRecord,
  resolved: ResolvedCredential,
  reason: string,
): Promise<ChatelaineError> {
  const credential = await presentCredential(context, resolved);
  if (credential !== null) await markCredential(context, credential, 'reauthorization_required', reason);
  return new ChatelaineError('reauthorization_required', `${connector.name} must be connected again: ${reason}.`);
}

/** A server may have moved to another authorization server: the old one's refresh token must not go there. */
async function noticeMigration(
  context: HubContext,
  connector: ConnectorRecord,
  resolved: ResolvedCredential,
  challenge: BearerChallenge | null,
  recorder: Recorder,
): Promise<void> {
  const credential = await presentCredential(context, resolved);
  if (credential === null || credential.issuer === null) return;
  let issuer: string;
  try {
    const { discovery } = await discoverFor(context, connector, recorder, {
      challenge,
      preferredIssuers: [credential.issuer],
      anew: true,
      // Metadata that is absent at this moment names nobody; a guess in its place would be no evidence of a move.
      namedOnly: true,
    });
    await context.store.connectors.update(connector.id, { discovery });
    issuer = discovery.issuer;
  } catch (error) {
    // Out of reach for the moment, or malformed: no evidence of a move, and the refresh speaks to the known issuer only.
    recorder.note(
      'discovery',
      `the resource metadata could not be read again: ${isChatelaineError(error) ? error.code : 'error'}`,
    );
    return;
  }
  if (issuer === credential.issuer) return;
  recorder.note('discovery', `the server now names ${issuer} instead of ${credential.issuer}`);
  throw await refused(context, connector, resolved, `${MOVED} (${issuer})`);
}

async function forbidden(
  context: HubContext,
  connector: ConnectorRecord,
  resolved: ResolvedCredential,
  challenge: BearerChallenge | null,
  cause: UpstreamStatusError,
): Promise<ChatelaineError> {
  if (challenge?.error !== 'insufficient_scope' || connector.authType !== 'oauth' || resolved.credentialId === null) {
    return new ChatelaineError(
      'upstream_http_error',
      `${connector.name} answered HTTP 403: this credential may not do that.`,
      {
        cause,
        details: { upstreamStatus: 403 },
      },
    );
  }
  const credential = await presentCredential(context, resolved);
  const missing = missingScopes(credential?.scope ?? null, challenge.scope);
  if (credential !== null) {
    await markCredential(context, credential, 'needs_scope', 'the server asks for more scope', challenge.scope);
  }
  return new ChatelaineError(
    'needs_scope',
    `${connector.name} asks for more scope (${missing.join(' ') || challenge.scope || 'unnamed'}): open a new Connect link to grant it.`,
    { cause, details: { scopes: missing, upstreamStatus: 403 } },
  );
}
