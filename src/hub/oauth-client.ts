// Which OAuth client speaks to an authorization server for a connector: the one entered by hand, our
// Client ID Metadata Document, or a dynamic registration kept per issuer and redirect URI.

import { ChatelaineError, isChatelaineError } from '../errors.ts';
import { REFRESH_LEASE_MS } from '../limits.ts';
import { chooseAuthMethod } from '../oauth/client-authentication.ts';
import { chooseRegistration } from '../oauth/client-registration.ts';
import { deleteRegistration, registerClient } from '../oauth/dynamic-registration.ts';
import type { AuthorizationServer, OAuthClient } from '../oauth/types.ts';
import type { ConnectorRecord, OAuthSettings, RegistrationKind, RegistrationRecord } from '../store/records.ts';
import type { HubContext } from './context.ts';
import { newId } from './ids.ts';
import { withLease } from './lease.ts';
import { DEFAULT_OAUTH_SETTINGS } from './oauth-discovery.ts';
import type { TokenClient } from './sealed-values.ts';
import { inlineClient, openManualClient, openRegistration, sealRegistration } from './sealed-values.ts';
import { readSecret } from './secret-reference.ts';
import type { Recorder } from './transcript.ts';

export type ChosenClient = {
  readonly kind: RegistrationKind;
  readonly registrationId: string | null;
  readonly client: OAuthClient;
  readonly stored: TokenClient;
};

/** The client entered on the connector, ready to authenticate. @throws client_id_required when there is none */
export async function manualClientOf(
  context: HubContext,
  connector: ConnectorRecord,
  server: AuthorizationServer,
): Promise<OAuthClient> {
  if (connector.sealedClient === null) {
    throw new ChatelaineError('client_id_required', `Enter the client id of ${connector.name} at ${server.issuer}.`, {
      details: { field: 'oauth.clientId' },
    });
  }
  const stored = await openManualClient(context.vault, connector.sealedClient, connector.id);
  const settings = connector.oauth ?? DEFAULT_OAUTH_SETTINGS;
  const clientSecret = stored.clientSecret === null ? null : await readSecret(context, stored.clientSecret);
  const authMethod = chooseAuthMethod({
    server,
    registered: null,
    override: settings.tokenEndpointAuthMethod,
    hasSecret: clientSecret !== null,
    hasPrivateKey: stored.privateKey !== null,
  });
  return {
    clientId: stored.clientId,
    authMethod,
    ...(clientSecret === null ? {} : { clientSecret }),
    ...(stored.privateKey === null
      ? {}
      : {
          privateKey: {
            pem: await readSecret(context, stored.privateKey.pem),
            algorithm: stored.privateKey.algorithm,
            ...(stored.privateKey.keyId === null ? {} : { keyId: stored.privateKey.keyId }),
          },
        }),
  };
}

/** The client that a stored token set or flow names. */
export async function clientOf(
  context: HubContext,
  connector: ConnectorRecord,
  stored: TokenClient,
  server: AuthorizationServer,
): Promise<OAuthClient> {
  return stored.source === 'connector' ? manualClientOf(context, connector, server) : inlineClient(stored);
}

function isUsable(registration: RegistrationRecord, now: number): boolean {
  return registration.clientSecretExpiresAt === null || registration.clientSecretExpiresAt > now;
}

async function chosenFrom(context: HubContext, registration: RegistrationRecord): Promise<ChosenClient> {
  const secrets = await openRegistration(context.vault, registration);
  const stored: TokenClient = {
    source: 'inline',
    clientId: secrets.clientId,
    authMethod: registration.tokenEndpointAuthMethod,
    clientSecret: secrets.clientSecret,
  };
  return { kind: 'dynamic', registrationId: registration.id, client: inlineClient(stored as never), stored };
}

async function existingRegistration(context: HubContext, issuer: string): Promise<RegistrationRecord | null> {
  const found = await context.store.registrations.find(issuer, context.redirectUri);
  if (found === null || !isUsable(found, context.now())) return null;
  return found;
}

/** Registers at the issuer; callers at the same moment, in any process, share one registration. */
async function registerOnce(
  context: HubContext,
  server: AuthorizationServer,
  recorder: Recorder,
): Promise<ChosenClient> {
  return withLease(context, `register:${server.issuer}|${context.redirectUri}`, REFRESH_LEASE_MS, async () => {
    const current = await existingRegistration(context, server.issuer);
    if (current !== null) {
      try {
        return await chosenFrom(context, current);
      } catch (error) {
        if (!isChatelaineError(error, 'secret_unreadable')) throw error;
        recorder.note('registration', 'the stored registration does not open with the present keys; registering again');
      }
    }
    const registered = await registerClient(recorder.exchange('oauth', 'registration'), {
      server,
      redirectUri: context.redirectUri,
      clientName: context.clientName,
      clientUri: context.baseUrl,
      now: context.now(),
    });
    const id = newId('reg', context.now());
    const record: RegistrationRecord = {
      id,
      issuer: server.issuer,
      redirectUri: context.redirectUri,
      tokenEndpointAuthMethod: registered.client.authMethod,
      sealed: await sealRegistration(
        context.vault,
        {
          clientId: registered.client.clientId,
          clientSecret: registered.client.clientSecret ?? null,
          registrationAccessToken: registered.registrationAccessToken,
          registrationClientUri: registered.registrationClientUri,
        },
        { id, issuer: server.issuer },
      ),
      clientSecretExpiresAt: registered.clientSecretExpiresAt,
      createdAt: context.now(),
    };
    await context.store.registrations.put(record);
    recorder.note('registration', `registered as ${registered.client.authMethod} client`);
    return chosenFrom(context, record);
  });
}

/**
 * The issuer that the entered client belongs to. Where it was entered for the pinned one, discovery has seen
 * to it that `server` is that one, and its published spelling counts.
 */
export function clientIssuerOf(settings: OAuthSettings, server: AuthorizationServer): string | null {
  return settings.clientIssuer === settings.issuer ? settings.issuer && server.issuer : settings.clientIssuer;
}

/**
 * The client to authorize with, in the order pre-registered, client ID metadata document, dynamic, manual.
 *
 * @throws client_id_required, client_issuer_mismatch, registration_failed
 * @see https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization/client-registration
 */
export async function clientFor(
  context: HubContext,
  connector: ConnectorRecord,
  server: AuthorizationServer,
  recorder: Recorder,
): Promise<ChosenClient> {
  const settings = connector.oauth ?? DEFAULT_OAUTH_SETTINGS;
  const choice = chooseRegistration({
    server,
    manual: connector.sealedClient === null ? null : { issuer: clientIssuerOf(settings, server), complete: true },
    hasDynamic: (await existingRegistration(context, server.issuer)) !== null,
    clientMetadataUrl: context.clientMetadataUrl,
    redirectUri: context.redirectUri,
  });
  recorder.note('registration', `registration: ${choice.kind}`);
  if (choice.kind === 'pre_registered' || choice.kind === 'manual') {
    return {
      kind: choice.kind,
      registrationId: null,
      client: await manualClientOf(context, connector, server),
      stored: { source: 'connector' },
    };
  }
  if (choice.kind === 'client_id_metadata_document' && context.clientMetadataUrl !== null) {
    const stored: TokenClient = {
      source: 'inline',
      clientId: context.clientMetadataUrl,
      authMethod: 'none',
      clientSecret: null,
    };
    return { kind: choice.kind, registrationId: null, client: inlineClient(stored as never), stored };
  }
  return registerOnce(context, server, recorder);
}

/** Forgets a dynamic registration here and, where the provider offers it (RFC 7592), there, unless tokens depend on it. */
export async function forgetRegistration(
  context: HubContext,
  registration: RegistrationRecord,
  recorder: Recorder,
  isServing: boolean,
): Promise<void> {
  await context.store.registrations.delete(registration.id);
  if (isServing) return recorder.note('registration', 'the old client stays at the provider: tokens depend on it');
  let secrets: Awaited<ReturnType<typeof openRegistration>>;
  try {
    secrets = await openRegistration(context.vault, registration);
  } catch {
    return;
  }
  if (secrets.registrationClientUri === null || secrets.registrationAccessToken === null) return;
  await deleteRegistration(recorder.exchange('oauth', 'registration'), {
    registrationClientUri: secrets.registrationClientUri,
    registrationAccessToken: secrets.registrationAccessToken,
  });
}
