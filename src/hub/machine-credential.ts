// Client credentials: no person, no browser. The token is asked for when it is first needed and replaced
// like any other; the client is the one entered on the connector.

import { ChatelaineError, isChatelaineError } from '../errors.ts';
import { REFRESH_LEASE_MS } from '../limits.ts';
import { requestClientCredentials } from '../oauth/client-credentials.ts';
import { resourceFor } from '../oauth/resource-indicator.ts';
import { selectScope } from '../oauth/scope.ts';
import type { ConnectorRecord, CredentialRecord } from '../store/records.ts';
import type { HubContext } from './context.ts';
import { expiryOf, newCredential } from './credential-record.ts';
import { newId } from './ids.ts';
import { withLease } from './lease.ts';
import { clientIssuerOf, manualClientOf } from './oauth-client.ts';
import { DEFAULT_OAUTH_SETTINGS, discoverFor } from './oauth-discovery.ts';
import { sealTokens } from './sealed-values.ts';
import { createRecorder } from './transcript.ts';

/**
 * The machine credential of this owner, asked for once across processes.
 *
 * @throws secret_required without a client id on the connector; every error of discovery and token endpoint
 */
export async function obtainMachineCredential(
  context: HubContext,
  connector: ConnectorRecord,
  agentId: string | null,
): Promise<CredentialRecord> {
  if (connector.sealedClient === null) {
    throw new ChatelaineError(
      'secret_required',
      `${connector.name} signs in by itself and needs oauth.clientId with a secret or a private key.`,
      {
        details: { field: 'oauth.clientId' },
      },
    );
  }
  const name = `machine:${connector.id}:${agentId ?? ''}`;
  return context.singleFlight(name, () =>
    withLease(context, name, REFRESH_LEASE_MS, async () => {
      const existing = await context.store.credentials.find(connector.id, agentId, 'active');
      return existing ?? (await request(context, connector, agentId));
    }),
  );
}

async function request(
  context: HubContext,
  connector: ConnectorRecord,
  agentId: string | null,
): Promise<CredentialRecord> {
  const recorder = createRecorder(context, 'authorize');
  const settings = connector.oauth ?? DEFAULT_OAUTH_SETTINGS;
  try {
    const { server, discovery } = await discoverFor(context, connector, recorder);
    const clientIssuer = clientIssuerOf(settings, server);
    if (clientIssuer !== null && clientIssuer !== server.issuer) {
      throw new ChatelaineError(
        'client_issuer_mismatch',
        `The client of ${connector.name} belongs to ${clientIssuer}, but the server now names ${server.issuer}; enter a client for it.`,
      );
    }
    const client = await manualClientOf(context, connector, server);
    const scope = selectScope({
      manual: settings.scope,
      challenged: discovery.challengedScope,
      scopesSupported: discovery.scopesSupported,
      allowList: settings.scopeAllowList,
      offlineAccess: false,
      serverScopes: null,
    });
    const resource = resourceFor({
      policy: settings.resourcePolicy,
      prmResource: discovery.resource,
      serverUrl: connector.url,
      mode: discovery.mode,
    });
    const tokens = await requestClientCredentials(recorder.exchange('oauth', 'client_credentials'), {
      server,
      client,
      scope,
      resource,
    });
    const now = context.now();
    const id = newId('crd', now);
    const credential = newCredential(
      {
        id,
        connectorId: connector.id,
        agentId,
        slot: 'active',
        kind: 'oauth',
        sealed: await sealTokens(
          context.vault,
          {
            accessToken: tokens.accessToken,
            refreshToken: null,
            tokenType: tokens.tokenType,
            client: { source: 'connector' },
          },
          { id, issuer: server.issuer, resource },
        ),
        issuer: server.issuer,
        resource,
        scope: tokens.scope ?? scope,
        registrationKind: 'pre_registered',
        expiresAt: expiryOf(now, tokens.expiresInSeconds),
        refreshable: true,
      },
      now,
    );
    await context.store.connectors.update(connector.id, {
      discovery,
      oauth: { ...settings, clientIssuer: server.issuer },
      updatedAt: now,
    });
    await context.store.credentials.put(credential);
    return credential;
  } catch (error) {
    if (isChatelaineError(error, 'client_rejected'))
      recorder.note('client_credentials', 'the provider rejects the client');
    throw error;
  } finally {
    await recorder.save(connector.id, agentId);
  }
}
