// Judges an answer of the registration endpoint (RFC 7591 section 3.2). The server may have changed anything
// that was asked for; what it says holds.

import { ChatelaineError, quoteForeign } from '../errors.ts';
import { Secret } from '../secret.ts';
import { chooseAuthMethod } from './client-authentication.ts';
import type { ForeignDocument } from './foreign-document.ts';
import { readDocument, valueMember } from './foreign-document.ts';
import { foreignUrl } from './foreign-url.ts';
import { type ForeignError, foreignDetails, foreignError, inItsWords, transientFault } from './oauth-fault.ts';
import type { AuthorizationServer, OAuthClient, TokenEndpointAuthMethod } from './types.ts';

const WHO = 'The registration endpoint';
const METHODS: ReadonlySet<string> = new Set(['none', 'client_secret_basic', 'client_secret_post']);
/** Refusals without an OAuth error that are verdicts all the same: no registration, or not for strangers. */
const REFUSALS: ReadonlySet<number> = new Set([400, 401, 403, 404, 405]);

export type Registration = {
  readonly client: OAuthClient;
  /** Milliseconds since the epoch; null: never. */
  readonly clientSecretExpiresAt: number | null;
  readonly registrationAccessToken: Secret | null;
  readonly registrationClientUri: string | null;
};

/**
 * The client in an answer.
 *
 * @throws registration_failed with the provider's words, in `details` too
 * @throws upstream_http_error, upstream_rate_limited, upstream_invalid_response: nothing was decided
 * @see RFC 7591 sections 3.2.1 and 3.2.2
 */
export async function processRegistrationResponse(
  response: Response,
  request: {
    readonly server: AuthorizationServer;
    readonly asked: TokenEndpointAuthMethod;
    readonly redirectUri: string;
    readonly now: number;
  },
): Promise<Registration> {
  const document = await readDocument(response);
  const error = foreignError(document);
  if (!response.ok || error.code !== null) {
    const fault =
      REFUSALS.has(response.status) && error.code === null ? null : transientFault(response, error.code, WHO);
    throw fault ?? refused(error, response.status, request.redirectUri);
  }
  const clientId = document === null ? null : valueMember(document, 'client_id');
  if (document === null || clientId === null) {
    throw new ChatelaineError('upstream_invalid_response', `${WHO} answered without a client id.`);
  }
  const secret = valueMember(document, 'client_secret');
  const accessToken = valueMember(document, 'registration_access_token');
  const clientUri = foreignUrl(document.registration_client_uri);
  return {
    client: {
      clientId,
      authMethod: methodOf(document, secret !== null, request),
      ...(secret === null ? {} : { clientSecret: new Secret(secret) }),
    },
    clientSecretExpiresAt: secret === null ? null : expiresAt(document.client_secret_expires_at, request.now),
    registrationAccessToken: accessToken === null || accessToken.includes(' ') ? null : new Secret(accessToken),
    registrationClientUri: clientUri?.href ?? null,
  };
}

/** What the answer says, else what was asked for; a method that needs a secret only where one was issued. */
function methodOf(
  document: ForeignDocument,
  hasSecret: boolean,
  { server, asked, redirectUri }: { server: AuthorizationServer; asked: TokenEndpointAuthMethod; redirectUri: string },
): TokenEndpointAuthMethod {
  const stated = valueMember(document, 'token_endpoint_auth_method');
  if (stated !== null && !METHODS.has(stated)) {
    throw refused(
      { code: null, text: null },
      null,
      redirectUri,
      ` for the client authentication ${quoteForeign(stated)}, which Chatelaine does not use`,
    );
  }
  const registered = (stated as TokenEndpointAuthMethod | null) ?? asked;
  return chooseAuthMethod({ server, registered, override: null, hasSecret, hasPrivateKey: false });
}

/** 0 means never. A time that is over says that the server's clock or unit is not ours; the secret may well work. */
function expiresAt(value: unknown, now: number): number | null {
  const seconds = typeof value === 'string' && /^\d{1,12}$/.test(value) ? Number(value) : value;
  if (typeof seconds !== 'number' || !Number.isSafeInteger(seconds * 1000) || seconds * 1000 <= now) return null;
  return seconds * 1000;
}

function refused(error: ForeignError, status: number | null, redirectUri: string, how = ''): ChatelaineError {
  const words = how === '' && error.code === null && status !== null ? ` (HTTP ${status})` : inItsWords(error);
  return new ChatelaineError(
    'registration_failed',
    `The authorization server did not register us${how}${words}. Register an application there with the redirect URI ${redirectUri} and enter its client id as oauth.clientId.`,
    { details: { field: 'oauth.clientId', ...foreignDetails(error, status ?? undefined) } },
  );
}
