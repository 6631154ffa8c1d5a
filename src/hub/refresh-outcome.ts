// What becomes of a refresh: the new tokens saved, or the failure judged.

import { ChatelaineError, isChatelaineError, isTransient } from '../errors.ts';
import {
  REFRESH_BACKOFF_MAX_MS,
  REFRESH_BACKOFF_MS,
  REFRESH_SAVE_MS,
  REFRESH_SAVE_PAUSE_MAX_MS,
  REFRESH_SAVE_PAUSE_MS,
  REFRESH_SAVE_WAIT_MS,
} from '../limits.ts';
import type { TokenSet } from '../oauth/types.ts';
import type { ConnectorRecord, CredentialPatch, CredentialRecord } from '../store/records.ts';
import { audit, SYSTEM } from './audit.ts';
import type { HubContext } from './context.ts';
import { expiryOf } from './credential-record.ts';
import { markCredential, UNREADABLE } from './credential-state.ts';
import { type Lease, pause } from './lease.ts';
import { doubtServer } from './oauth-discovery.ts';
import type { StoredTokens } from './sealed-values.ts';
import { sealTokens } from './sealed-values.ts';
import type { Recorder } from './transcript.ts';

/**
 * Saves the rotated tokens. A fault of the database is tried again, by whoever waits for the token and, after that,
 * by nobody's leave: losing them may lose the grant.
 *
 * @throws store_unavailable when they are not saved in time; the lease is kept until they are
 */
export async function saveRefreshed(
  context: HubContext,
  credential: CredentialRecord,
  old: StoredTokens,
  fresh: TokenSet,
  lease: Lease,
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
  const saving = saveAndTell(context, credential, patch, lease, { rotated: fresh.refreshToken !== null });
  await inTime(saving).catch((error: unknown) => {
    lease.keepUntil(saving);
    throw error;
  });
  const current = await context.store.credentials.get(credential.id);
  if (current === null)
    throw new ChatelaineError('connect_required', 'The credential was removed while it was refreshed.');
  return current;
}

async function saveAndTell(
  context: HubContext,
  credential: CredentialRecord,
  patch: CredentialPatch,
  lease: Lease,
  { rotated }: { readonly rotated: boolean },
): Promise<void> {
  const { id, connectorId, agentId, generation } = credential;
  let saved = await saveUntilSaved(context, credential, patch, lease);
  context.credentialCache.forgetConnector(connectorId);
  // A try whose answer was lost may have written them.
  saved ||= (await context.store.credentials.get(id))?.sealed === patch.sealed;
  if (!saved) return;
  // The token is saved; a record of it that cannot be written must not keep it from serving.
  await audit(context, SYSTEM, 'credential.refreshed', {
    connectorId,
    agentId,
    credentialId: id,
    detail: { generation: generation + 1, rotated },
  }).catch((error: unknown) => context.log.error({ err: error, credentialId: id }, 'a refresh could not be audited'));
}

async function inTime(saving: Promise<void>): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(
      new ChatelaineError('store_unavailable', 'A refreshed token could not be saved yet, so it is not used.'),
    );
  }, REFRESH_SAVE_WAIT_MS);
  return Promise.race([saving, late.promise]).finally(() => clearTimeout(timer));
}

/** Whether they are those of the credential now; false when it was changed or removed meanwhile. */
async function saveUntilSaved(
  context: HubContext,
  { id, generation, state }: CredentialRecord,
  patch: CredentialPatch,
  lease: Lease,
): Promise<boolean> {
  const giveUpAt = context.now() + REFRESH_SAVE_MS;
  let wait = REFRESH_SAVE_PAUSE_MS;
  for (let isFirst = true; ; isFirst = false) {
    try {
      // Who thought this refresh dead and tried the spent token meanwhile may have marked the credential.
      return await context.store.credentials.update(id, generation, isFirst ? patch : { ...patch, state });
    } catch (error) {
      const told = { err: error, credentialId: id };
      if (context.now() > giveUpAt || context.lateSaves.isOver()) {
        context.log.error(told, 'a refreshed token could not be saved; it is lost');
        return false;
      }
      if (isFirst) context.log.warn(told, 'a refreshed token could not be saved yet; it is tried again');
    }
    await pause(wait);
    wait = Math.min(wait * 2, REFRESH_SAVE_PAUSE_MAX_MS);
    await lease.renew().catch(() => false);
  }
}

/** The demand to connect again, with the reason. */
export const reconnectError = (connector: ConnectorRecord, reason: string | null): ChatelaineError =>
  new ChatelaineError(
    'reauthorization_required',
    `${connector.name} must be connected again: ${reason ?? 'the authorization ended'}.`,
  );

/** Marks the credential as ended; answers the error that says so. */
export async function endCredential(
  context: HubContext,
  connector: ConnectorRecord,
  credential: CredentialRecord,
  reason: string,
): Promise<ChatelaineError> {
  const marked = await markCredential(context, credential, 'reauthorization_required', reason);
  const wasSo = credential.state === 'reauthorization_required' && credential.reason === reason;
  if (marked && !wasSo) {
    await audit(context, SYSTEM, 'credential.reauthorization_required', {
      connectorId: connector.id,
      agentId: credential.agentId,
      credentialId: credential.id,
      detail: { reason },
    });
  }
  return reconnectError(connector, reason);
}

/**
 * Judges a failed refresh: what is final ends the credential, what is of the moment keeps it and backs off.
 *
 * @returns the present credential where its access token is still valid
 * @throws reauthorization_required, or the fault itself where nothing valid is left
 */
export async function refreshFailed(
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
    throw await endCredential(
      context,
      connector,
      credential,
      interrupted
        ? 'an earlier refresh was interrupted before its answer was saved, and the provider refuses the old refresh token (invalid_grant)'
        : 'the provider refuses the refresh token (invalid_grant)',
    );
  }
  // A registration that the provider forgot is gone for good; an entered client or a published document is
  // the operator's to correct, and then the refresh token is as good as before.
  if (isChatelaineError(error, 'client_rejected') && credential.registrationKind === 'dynamic') {
    await forgetRejectedClient(context, credential);
    throw await endCredential(
      context,
      connector,
      credential,
      `the provider no longer knows this client (${error.details.upstreamCode ?? 'invalid_client'})`,
    );
  }
  if (isChatelaineError(error, 'secret_unreadable')) {
    throw await endCredential(context, connector, credential, UNREADABLE);
  }
  // Removed meanwhile: nothing is left to keep.
  if (!isChatelaineError(error) || error.code === 'connect_required') throw error;

  const answered = !isChatelaineError(error, 'upstream_unreachable', 'upstream_timeout', 'store_unavailable');
  const failures = credential.refreshFailures + 1;
  const backoff = Math.min(REFRESH_BACKOFF_MS * 2 ** (failures - 1), REFRESH_BACKOFF_MAX_MS);
  const asked = (error.details.retryAfterSeconds ?? 0) * 1000;
  const wait = Math.min(Math.max(backoff, asked), REFRESH_BACKOFF_MAX_MS);
  await context.store.credentials.update(credential.id, credential.generation, {
    refreshFailures: failures,
    refreshAfter: context.now() + wait,
    // Where no answer came, the provider may have spent the refresh token all the same.
    ...(answered ? { refreshStartedAt: null } : {}),
    reason: error.message,
  });
  const mayHaveMoved = isTransient(error) && !isChatelaineError(error, 'store_unavailable', 'upstream_rate_limited');
  if (mayHaveMoved && credential.issuer !== null) await doubtServer(context, credential.issuer);
  recorder.note('refresh', `kept the tokens; next try in ${Math.round(wait / 1000)} s`);
  const valid = !force && (credential.expiresAt === null || credential.expiresAt > context.now());
  if (valid) return credential;
  throw error;
}

/** The next Connect registers anew. */
async function forgetRejectedClient(context: HubContext, credential: CredentialRecord): Promise<void> {
  if (credential.registrationId !== null) await context.store.registrations.delete(credential.registrationId);
}
