// Registers us at an authorization server (RFC 7591) and takes the registration back (RFC 7592). Deprecated
// since MCP 2026-07-28 in favour of metadata documents, and still what most servers understand.

import { ChatelaineError, isChatelaineError } from '../errors.ts';
import type { Exchange } from '../outbound.ts';
import type { Secret } from '../secret.ts';
import { chooseAuthMethod } from './client-authentication.ts';
import type { ApplicationType } from './client-metadata.ts';
import { applicationType, clientMetadata } from './client-metadata.ts';
import { discardBody } from './foreign-document.ts';
import { foreignUrl } from './foreign-url.ts';
import { processRegistrationResponse, type Registration } from './registration-response.ts';
import type { AuthorizationServer, TokenEndpointAuthMethod } from './types.ts';

const STEP = 'registration';
/** What a server says that does not like this kind of redirect URI for this kind of application. */
const ABOUT_THE_REDIRECT: ReadonlySet<string> = new Set(['invalid_redirect_uri', 'invalid_client_metadata']);

export type RegistrationRequest = {
  readonly server: AuthorizationServer;
  readonly redirectUri: string;
  readonly clientName: string;
  readonly clientUri?: string;
  readonly scope?: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
};

/**
 * Registers, as the confidential client that the server supports best, else as a public one. A refusal over
 * the redirect URI is tried once more as the other `application_type`.
 *
 * @throws registration_failed with the provider's words and what to do instead; upstream faults
 * @see RFC 7591 section 3, MCP 2026-07-28 client registration, "Dynamic Client Registration"
 */
export async function registerClient(exchange: Exchange, request: RegistrationRequest): Promise<Registration> {
  const derived = applicationType(request.redirectUri);
  try {
    return await registerAs(exchange, request, derived);
  } catch (error) {
    if (!isChatelaineError(error, 'registration_failed') || !ABOUT_THE_REDIRECT.has(error.details.upstreamCode ?? ''))
      throw error;
    const other = derived === 'web' ? 'native' : 'web';
    exchange.note?.(STEP, `refused as application_type ${derived}; trying ${other}`);
    return registerAs(exchange, request, other).catch((second: unknown) => {
      // The first refusal is about what we really are.
      throw isChatelaineError(second, 'registration_failed') ? error : second;
    });
  }
}

/**
 * Takes a registration back. Best effort: what the server or the network says is told to `exchange.note`.
 *
 * @see RFC 7592 section 2.3
 */
export async function deleteRegistration(
  exchange: Exchange,
  registration: { readonly registrationClientUri: string; readonly registrationAccessToken: Secret },
): Promise<void> {
  if (foreignUrl(registration.registrationClientUri) === null) return;
  try {
    const response = await exchange.fetch(registration.registrationClientUri, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${registration.registrationAccessToken.reveal()}` },
    });
    discardBody(response);
    exchange.note?.(
      STEP,
      response.ok ? 'registration deleted at the provider' : `registration not deleted: HTTP ${response.status}`,
    );
  } catch (error) {
    if (!isChatelaineError(error)) throw error;
    exchange.note?.(STEP, `registration not deleted: ${error.code}`);
  }
}

async function registerAs(
  exchange: Exchange,
  request: RegistrationRequest,
  type: ApplicationType,
): Promise<Registration> {
  const { server, redirectUri, now } = request;
  if (server.registration_endpoint === undefined) {
    throw new ChatelaineError(
      'registration_failed',
      'The authorization server has no registration endpoint. Enter a client id as oauth.clientId.',
      {
        details: { field: 'oauth.clientId' },
      },
    );
  }
  const asked = methodToAskFor(server);
  const metadata = clientMetadata({ ...request, tokenEndpointAuthMethod: asked, applicationType: type });
  const response = await exchange.fetch(server.registration_endpoint, {
    method: 'POST',
    headers: { accept: 'application/json', 'content-type': 'application/json' },
    body: JSON.stringify(metadata),
  });
  const registration = await processRegistrationResponse(response, { server, asked, redirectUri, now });
  exchange.note?.(STEP, `registered as ${type} application, ${registration.client.authMethod}`);
  return registration;
}

/** A secret will be issued for any method that needs one, so every listed one is possible, but for keys. */
function methodToAskFor(server: AuthorizationServer): TokenEndpointAuthMethod {
  const issuable =
    server.token_endpoint_auth_methods_supported?.some((method) => method.startsWith('client_secret_')) ?? true;
  return chooseAuthMethod({ server, registered: null, override: null, hasSecret: issuable, hasPrivateKey: false });
}
