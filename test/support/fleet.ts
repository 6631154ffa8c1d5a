// A fleet: one connector, a credential of its own for each of many agents, written past the API; and an
// authorization server that only renews tokens, slowly, and counts.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { sealTokens } from '../../src/hub/sealed-values.ts';
import { Secret } from '../../src/secret.ts';
import type { ConnectorRecord, CredentialRecord } from '../../src/store/records.ts';
import type { Store } from '../../src/store/store.ts';
import type { Vault } from '../../src/vault/seal.ts';

export type TokenServer = {
  readonly issuer: string;
  /** How often each refresh token was presented. */
  readonly presented: ReadonlyMap<string, number>;
  /** The most requests that were in flight at the same time. */
  readonly most: () => number;
  /** When the last one was answered. */
  readonly lastAt: () => number;
  close(): Promise<void>;
};

/** Rotates: each refresh token is answered with another one. */
export async function startTokenServer(answerAfterMs: number, lifetimeSeconds = 3600): Promise<TokenServer> {
  const presented = new Map<string, number>();
  let [inFlight, most, lastAt] = [0, 0, 0];
  const server = createServer(async (request, response) => {
    inFlight += 1;
    most = Math.max(most, inFlight);
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const old = new URLSearchParams(body).get('refresh_token') ?? '';
    presented.set(old, (presented.get(old) ?? 0) + 1);
    await new Promise((resolve) => setTimeout(resolve, answerAfterMs));
    inFlight -= 1;
    lastAt = Date.now();
    response.writeHead(200, { 'content-type': 'application/json' }).end(
      JSON.stringify({
        access_token: `at ${old}`.replaceAll(' ', '-'),
        refresh_token: `${old}-next`,
        token_type: 'Bearer',
        expires_in: lifetimeSeconds,
      }),
    );
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    issuer: `http://127.0.0.1:${port}`,
    presented,
    most: () => most,
    lastAt: () => lastAt,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

type Fleet = {
  readonly count: number;
  readonly issuer: string;
  readonly expiresAt: number;
  /** Of the connector; the agents and credentials go after it. */
  readonly name: string;
  readonly url: string;
};

/** Every row of a fleet; the tokens are sealed for their places. Refresh tokens are `{name}-{number}`. */
export async function* fleetRows(
  vault: Vault,
  fleet: Fleet,
): AsyncGenerator<{ readonly agentId: string; readonly credential: CredentialRecord }> {
  const now = Date.now();
  for (let number = 0; number < fleet.count; number += 1) {
    const digits = String(number).padStart(8, '0');
    const agentId = `agt_${fleet.name}${digits}`;
    const place = { id: `crd_${fleet.name}${digits}`, issuer: fleet.issuer, resource: null };
    const sealed = await sealTokens(
      vault,
      {
        accessToken: new Secret(`at-${fleet.name}-${number}`),
        refreshToken: new Secret(`${fleet.name}-${number}`),
        tokenType: 'Bearer',
        client: { source: 'inline', clientId: 'fleet', authMethod: 'none', clientSecret: null },
      },
      place,
    );
    const credential: CredentialRecord = {
      ...place,
      connectorId: `con_${fleet.name}`,
      agentId,
      slot: 'active',
      kind: 'oauth',
      sealed,
      generation: 1,
      scope: null,
      registrationKind: 'dynamic',
      registrationId: null,
      expiresAt: fleet.expiresAt,
      refreshable: true,
      state: 'ok',
      reason: null,
      stateAt: now,
      missingScope: null,
      setAt: now - 3_600_000,
      refreshedAt: null,
      refreshFailures: 0,
      refreshAfter: null,
      refreshStartedAt: null,
    };
    yield { agentId, credential };
  }
}

/** The connector of a fleet and what is known of its authorization server, so that nobody has to discover it. */
export async function storeFleetConnector(store: Store, fleet: Fleet): Promise<ConnectorRecord> {
  const now = Date.now();
  const connector: ConnectorRecord = {
    id: `con_${fleet.name}`,
    key: fleet.name,
    name: fleet.name,
    url: fleet.url,
    authType: 'oauth',
    credentialMode: 'per_agent',
    headerName: null,
    headerNames: [],
    sealedHeaders: null,
    oauth: null,
    sealedClient: null,
    clientSetAt: null,
    discovery: null,
    protocol: null,
    reachability: null,
    toolReview: 'notify',
    limits: { callsInFlight: null, timeoutSeconds: null },
    capture: 'off',
    toolsRevision: 0,
    toolsSyncedAt: now,
    toolsError: null,
    syncDueAt: null,
    syncFailures: 0,
    createdAt: now,
    updatedAt: now,
  };
  await store.connectors.insert(connector);
  const metadata = { issuer: fleet.issuer, token_endpoint: `${fleet.issuer}/token` };
  await store.authorizationServers.put({
    ...{ issuer: fleet.issuer, metadata, metadataUrl: `${fleet.issuer}/.well-known/oauth-authorization-server` },
    ...{ fetchedAt: now, expiresAt: now + 24 * 3_600_000 },
  });
  return connector;
}
