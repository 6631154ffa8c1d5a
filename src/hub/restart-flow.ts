// A provider that has forgotten our client is asked to know it again, and the sign-in begins anew in the same browser.

import type { Secret } from '../secret.ts';
import type { ConnectorRecord, FlowRecord } from '../store/records.ts';
import { hashToken, randomToken } from '../vault/hash.ts';
import { openFor, serverOfFlow } from './authorize.ts';
import { writeFlow } from './connect.ts';
import type { HubContext } from './context.ts';
import type { CallbackResult } from './landing.ts';
import { clientFor } from './oauth-client.ts';
import type { Recorder } from './transcript.ts';

/** The provider forgot our registration: register once more and send the browser back, once. */
export async function restartFlow(
  context: HubContext,
  connector: ConnectorRecord,
  flow: FlowRecord,
  browser: Secret,
  recorder: Recorder,
): Promise<CallbackResult | null> {
  try {
    if (flow.registrationId !== null) await context.store.registrations.delete(flow.registrationId);
    const server = serverOfFlow(flow);
    const chosen = await clientFor(context, connector, server, recorder);
    const next = await writeFlow(context, {
      connector,
      agentId: flow.agentId,
      server,
      chosen,
      resource: flow.resource,
      scope: flow.scope,
      returnTo: flow.returnTo,
      ticketHash: await hashToken(randomToken('', 32)),
      startedBy: flow.startedBy,
      restarts: flow.restarts + 1,
    });
    recorder.note('registration', 'the provider had forgotten this client; registered again and started over');
    return await openFor(context, next, browser);
  } catch (error) {
    context.log.warn({ err: error, connectorId: connector.id }, 'registering again did not succeed');
    return null;
  } finally {
    await recorder.save(connector.id, flow.agentId);
  }
}
