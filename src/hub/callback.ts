// The provider sends the browser back. In this order: state, expiry, browser, issuer; only then is the
// response's content looked at. A refusal before that point changes nothing. Then the flow is consumed,
// the code exchanged where the flow was bound to, the credential stored, the tools listed.

import { ChatelaineError, isChatelaineError } from '../errors.ts';
import { CALLBACK_SYNC_WAIT_MS } from '../limits.ts';
import { validateAuthorizationResponse } from '../oauth/authorization-response.ts';
import { revokeTokens } from '../oauth/revocation.ts';
import { audienceWarning } from '../oauth/token-audience.ts';
import { exchangeCode } from '../oauth/token-endpoint.ts';
import type { TokenSet } from '../oauth/types.ts';
import { Secret } from '../secret.ts';
import type { ConnectorRecord, CredentialRecord, FlowRecord } from '../store/records.ts';
import { hashToken } from '../vault/hash.ts';
import { audit } from './audit.ts';
import {
  flowExpired,
  flowNotFound,
  flowUsed,
  isExpired,
  refuseChanged,
  refuseEnded,
  serverOfFlow,
} from './authorize.ts';
import type { HubContext } from './context.ts';
import { expiryOf, newCredential } from './credential-record.ts';
import { newId } from './ids.ts';
import { type CallbackResult, landing } from './landing.ts';
import { clientOf } from './oauth-client.ts';
import { promoteProven } from './pending-credential.ts';
import { restartFlow } from './restart-flow.ts';
import type { FlowSecrets } from './sealed-values.ts';
import { openFlow, sealTokens } from './sealed-values.ts';
import { syncTools } from './tool-sync.ts';
import type { Recorder } from './transcript.ts';
import { createRecorder } from './transcript.ts';
import { tryingAgain } from './try-again.ts';

/**
 * Finishes one authorization.
 *
 * @param parameters the query of the callback, as it came
 * @param browser the secret of this browser's cookie; null when it has none
 * @returns where to send the browser: also after a failure that belongs to a known flow
 * @throws flow_not_found, flow_already_used, flow_expired in another browser than the flow's, flow_other_browser,
 *   authorization_response_invalid, issuer_mismatch: nothing was changed, a plain page tells what to do
 */
export async function callback(
  context: HubContext,
  parameters: URLSearchParams,
  browser: Secret | null,
): Promise<CallbackResult> {
  const states = parameters.getAll('state');
  const state = states.length === 1 ? (states[0] ?? '') : '';
  const flow =
    state === '' || state.length > 200
      ? null
      : await context.store.flows.findByState(await hashToken(new Secret(state)));
  if (flow === null) throw flowNotFound();
  const inItsBrowser = browser !== null && flow.browserHash === (await hashToken(browser));
  const late = inItsBrowser && flow.status === 'opened' && isExpired(flow, context.now());
  if (!late) refuseEnded(flow, context.now());
  if (!inItsBrowser) {
    throw new ChatelaineError(
      'flow_other_browser',
      'This sign-in was begun in another browser. Finish it there, or ask for a new link and open it here.',
    );
  }
  const connector = await context.store.connectors.get(flow.connectorId);
  if (connector === null) throw flowNotFound();
  // It is told so where the flow began. The flow stays as it is, and its code is not used.
  if (late) return landing(context, connector, flow, flowExpired());

  const recorder = createRecorder(context, 'callback');
  const server = serverOfFlow(flow);
  let code: Secret;
  try {
    code = validateAuthorizationResponse({ parameters, server, expectedIssuer: flow.issuer }).code;
  } catch (error) {
    recorder.note('authorization', `refused the response: ${isChatelaineError(error) ? error.code : 'error'}`);
    await recorder.save(connector.id, flow.agentId);
    // Once iss holds, the provider's own error is an answer and ends the flow.
    if (!isChatelaineError(error, 'authorization_denied')) throw error;
    if (!(await context.store.flows.consume(flow.id))) throw flowUsed();
    return landing(context, connector, flow, error);
  }
  if (!(await context.store.flows.consume(flow.id))) throw flowUsed();

  try {
    const secrets = await openFlow(context.vault, flow);
    refuseChanged(connector, flow, secrets);
    const tokens = await exchange(context, connector, flow, secrets, code, recorder);
    const credential = await store(context, connector, flow, secrets, tokens, recorder).catch(async (error) => {
      await giveBack(context, connector, flow, secrets, tokens, recorder);
      throw error;
    });
    await recorder.save(connector.id, flow.agentId);
    const failure = await listTools(context, connector, credential, flow);
    return landing(context, connector, flow, failure);
  } catch (error) {
    recorder.note('token', `ended: ${isChatelaineError(error) ? error.code : 'internal error'}`);
    if (isChatelaineError(error, 'client_rejected') && flow.registrationKind === 'dynamic' && flow.restarts === 0) {
      const restarted = await restartFlow(context, connector, flow, browser, recorder);
      if (restarted !== null) return restarted;
    }
    await recorder.save(connector.id, flow.agentId);
    if (!isChatelaineError(error)) context.log.error({ err: error, connectorId: connector.id }, 'a callback failed');
    return landing(context, connector, flow, error);
  }
}

async function exchange(
  context: HubContext,
  connector: ConnectorRecord,
  flow: FlowRecord,
  secrets: FlowSecrets,
  code: Secret,
  recorder: Recorder,
): Promise<TokenSet> {
  const server = serverOfFlow(flow);
  return exchangeCode(recorder.exchange('oauth', 'token'), {
    server,
    client: await clientOf(context, connector, secrets.client, server),
    code,
    verifier: secrets.verifier,
    redirectUri: flow.redirectUri,
    resource: flow.resource,
    requestedScope: flow.scope,
  });
}

/** Stores the token set: at once where nothing serves yet, else beside the old one until it is proven. */
async function store(
  context: HubContext,
  connector: ConnectorRecord,
  flow: FlowRecord,
  secrets: FlowSecrets,
  tokens: TokenSet,
  recorder: Recorder,
): Promise<CredentialRecord> {
  const now = context.now();
  const present = await context.store.credentials.find(connector.id, flow.agentId, 'active');
  // A static secret was entered while this went on; it is not for a sign-in to replace it.
  const serving = present !== null && (present.kind === 'static' || present.state !== 'reauthorization_required');
  const binding = { id: newId('crd', now), issuer: flow.issuer, resource: flow.resource };
  const credential = newCredential(
    {
      ...binding,
      connectorId: connector.id,
      agentId: flow.agentId,
      slot: serving ? 'pending' : 'active',
      kind: 'oauth',
      sealed: await sealTokens(
        context.vault,
        {
          accessToken: tokens.accessToken,
          refreshToken: tokens.refreshToken,
          tokenType: tokens.tokenType,
          client: secrets.client,
        },
        binding,
      ),
      scope: tokens.scope ?? flow.scope,
      registrationKind: flow.registrationKind,
      registrationId: flow.registrationId,
      expiresAt: expiryOf(now, tokens.expiresInSeconds),
      refreshable: tokens.refreshToken !== null,
    },
    now,
  );
  await tryingAgain(() => context.store.credentials.put(credential));
  context.credentialCache.forgetConnector(connector.id);
  await withdrawIfChanged(context, flow, secrets, credential);
  if (tokens.refreshToken === null) {
    recorder.note('token', 'no refresh token came with the access token: when it expires, a person must sign in again');
  }
  const foreign = flow.resource === null ? null : audienceWarning(tokens.accessToken, flow.resource);
  if (foreign !== null) recorder.note('token', foreign);
  const detail = {
    kind: 'oauth',
    issuer: flow.issuer,
    scope: credential.scope,
    expires: credential.expiresAt !== null,
    refreshable: credential.refreshable,
  };
  // It serves already; a record of it that cannot be written must not have its tokens revoked.
  await audit(context, { name: flow.startedBy }, 'credential.stored', {
    connectorId: connector.id,
    agentId: flow.agentId,
    credentialId: credential.id,
    detail,
  }).catch((error: unknown) =>
    context.log.error({ err: error, credentialId: credential.id }, 'a sign-in could not be audited'),
  );
  return credential;
}

/** Tokens that nobody keeps are revoked where the provider can; that it fails changes nothing. */
async function giveBack(
  context: HubContext,
  connector: ConnectorRecord,
  flow: FlowRecord,
  secrets: FlowSecrets,
  tokens: TokenSet,
  recorder: Recorder,
): Promise<void> {
  try {
    const server = serverOfFlow(flow);
    const client = await clientOf(context, connector, secrets.client, server);
    const { detail } = await revokeTokens(recorder.exchange('oauth', 'revocation'), { server, client, ...tokens });
    recorder.note('revocation', `the tokens are not kept: ${detail}`);
  } catch (error) {
    recorder.note('revocation', `not revoked at the provider: ${isChatelaineError(error) ? error.code : 'error'}`);
  }
}

/** The connector may have been changed during the exchange; looked at after the write, so that no change slips by. */
async function withdrawIfChanged(
  context: HubContext,
  flow: FlowRecord,
  secrets: FlowSecrets,
  credential: CredentialRecord,
): Promise<void> {
  const connector = await context.store.connectors.get(flow.connectorId);
  if (connector === null) throw flowNotFound();
  try {
    refuseChanged(connector, flow, secrets);
    // A flow that is gone before its time was ended by a disconnection, which must hold.
    const ended = flow.expiresAt > context.now() && (await context.store.flows.get(flow.id)) === null;
    if (ended) throw flowNotFound();
  } catch (error) {
    await context.store.credentials.delete(credential.id);
    throw error;
  }
}

/**
 * Proves the credential by listing the tools. A failure is told on the landing page and spoils nothing: a
 * first credential stays, a second one goes on waiting beside the one that serves.
 */
async function listTools(
  context: HubContext,
  connector: ConnectorRecord,
  credential: CredentialRecord,
  flow: FlowRecord,
): Promise<unknown> {
  const work = (async (): Promise<unknown> => {
    try {
      const current = (await context.store.connectors.get(connector.id)) ?? connector;
      await syncTools(context, current, flow.agentId, { name: flow.startedBy }, { slot: credential.slot });
      if (credential.slot === 'pending') await promoteProven(context, credential);
      return null;
    } catch (error) {
      return new ChatelaineError(
        'sync_failed',
        `${connector.name} is connected, but its tools could not be listed yet: ${isChatelaineError(error) ? error.message : 'internal error'} It is tried again by itself.`,
        { cause: error },
      );
    }
  })();
  // A slow server must not keep the browser waiting; the listing goes on behind.
  let timer: ReturnType<typeof setTimeout> | undefined;
  const enough = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), CALLBACK_SYNC_WAIT_MS);
  });
  const result = await Promise.race([work, enough]);
  clearTimeout(timer);
  return result;
}
