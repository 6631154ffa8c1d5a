// The one place that yields a usable credential: for sync, tests, exports and calls alike. It answers for
// exactly one owner. There is no "first available": a shared connector has one owner (nobody's agent), a
// per-agent connector has the agent that was named, and nothing else is ever looked at.

import { ChatelaineError, isChatelaineError } from '../errors.ts';
import { CREDENTIAL_CACHE_MS, REFRESH_AHEAD_MS } from '../limits.ts';
import type { Secret } from '../secret.ts';
import type { ConnectorRecord, CredentialRecord } from '../store/records.ts';
import type { HubContext } from './context.ts';
import { isOnlyRefused, MOVED, markCredential, UNREADABLE } from './credential-state.ts';
import { obtainMachineCredential } from './machine-credential.ts';
import { promotePending } from './pending-credential.ts';
import { refreshCredential } from './refresh.ts';
import { credentialHeader, customHeaders } from './request-headers.ts';
import { openStatic, openTokens } from './sealed-values.ts';
import { readSecret } from './secret-reference.ts';

export type ResolvedCredential = {
  /** Lower-case names; everything that must be sent, custom headers included. */
  readonly headers: Readonly<Record<string, string>>;
  /** null where no credential is needed. */
  readonly credentialId: string | null;
  readonly generation: number;
  /** Marked as refused by the server; what it accepts now is told by {@link credentialProven}. */
  readonly isDoubted?: boolean;
};

export type ResolveOptions = {
  /** The server refused this very credential: replace it before answering. Another one was not refused. */
  readonly refused?: Pick<ResolvedCredential, 'credentialId' | 'generation'>;
  /** The credential to prove, instead of the one that serves. */
  readonly slot?: 'active' | 'pending';
};

/** Whose credential a request of `agentId` uses. @throws invalid_request when a per-agent connector gets no agent */
export function ownerOf(connector: ConnectorRecord, agentId: string | null): string | null {
  if (connector.credentialMode !== 'per_agent') return null;
  if (agentId === null) {
    throw new ChatelaineError(
      'invalid_request',
      `${connector.name} keeps one credential per agent; name the agent (agentId).`,
      {
        details: { field: 'agentId' },
      },
    );
  }
  return agentId;
}

/**
 * The headers with which `agentId` may speak to `connector` now; tokens about to expire are refreshed first.
 *
 * @param agentId the agent; null only for shared connectors
 * @throws connect_required, secret_required, reauthorization_required: a person must act
 * @throws secret_unreadable, secret_reference_invalid; network faults where no valid token is left
 */
export async function resolveCredential(
  context: HubContext,
  connector: ConnectorRecord,
  agentId: string | null,
  options: ResolveOptions = {},
): Promise<ResolvedCredential> {
  const owner = ownerOf(connector, agentId);
  const plain = options.refused === undefined && options.slot === undefined;
  const known = plain ? knownCredential(context, connector, agentId) : null;
  if (known !== null) return known;
  const epoch = context.credentialCache.epoch();
  // What comes late was true when it was asked for.
  const readAt = context.now();
  if (connector.authType === 'none') {
    const value = { headers: await customHeaders(context, connector), credentialId: null, generation: 0 };
    if (plain) remember(context, connector, owner, { value, validUntil: Number.POSITIVE_INFINITY }, { epoch, readAt });
    return value;
  }
  const slot = options.slot ?? 'active';
  let credential = await context.store.credentials.find(connector.id, owner, slot);
  if (credential === null && connector.oauth?.grant === 'client_credentials' && connector.authType === 'oauth') {
    credential = await obtainMachineCredential(context, connector, owner);
  }
  if (credential === null) throw missing(connector);

  const resolved =
    credential.kind === 'static'
      ? await resolveStatic(context, connector, credential)
      : await resolveOAuth(context, connector, credential, options);
  // One that is tried is for whoever tries it alone.
  const isKept = slot === 'active' && resolved.value.isDoubted !== true;
  if (isKept) remember(context, connector, owner, resolved, { epoch, readAt });
  return resolved.value;
}

/** What {@link resolveCredential} would answer from memory alone; null says nothing. */
export function knownCredential(
  { credentialCache }: Pick<HubContext, 'credentialCache'>,
  connector: ConnectorRecord,
  agentId: string | null,
): ResolvedCredential | null {
  const owner = connector.credentialMode === 'per_agent' ? agentId : '';
  const cached = owner === null ? null : credentialCache.get(connector.id, owner);
  return cached !== null && cached.url === connector.url ? cached : null;
}

type Timed = { readonly value: ResolvedCredential; readonly validUntil: number };

function remember(
  context: HubContext,
  connector: ConnectorRecord,
  owner: string | null,
  resolved: Timed,
  { epoch, readAt }: { readonly epoch: number; readonly readAt: number },
): void {
  context.credentialCache.set(
    connector.id,
    owner ?? '',
    {
      ...resolved.value,
      url: connector.url,
      validUntil: Math.min(readAt + CREDENTIAL_CACHE_MS, resolved.validUntil),
    },
    epoch,
  );
}

function missing(connector: ConnectorRecord): ChatelaineError {
  if (connector.authType === 'oauth') {
    return new ChatelaineError(
      'connect_required',
      `${connector.name} is not connected yet: open its Connect link and sign in.`,
    );
  }
  return new ChatelaineError(
    'secret_required',
    `${connector.name} has no ${connector.authType === 'bearer' ? 'token' : 'API key'} yet: enter it.`,
  );
}

async function withCustom(
  context: HubContext,
  connector: ConnectorRecord,
  credential: CredentialRecord,
  own: Record<string, string>,
): Promise<ResolvedCredential> {
  return {
    headers: { ...(await customHeaders(context, connector)), ...own },
    credentialId: credential.id,
    generation: credential.generation,
    ...(credential.state === 'reauthorization_required' ? { isDoubted: true } : {}),
  };
}

async function resolveStatic(
  context: HubContext,
  connector: ConnectorRecord,
  credential: CredentialRecord,
): Promise<Timed> {
  const stored = await orUnreadable(context, credential, () => openStatic(context.vault, credential));
  const secret = await readReference(context, credential, stored);
  const own = credentialHeader(connector.authType, connector.headerName, secret);
  return { value: await withCustom(context, connector, credential, own), validUntil: Number.POSITIVE_INFINITY };
}

/** A reference that points nowhere is told as the credential's state, and cleared when it points somewhere again. */
async function readReference(context: HubContext, credential: CredentialRecord, stored: Secret): Promise<Secret> {
  try {
    const secret = await readSecret(context, stored);
    if (credential.state === 'ok' && credential.reason !== null) await markCredential(context, credential, 'ok', null);
    return secret;
  } catch (error) {
    if (isChatelaineError(error, 'secret_reference_invalid'))
      await markCredential(context, credential, 'ok', error.message);
    throw error;
  }
}

async function resolveOAuth(
  context: HubContext,
  connector: ConnectorRecord,
  found: CredentialRecord,
  options: ResolveOptions,
): Promise<Timed> {
  let credential = found;
  try {
    credential = await usable(context, connector, found, options);
  } catch (error) {
    const successor = found.slot === 'active' ? await successorOf(context, found, error) : null;
    if (successor === null) throw error;
    credential = await usable(context, connector, successor, {});
  }
  const tokens = await orUnreadable(context, credential, () => openTokens(context.vault, credential));
  const own = credentialHeader('oauth', null, tokens.accessToken);
  const ahead = credential.expiresAt === null ? Number.POSITIVE_INFINITY : credential.expiresAt - REFRESH_AHEAD_MS;
  return { value: await withCustom(context, connector, credential, own), validUntil: ahead };
}

/** Who serves in place of `found`: a waiting authorization when it is dead, else the one that replaced it meanwhile. */
async function successorOf(
  context: HubContext,
  found: CredentialRecord,
  error: unknown,
): Promise<CredentialRecord | null> {
  if (isChatelaineError(error, 'reauthorization_required', 'secret_unreadable')) return promotePending(context, found);
  if (!isChatelaineError(error, 'connect_required')) return null;
  return context.store.credentials.find(found.connectorId, found.agentId, 'active');
}

async function usable(
  context: HubContext,
  connector: ConnectorRecord,
  credential: CredentialRecord,
  options: ResolveOptions,
): Promise<CredentialRecord> {
  if (credential.state === 'reauthorization_required' && !(await mayServe(context, credential, options))) {
    throw new ChatelaineError(
      'reauthorization_required',
      `${connector.name} must be connected again: ${credential.reason ?? 'the authorization ended'}.`,
    );
  }
  const refused =
    options.refused?.credentialId === credential.id && credential.generation <= options.refused.generation;
  const left = credential.expiresAt === null ? Number.POSITIVE_INFINITY : credential.expiresAt - context.now();
  if (!refused && left > REFRESH_AHEAD_MS) return credential;
  return refreshCredential(context, connector, credential, { force: refused });
}

/** A credential that was marked, and why that need not hold any more. */
async function mayServe(context: HubContext, credential: CredentialRecord, options: ResolveOptions): Promise<boolean> {
  const { state, reason, expiresAt } = credential;
  // Whoever was refused just now is in the midst of a trial.
  if (isOnlyRefused({ state, reason })) return options.refused !== undefined || context.refusalTrials.begin(credential);
  // Its server may be back with the old authorization server; who asks the new one is not known by the old token.
  const lasts = (expiresAt ?? Number.POSITIVE_INFINITY) > context.now() + REFRESH_AHEAD_MS;
  const isMoved = reason?.startsWith(MOVED) === true && lasts;
  if (isMoved) return context.refusalTrials.begin(credential);
  return opensAgain(context, credential);
}

/** A key that was missing and is back mends what was marked for want of it. */
async function opensAgain(context: HubContext, credential: CredentialRecord): Promise<boolean> {
  if (credential.reason !== UNREADABLE) return false;
  try {
    await openTokens(context.vault, credential);
  } catch (error) {
    if (isChatelaineError(error, 'secret_unreadable')) return false;
    throw error;
  }
  return markCredential(context, credential, 'ok', null);
}

/** The server accepted what was marked as refused. A lack of scope is for a consent to clear. */
export async function credentialProven(context: HubContext, { credentialId }: ResolvedCredential): Promise<void> {
  const credential = credentialId === null ? null : await context.store.credentials.get(credentialId);
  if (credential === null || credential.state !== 'reauthorization_required') return;
  context.refusalTrials.forget(credential.id);
  await markCredential(context, credential, 'ok', null);
}

async function orUnreadable<T>(context: HubContext, credential: CredentialRecord, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    if (error instanceof ChatelaineError && error.code === 'secret_unreadable') {
      await markCredential(context, credential, 'reauthorization_required', UNREADABLE);
    }
    throw error;
  }
}
