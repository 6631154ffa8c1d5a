// Replaces an access token, once, however many callers, threads of work and processes want it.
//
// In this process callers share one run; between processes a lease row lets one refresh while the others
// look for its result. What is written compares the generation that was read, so that a loser never
// overwrites or deletes a winner's token. Before the request goes out the row says so
// (`refreshStartedAt`): after a crash the next refresher knows that the old refresh token may be spent.
// The new tokens are saved before anybody uses them. No transaction is open during the request.

import { ChatelaineError, isChatelaineError } from '../errors.ts';
import { LEASE_POLL_MS, REFRESH_LEASE_MS, REFRESH_TAKE_OVER_MS } from '../limits.ts';
import { requestClientCredentials } from '../oauth/client-credentials.ts';
import { refreshTokens } from '../oauth/refresh.ts';
import type { OAuthClient, TokenSet } from '../oauth/types.ts';
import type { ConnectorRecord, CredentialRecord } from '../store/records.ts';
import type { HubContext } from './context.ts';
import { hasEnded, REFUSED_UNRENEWABLE } from './credential-state.ts';
import { type Lease, pause, withLease } from './lease.ts';
import { clientOf } from './oauth-client.ts';
import { serverOf } from './oauth-discovery.ts';
import { endCredential, reconnectError, refreshFailed, saveRefreshed } from './refresh-outcome.ts';
import type { StoredTokens } from './sealed-values.ts';
import { openTokens } from './sealed-values.ts';
import type { Recorder } from './transcript.ts';
import { createRecorder } from './transcript.ts';

/**
 * The credential with a fresh access token; the present one where it is still valid and the provider is
 * out of reach. With `force` the present access token is known to be refused.
 *
 * @throws reauthorization_required when the provider will not renew it
 * @throws network faults, upstream_rate_limited, upstream_http_error when nothing valid is left meanwhile
 */
export async function refreshCredential(
  context: HubContext,
  connector: ConnectorRecord,
  credential: CredentialRecord,
  options: { readonly force: boolean; readonly urgency?: 'background' } = { force: false },
): Promise<CredentialRecord> {
  const stillValid = !options.force && isValid(context, credential);
  if (!credential.refreshable) {
    if (stillValid) return credential;
    const reason = options.force ? REFUSED_UNRENEWABLE : 'the access token expired and there is no refresh token';
    throw await endCredential(context, connector, credential, reason);
  }
  if (isBackingOff(context, credential)) return whileBackingOff(context, connector, credential, options.force);
  const urgency = options.urgency ?? (stillValid ? 'if_free' : 'now');
  // Apart for forced callers: a still valid token satisfies the others, and to them it was refused. And apart for
  // the background, which waits in line longer than a call may.
  const flight = `refresh:${credential.id}:${credential.generation}:${options.force ? 'forced' : urgency}`;
  try {
    const renewed = await context.singleFlight(flight, () =>
      context.tokenLanes.run(laneOf(credential), urgency, () =>
        withLease(
          context,
          `refresh:${credential.id}`,
          REFRESH_LEASE_MS,
          (lease) => refreshHolding(context, connector, credential, options.force, lease),
          () => winnersToken(context, connector, credential, stillValid),
        ),
      ),
    );
    return renewed ?? credential;
  } catch (error) {
    // A database that takes no changes is no reason to keep anybody from a token that is good.
    if (options.force || !isChatelaineError(error, 'store_unavailable') || !isValid(context, credential)) throw error;
    context.log.warn({ err: error, credentialId: credential.id }, 'a token could not be renewed ahead of time');
    return credential;
  }
}

/** Whose token requests go in one line. */
export const laneOf = ({ issuer, connectorId }: Pick<CredentialRecord, 'issuer' | 'connectorId'>): string =>
  issuer ?? connectorId;

const isValid = (context: HubContext, credential: CredentialRecord): boolean =>
  credential.expiresAt === null || credential.expiresAt > context.now();

const isBackingOff = (context: HubContext, credential: CredentialRecord): boolean =>
  (credential.refreshAfter ?? 0) > context.now();

/** The present token while it lasts. @throws upstream_unreachable with the time of the next try */
function whileBackingOff(
  context: HubContext,
  connector: ConnectorRecord,
  credential: CredentialRecord,
  force: boolean,
): CredentialRecord {
  if (!force && isValid(context, credential)) return credential;
  const seconds = Math.ceil(((credential.refreshAfter ?? 0) - context.now()) / 1000);
  throw new ChatelaineError(
    'upstream_unreachable',
    `The token of ${connector.name} could not be refreshed (${credential.reason ?? 'the provider did not answer'}); the next try is in ${seconds} s.`,
    { details: { retryAfterSeconds: seconds } },
  );
}

/** What a loser sees while the winner works: the new token, a still valid old one, or nothing yet. */
async function winnersToken(
  context: HubContext,
  connector: ConnectorRecord,
  seen: CredentialRecord,
  stillValid: boolean,
): Promise<CredentialRecord | null> {
  if (stillValid) return seen;
  const current = await context.store.credentials.get(seen.id);
  if (current === null) throw new ChatelaineError('connect_required', `${connector.name} was disconnected meanwhile.`);
  if (hasEnded(current)) throw reconnectError(connector, current.reason);
  return current.generation > seen.generation ? current : null;
}

async function refreshHolding(
  context: HubContext,
  connector: ConnectorRecord,
  seen: CredentialRecord,
  force: boolean,
  lease: Lease,
): Promise<CredentialRecord> {
  const credential = await afterCutOff(context, await present(context, connector, seen.id));
  if (credential.generation > seen.generation) return credential;
  if (hasEnded(credential)) throw reconnectError(connector, credential.reason);
  if (isBackingOff(context, credential)) return whileBackingOff(context, connector, credential, force);

  const recorder = createRecorder(context, 'refresh');
  const { store } = context;
  try {
    const tokens = await openTokens(context.vault, credential);
    const server = await serverOf(context, connector, credential.issuer ?? '', recorder);
    const client = await clientOf(context, connector, tokens.client, server);
    // Looking up the server may have taken a while, and the lease has to outlive the token request.
    if (!(await lease.renew()))
      throw new ChatelaineError('store_unavailable', 'Another process has taken over the refresh; try again.');
    const began = { refreshStartedAt: context.now() };
    if (!(await store.credentials.update(credential.id, credential.generation, began)))
      return await present(context, connector, credential.id);
    const fresh = await requestTokens(connector, credential, tokens, client, server, recorder);
    const renewed = await saveRefreshed(context, credential, tokens, fresh, lease);
    context.meter.tokenRefresh('ok');
    return renewed;
  } catch (error) {
    const isEnd = isChatelaineError(error, 'invalid_grant', 'client_rejected', 'secret_unreadable');
    const code = isChatelaineError(error) ? error.code : 'internal_error';
    context.meter.tokenRefresh(isEnd ? 'ended' : 'failed', { connectorKey: connector.key, code });
    return await refreshFailed(context, connector, credential, error, force, recorder);
  } finally {
    await recorder.save(connector.id, credential.agentId);
  }
}

async function present(context: HubContext, connector: ConnectorRecord, id: string): Promise<CredentialRecord> {
  const credential = await context.store.credentials.get(id);
  if (credential === null)
    throw new ChatelaineError('connect_required', `${connector.name} was disconnected meanwhile.`);
  return credential;
}

/**
 * A refresh that began and has no outcome was cut off: by the end of its process, or from the database, and then its
 * tokens are about to be saved. Its refresh token is probably spent, so those are waited for.
 */
async function afterCutOff(context: HubContext, credential: CredentialRecord): Promise<CredentialRecord> {
  const { id, generation, refreshStartedAt, refreshAfter } = credential;
  if (refreshStartedAt === null || (refreshAfter ?? 0) >= refreshStartedAt) return credential;
  const giveUpAt = performance.now() + REFRESH_TAKE_OVER_MS;
  for (let current: CredentialRecord | null = credential; ; ) {
    if (current === null || current.generation > generation || performance.now() >= giveUpAt)
      return current ?? credential;
    await pause(LEASE_POLL_MS);
    current = await context.store.credentials.get(id);
  }
}

async function requestTokens(
  connector: ConnectorRecord,
  credential: CredentialRecord,
  tokens: StoredTokens,
  client: OAuthClient,
  server: Parameters<typeof refreshTokens>[1]['server'],
  recorder: Recorder,
): Promise<TokenSet> {
  if (connector.oauth?.grant === 'client_credentials') {
    return requestClientCredentials(recorder.exchange('oauth', 'client_credentials'), {
      server,
      client,
      scope: credential.scope,
      resource: resourceSent(connector, credential),
    });
  }
  if (tokens.refreshToken === null) throw new ChatelaineError('invalid_grant', 'There is no refresh token.');
  return refreshTokens(recorder.exchange('oauth', 'refresh'), {
    server,
    client,
    refreshToken: tokens.refreshToken,
    resource: resourceSent(connector, credential),
  });
}

const resourceSent = (connector: ConnectorRecord, credential: CredentialRecord): string | null =>
  connector.oauth?.resourcePolicy === 'never' ? null : credential.resource;
