// Opening a connect link: the flow is bound to this browser, gets its state, and the browser is sent to
// the authorization endpoint. Another browser with the same link gets a plain refusal.

import { ChatelaineError } from '../errors.ts';
import { authorizationUrl } from '../oauth/authorization-request.ts';
import type { AuthorizationServer } from '../oauth/types.ts';
import { Secret } from '../secret.ts';
import type { ConnectorRecord, FlowRecord } from '../store/records.ts';
import { hashToken, randomToken } from '../vault/hash.ts';
import type { HubContext } from './context.ts';
import { clientOf } from './oauth-client.ts';
import type { FlowSecrets } from './sealed-values.ts';
import { openFlow } from './sealed-values.ts';
import { createRecorder } from './transcript.ts';

const TICKET = /^[A-Za-z0-9_-]{40,64}$/;

/**
 * The provider's address to send this browser to.
 *
 * @param browser the secret that this browser's cookie holds
 * @throws flow_not_found, flow_expired, flow_already_used, flow_other_browser
 */
export async function authorize(context: HubContext, ticket: string, browser: Secret): Promise<{ redirectTo: string }> {
  const flow = TICKET.test(ticket) ? await context.store.flows.findByTicket(await hashToken(new Secret(ticket))) : null;
  if (flow === null) throw flowNotFound();
  refuseEnded(flow, context.now());
  return openFor(context, flow, browser);
}

/** Whether a connect link still waits for whoever opens it first. */
export async function isUnopened(context: HubContext, connectUrl: string): Promise<boolean> {
  const ticket = new Secret(connectUrl.slice(connectUrl.lastIndexOf('/') + 1));
  const flow = await context.store.flows.findByTicket(await hashToken(ticket));
  return flow !== null && flow.status === 'created' && flow.expiresAt > context.now();
}

/** Binds `flow` to the browser and builds the authorization request. */
export async function openFor(context: HubContext, flow: FlowRecord, browser: Secret): Promise<{ redirectTo: string }> {
  const connector = await context.store.connectors.get(flow.connectorId);
  if (connector === null) throw flowNotFound();
  const recorder = createRecorder(context, 'authorize');
  const server = serverOfFlow(flow);
  const secrets = await openFlow(context.vault, flow);
  refuseChanged(connector, flow, secrets);
  const client = await clientOf(context, connector, secrets.client, server);
  const state = randomToken('', 32);
  if (!(await context.store.flows.open(flow.id, await hashToken(browser), await hashToken(state)))) {
    throw new ChatelaineError(
      'flow_other_browser',
      'This link was opened in another browser already. Ask for a new link and open it here.',
    );
  }
  const redirectTo = authorizationUrl({
    server,
    client,
    redirectUri: flow.redirectUri,
    scope: flow.scope,
    state,
    challenge: secrets.codeChallenge,
    resource: flow.resource,
  });
  recorder.note('authorization', `sent the browser to ${context.redactUrl(redirectTo)}`);
  await recorder.save(connector.id, flow.agentId);
  return { redirectTo };
}

/** @throws flow_already_used, flow_expired */
export function refuseEnded(flow: FlowRecord, now: number): void {
  if (flow.status === 'consumed') throw flowUsed();
  if (isExpired(flow, now)) throw flowExpired();
}

export const isExpired = (flow: FlowRecord, now: number): boolean => flow.expiresAt <= now;

export function flowUsed(): ChatelaineError {
  return new ChatelaineError(
    'flow_already_used',
    'This sign-in was finished already. Ask for a new link to connect again.',
  );
}

export function flowExpired(): ChatelaineError {
  return new ChatelaineError(
    'flow_expired',
    'This sign-in took longer than 10 minutes. Ask for a new link and try again.',
  );
}

/**
 * A token is for the server and the owner that it was asked for; a connector that was changed since may have
 * another of either.
 *
 * @throws outdated_write
 */
export function refuseChanged(connector: ConnectorRecord, flow: FlowRecord, secrets: FlowSecrets): void {
  const same =
    connector.authType === 'oauth' &&
    (connector.credentialMode === 'per_agent') === (flow.agentId !== null) &&
    new URL(connector.url).origin === new URL(secrets.serverUrl).origin;
  if (same) return;
  throw new ChatelaineError(
    'outdated_write',
    `${connector.name} was changed after this sign-in was begun, so it is not used. Connect again.`,
  );
}

export function flowNotFound(): ChatelaineError {
  return new ChatelaineError(
    'flow_not_found',
    'This link is unknown: it was mistyped, or it ended long ago. Ask for a new one.',
  );
}

/** The metadata that the flow was begun with, checked as it is read. @throws flow_not_found for a damaged record */
export function serverOfFlow(flow: FlowRecord): AuthorizationServer {
  const { issuer, authorization_endpoint, token_endpoint } = flow.metadata;
  const whole =
    issuer === flow.issuer &&
    typeof authorization_endpoint === 'string' &&
    typeof token_endpoint === 'string' &&
    flow.redirectUri !== '';
  if (whole) return flow.metadata as AuthorizationServer;
  throw new ChatelaineError(
    'flow_not_found',
    'The record of this sign-in is damaged, so it cannot go on. Ask for a new link.',
  );
}
