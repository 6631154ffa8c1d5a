// "Register again": forget the dynamic registration at the connector's issuer and make a new one, without
// touching the connector, its tools, its grants or the tokens that serve.

import { ChatelaineError } from '../errors.ts';
import { PAGE_LIMIT_MAX } from '../limits.ts';
import type { ConnectorRecord, RegistrationKind } from '../store/records.ts';
import type { Actor } from './audit.ts';
import { audit } from './audit.ts';
import type { HubContext } from './context.ts';
import { clientFor, forgetRegistration } from './oauth-client.ts';
import { discoverFor } from './oauth-discovery.ts';
import { createRecorder } from './transcript.ts';

/**
 * @throws invalid_request where there is no registration of ours to renew
 * @throws discovery and registration errors
 */
export async function registerAgain(
  context: HubContext,
  connector: ConnectorRecord,
  actor: Actor,
): Promise<{ issuer: string; registration: RegistrationKind }> {
  if (connector.authType !== 'oauth') {
    throw new ChatelaineError(
      'invalid_request',
      `${connector.name} does not use OAuth, so there is nothing to register.`,
    );
  }
  if (connector.sealedClient !== null) {
    throw new ChatelaineError(
      'invalid_request',
      `${connector.name} uses a client entered by hand; change oauth.clientId, or remove it to register dynamically.`,
      {
        details: { field: 'oauth.clientId' },
      },
    );
  }
  const recorder = createRecorder(context, 'registration');
  try {
    const { server, discovery } = await discoverFor(context, connector, recorder, { anew: true });
    await context.store.connectors.update(connector.id, { discovery });
    const old = await context.store.registrations.find(server.issuer, context.redirectUri);
    if (old !== null) await forgetRegistration(context, old, recorder, await isServing(context, old.id));
    const chosen = await clientFor(context, connector, server, recorder);
    await audit(context, actor, 'registration.renewed', {
      connectorId: connector.id,
      detail: { issuer: server.issuer, registration: chosen.kind },
    });
    return { issuer: server.issuer, registration: chosen.kind };
  } finally {
    await recorder.save(connector.id, null);
  }
}

/** Whether tokens of any connector were issued to this client: a provider ends them with it (RFC 7592 section 2.3). */
async function isServing(context: HubContext, registrationId: string): Promise<boolean> {
  let cursor: string | undefined;
  do {
    const page = await context.store.connectors.list({ limit: PAGE_LIMIT_MAX, cursor });
    for (const connector of page.items) {
      if (connector.authType !== 'oauth') continue;
      const credentials = await context.store.credentials.listByConnector(connector.id);
      if (credentials.some((credential) => credential.registrationId === registrationId)) return true;
    }
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return false;
}
