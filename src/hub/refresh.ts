// Replaces an access token, once, however many callers, threads of work and processes want it.
//
// In this process callers share one run; between processes a lease row lets one refresh while the others
// look for its result. What is written compares the generation that was read, so that a loser never
// overwrites or deletes a winner's token. Before the request goes out the row says so
// (`refreshStartedAt`): after a crash the next refresher knows that the old refresh token may be spent.
// The new tokens are saved before anybody uses them. No transaction is open during the request.

import { ChatelaineError, isChatelaineError, isTransient } from '../errors.ts';
import { REFRESH_BACKOFF_MAX_MS, REFRESH_BACKOFF_MS, REFRESH_LEASE_MS } from '../limits.ts';
import { requestClientCredentials } from '../oauth/client-credentials.ts';
import { refreshTokens } from '../oauth/refresh.ts';
import type { OAuthClient, TokenSet } from '../oauth/types.ts';
import type { ConnectorRecord, CredentialPatch, CredentialRecord } from '../store/records.ts';
import { audit, SYSTEM } from './audit.ts';
import type { HubContext } from './context.ts';
import { expiryOf } from './credential-record.ts';
import { markCredential } from './credential-state.ts';
import { withLease } from './lease.ts';
import { clientOf } from './oauth-client.ts';
import { serverOf } from './oauth-discovery.ts';
import type { StoredTokens } from './sealed-values.ts';
import { openTokens, sealTokens } from './sealed-values.ts';
import type { Recorder } from './transcript.ts';
import { createRecorder } from './transcript.ts';

const SAVE_TRIES = 5;

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
  options: { force: boolean } = { force: false },
): Promise<CredentialRecord> {
  const stillValid = (): boolean =>
    !options.force && (credential.expiresAt === null || credential.expiresAt > context.now());
  if (!credential.refreshable) {
    if (stillValid()) return credential;
    const reason = options.force
      ? 'the server refuses the access token and there is no refresh token'
      : 'the access token expired and there is no refresh token';
    throw await ended(context, connector, credential, reason);
  }
  if (credential.refreshAfter !== null && credential.refreshAfter > context.now()) {
    if (stillValid()) return credential;
    const seconds = Math.ceil((credential.refreshAfter - context.now()) / 1000);
    throw new ChatelaineError(
      'upstream_unreachable',
      `The token of ${connector.name} could not be refreshed (${credential.reason ?? 'the provider did not answer'}); the next try is in ${seconds} s.`,
      { details: { retryAfterSeconds: seconds } },
    );
  }
  return context.singleFlight(`refresh:${credential.id}:${credential.generation}`, () =>
    withLease(
      context,
      `refresh:${credential.id}`,
      REFRESH_LEASE_MS,
      () => refreshHolding(context, connector, credential.id, credential.generation, options.force),
      () => winnersToken(context, connector, credential, stillValid()),
    ),
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
  if (current.state === 'reauthorization_required') throw reconnect(connector, current.reason);
  return current.generation > seen.generation ? current : null;
}

async function refreshHolding(
  context: HubContext,
  connector: ConnectorRecord,
  id: string,
  seenGeneration: number,
  force: boolean,
): Promise<CredentialRecord> {
  const credential = await context.store.credentials.get(id);
  if (credential === null)
    throw new ChatelaineError('connect_required', `${connector.name} was disconnected meanwhile.`);
  if (credential.generation > seenGeneration) return credential;
  if (credential.state === 'reauthorization_required') throw reconnect(connector, credential.reason);

  const recorder = createRecorder(context, 'refresh');
  const { store } = context;
  try {
    const tokens = await openTokens(context.vault, credential);
    const server = await serverOf(context, connector, credential.issuer ?? '', recorder);
    const client = await clientOf(context, connector, tokens.client, server);
    await store.credentials.update(id, credential.generation, { refreshStartedAt: context.now() });
    const fresh = await requestTokens(connector, credential, tokens, client, server, recorder);
    return await save(context, credential, tokens, fresh);
  } catch (error) {
    return await failed(context, connector, credential, error, force, recorder);
  } finally {
    await recorder.save(connector.id, credential.agentId);
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

/** Saves the rotated tokens; a fault of the database is tried again, since losing them may lose the grant. */
async function save(
  context: HubContext,
  credential: CredentialRecord,
  old: StoredTokens,
  fresh: TokenSet,
): Promise<CredentialRecord> {
  const now = context.now();
  const sealed = await sealTokens(
    context.vault,
    {
      accessToken: fresh.accessToken,
      refreshToken: fresh.refreshToken ?? old.refreshToken,
      tokenType: fresh.tokenType,
      client: old.client,
    },
    credential,
  );
  const patch: CredentialPatch = {
    sealed,
    expiresAt: expiryOf(now, fresh.expiresInSeconds),
    scope: fresh.scope ?? credential.scope,
    refreshedAt: now,
    refreshFailures: 0,
    refreshAfter: null,
    refreshStartedAt: null,
    reason: credential.state === 'ok' ? null : credential.reason,
  };
  for (let attempt = 1; ; attempt += 1) {
    try {
      await context.store.credentials.update(credential.id, credential.generation, patch);
      break;
    } catch (error) {
      if (attempt >= SAVE_TRIES)
        throw new ChatelaineError('store_unavailable', 'A refreshed token could not be saved; it was not used.', {
          cause: error,
        });
    }
  }
  context.credentialCache.forgetConnector(credential.connectorId);
  // The token is saved; a record of it that cannot be written must not keep it from serving.
  await audit(context, SYSTEM, 'credential.refreshed', {
    connectorId: credential.connectorId,
    agentId: credential.agentId,
    credentialId: credential.id,
    detail: { generation: credential.generation + 1, rotated: fresh.refreshToken !== null },
  }).catch((error: unknown) =>
    context.log.error({ err: error, credentialId: credential.id }, 'a refresh could not be audited'),
  );
  const current = await context.store.credentials.get(credential.id);
  if (current === null)
    throw new ChatelaineError('connect_required', 'The credential was removed while it was refreshed.');
  return current;
}

const reconnect = (connector: ConnectorRecord, reason: string | null): ChatelaineError =>
  new ChatelaineError(
    'reauthorization_required',
    `${connector.name} must be connected again: ${reason ?? 'the authorization ended'}.`,
  );

async function ended(
  context: HubContext,
  connector: ConnectorRecord,
  credential: CredentialRecord,
  reason: string,
): Promise<ChatelaineError> {
  const marked = await markCredential(context, credential, 'reauthorization_required', reason);
  if (marked) {
    await audit(context, SYSTEM, 'credential.reauthorization_required', {
      connectorId: connector.id,
      agentId: credential.agentId,
      credentialId: credential.id,
      detail: { reason },
    });
  }
  return reconnect(connector, reason);
}

async function failed(
  context: HubContext,
  connector: ConnectorRecord,
  credential: CredentialRecord,
  error: unknown,
  force: boolean,
  recorder: Recorder,
): Promise<CredentialRecord> {
  if (isChatelaineError(error, 'invalid_grant')) {
    const interrupted = credential.refreshStartedAt !== null;
    recorder.note('refresh', 'the provider refuses the refresh token');
    throw await ended(
      context,
      connector,
      credential,
      interrupted
        ? 'an earlier refresh was interrupted before its answer was saved, and the provider refuses the old refresh token (invalid_grant)'
        : 'the provider refuses the refresh token (invalid_grant)',
    );
  }
  if (isChatelaineError(error, 'client_rejected')) {
    await forgetRejectedClient(context, credential);
    throw await ended(
      context,
      connector,
      credential,
      `the provider no longer knows this client (${error.details.upstreamCode ?? 'invalid_client'})`,
    );
  }
  if (isChatelaineError(error, 'secret_unreadable')) {
    throw await ended(
      context,
      connector,
      credential,
      'the stored secret does not open with the present encryption keys',
    );
  }
  if (
    !isTransient(error) &&
    !isChatelaineError(error, 'token_request_failed', 'client_id_required', 'secret_reference_invalid')
  )
    throw error;

  const failures = credential.refreshFailures + 1;
  const backoff = Math.min(REFRESH_BACKOFF_MS * 2 ** (failures - 1), REFRESH_BACKOFF_MAX_MS);
  const asked = (error.details.retryAfterSeconds ?? 0) * 1000;
  await context.store.credentials.update(credential.id, credential.generation, {
    refreshFailures: failures,
    refreshAfter: context.now() + Math.min(Math.max(backoff, asked), REFRESH_BACKOFF_MAX_MS),
    refreshStartedAt: null,
    reason: error.message,
  });
  recorder.note('refresh', `kept the tokens; next try in ${Math.round(Math.max(backoff, asked) / 1000)} s`);
  const valid = !force && (credential.expiresAt === null || credential.expiresAt > context.now());
  if (valid) return credential;
  throw error;
}

/** A dynamic registration that the provider forgot is dropped, so that the next Connect registers anew. */
async function forgetRejectedClient(context: HubContext, credential: CredentialRecord): Promise<void> {
  if (credential.registrationKind === 'dynamic' && credential.registrationId !== null) {
    await context.store.registrations.delete(credential.registrationId);
  }
}
