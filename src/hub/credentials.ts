// Static secrets are set here; credentials of every kind end here. Disconnecting asks the provider to
// revoke (RFC 7009) and forgets locally whatever the provider answers.

import { ChatelaineError } from '../errors.ts';
import { revokeTokens } from '../oauth/revocation.ts';
import type { Secret } from '../secret.ts';
import type { ConnectorRecord, CredentialRecord } from '../store/records.ts';
import type { Actor } from './audit.ts';
import { audit } from './audit.ts';
import type { HubContext } from './context.ts';
import { newCredential } from './credential-record.ts';
import { newId } from './ids.ts';
import { clientOf } from './oauth-client.ts';
import { serverOf } from './oauth-discovery.ts';
import { openTokens, sealStatic } from './sealed-values.ts';
import { isReference } from './secret-reference.ts';
import type { Recorder } from './transcript.ts';
import { createRecorder } from './transcript.ts';

/** Stores the static secret of one owner (`agentId` null: shared), in place of what was there. */
export async function setStaticSecret(
  context: HubContext,
  connector: ConnectorRecord,
  agentId: string | null,
  secret: Secret,
  actor: Actor,
): Promise<CredentialRecord> {
  const now = context.now();
  const id = newId('crd', now);
  const credential = newCredential(
    {
      id,
      connectorId: connector.id,
      agentId,
      slot: 'active',
      kind: 'static',
      sealed: await sealStatic(context.vault, secret, id),
    },
    now,
  );
  await context.store.credentials.put(credential);
  context.credentialCache.forgetConnector(connector.id);
  await audit(context, actor, 'credential.stored', {
    connectorId: connector.id,
    agentId,
    credentialId: id,
    detail: { kind: 'static', reference: isReference(secret) },
  });
  return credential;
}

export type Disconnection = { readonly existed: boolean; readonly revoked: boolean; readonly detail: string };

/** The same by a person's wish, which ends the sign-ins under way too: one that comes later would undo it. */
export async function disconnectByHand(
  context: HubContext,
  connector: ConnectorRecord,
  agentId: string | null,
  actor: Actor,
): Promise<Disconnection> {
  await context.store.flows.deleteOf(connector.id, agentId);
  return disconnect(context, connector, agentId, actor);
}

/** Ends one owner's credential: revoked where the provider can, forgotten here always. */
export async function disconnect(
  context: HubContext,
  connector: ConnectorRecord,
  agentId: string | null,
  actor: Actor,
): Promise<Disconnection> {
  const active = await context.store.credentials.find(connector.id, agentId, 'active');
  const pending = await context.store.credentials.find(connector.id, agentId, 'pending');
  const all = [active, pending].filter((credential): credential is CredentialRecord => credential !== null);
  if (all.length === 0) return { existed: false, revoked: false, detail: 'there was nothing to disconnect' };
  // Forgotten first: from here on nobody is served, whatever the provider does.
  for (const credential of all) await context.store.credentials.delete(credential.id);
  context.credentialCache.forgetConnector(connector.id);
  // A stream that was opened with it ends too: whoever listens looks at this time, in every process.
  await context.store.connectors.update(connector.id, { updatedAt: context.now() });

  const recorder = createRecorder(context, 'revocation');
  let revoked = false;
  let detail = 'forgotten here';
  for (const credential of all) {
    if (credential.kind !== 'oauth') continue;
    ({ revoked, detail } = await revoke(context, connector, credential, recorder));
  }
  await recorder.save(connector.id, agentId);
  await audit(context, actor, 'credential.disconnected', {
    connectorId: connector.id,
    agentId,
    credentialId: all[0]?.id ?? null,
    detail: { revokedAtProvider: revoked },
  });
  return { existed: true, revoked, detail };
}

async function revoke(
  context: HubContext,
  connector: ConnectorRecord,
  credential: CredentialRecord,
  recorder: Recorder,
): Promise<{ revoked: boolean; detail: string }> {
  try {
    const tokens = await openTokens(context.vault, credential);
    const server = await serverOf(context, connector, credential.issuer ?? '', recorder);
    const client = await clientOf(context, connector, tokens.client, server);
    const outcome = await revokeTokens(recorder.exchange('oauth', 'revocation'), {
      server,
      client,
      refreshToken: tokens.refreshToken,
      accessToken: tokens.accessToken,
    });
    recorder.note('revocation', outcome.detail);
    return outcome;
  } catch (error) {
    const detail = `not revoked at the provider: ${error instanceof ChatelaineError ? error.code : 'error'}`;
    recorder.note('revocation', detail);
    return { revoked: false, detail };
  }
}
