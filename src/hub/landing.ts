// Where a browser lands when a flow has ended: where the flow began, with the outcome kept for the page.

import { type ErrorCode, isChatelaineError } from '../errors.ts';
import type { ConnectorRecord, FlowOutcome, FlowRecord } from '../store/records.ts';
import { browserRoutes } from './browser-routes.ts';
import type { HubContext } from './context.ts';
import { withQuery } from './return-to.ts';

export type CallbackResult = {
  /** A path of this hub, or the provider's address where the flow starts over with a fresh registration. */
  readonly redirectTo: string;
};

/** What we say where the provider's words stand beside ours. */
const OWN_WORDS: { readonly [code in ErrorCode]?: string } = {
  authorization_denied: 'The sign-in was declined at the provider.',
  token_request_failed: 'The provider did not give out a token.',
  invalid_grant: 'The provider did not accept the sign-in; it may have taken too long.',
  client_rejected:
    'The provider does not accept our client. Check the client id and secret of this connector, or register again.',
};

/** The landing of a flow; `failure` null when it went well. */
export async function landing(
  context: HubContext,
  connector: ConnectorRecord,
  flow: FlowRecord,
  failure: unknown,
): Promise<CallbackResult> {
  const mount = new URL(context.baseUrl).pathname.replace(/\/$/, '');
  const home =
    flow.returnTo ??
    `${mount}${flow.agentId === null ? browserRoutes.connector(connector.id) : browserRoutes.agent(flow.agentId)}`;
  if (failure === null || failure === undefined) return { redirectTo: withQuery(home, { connected: connector.key }) };
  const outcome: FlowOutcome = isChatelaineError(failure)
    ? {
        code: failure.code,
        message: OWN_WORDS[failure.code] ?? failure.message,
        providerCode: failure.details.upstreamCode ?? null,
        providerText: failure.details.upstreamText ?? null,
      }
    : {
        code: 'internal_error',
        message: 'Something went wrong in the hub; its log says more.',
        providerCode: null,
        providerText: null,
      };
  await context.store.flows.setOutcome(flow.id, outcome);
  return { redirectTo: withQuery(home, { error: outcome.code, flow: flow.id }) };
}
