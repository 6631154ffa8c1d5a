// What an operator may say of a connector, checked as a whole: an error names the field, nothing is lost.

import { ChatelaineError } from '../errors.ts';
import { Secret } from '../secret.ts';
import type {
  AuthType,
  ConnectorLimits,
  ConnectorRecord,
  CredentialMode,
  OAuthSettings,
  TokenEndpointAuthMethod,
} from '../store/records.ts';
import type { HubContext } from './context.ts';
import { DEFAULT_OAUTH_SETTINGS } from './oauth-discovery.ts';
import { bearerToken, checkHeaderName, cleanSecret } from './request-headers.ts';
import type { ManualClient } from './sealed-values.ts';

/** `null` removes, an absent or blank secret keeps. */
export type OAuthInput = {
  readonly grant?: 'authorization_code' | 'client_credentials' | undefined;
  readonly issuer?: string | null | undefined;
  readonly authorizationEndpoint?: string | null | undefined;
  readonly tokenEndpoint?: string | null | undefined;
  readonly revocationEndpoint?: string | null | undefined;
  readonly clientId?: string | null | undefined;
  readonly clientSecret?: string | null | undefined;
  /** PKCS#8 PEM or a JWK, for private_key_jwt. */
  readonly privateKey?: string | null | undefined;
  readonly privateKeyAlgorithm?: string | null | undefined;
  readonly privateKeyId?: string | null | undefined;
  readonly scope?: string | null | undefined;
  readonly scopeAllowList?: string | null | undefined;
  readonly resource?: 'auto' | 'always' | 'never' | undefined;
  readonly tokenEndpointAuthMethod?: TokenEndpointAuthMethod | null | undefined;
  readonly allowMissingPkce?: boolean | undefined;
  readonly allowLegacyDiscovery?: boolean | undefined;
  readonly offlineAccess?: boolean | undefined;
};

export type ConnectorInput = {
  readonly name: string;
  readonly url: string;
  readonly authType?: AuthType | undefined;
  readonly credentialMode?: CredentialMode | null | undefined;
  readonly headerName?: string | null | undefined;
  readonly headers?: Readonly<Record<string, string | null>> | undefined;
  readonly secret?: string | null | undefined;
  readonly oauth?: OAuthInput | null | undefined;
  readonly toolReview?: ConnectorRecord['toolReview'] | undefined;
  readonly capture?: ConnectorRecord['capture'] | undefined;
  readonly limits?: { readonly [K in keyof ConnectorLimits]?: ConnectorLimits[K] | undefined } | undefined;
};

export type ConnectorChange = { readonly [K in keyof ConnectorInput]?: ConnectorInput[K] | undefined };

const NAME_MAX_CHARACTERS = 100;
const URL_MAX_CHARACTERS = 2_048;
const MAX_HEADERS = 32;

export function invalid(field: string, message: string): ChatelaineError {
  return new ChatelaineError('invalid_request', `${field}: ${message}`, { details: { field } });
}

export function checkName(name: string): string {
  const clean = name.trim();
  if (clean === '' || clean.length > NAME_MAX_CHARACTERS)
    throw invalid('name', `needs 1 to ${NAME_MAX_CHARACTERS} characters.`);
  // Half a letter, as a surrogate alone is, comes back from a database as another one.
  if (/[\p{Cc}\p{Cs}]/u.test(clean)) throw invalid('name', 'must not hold control characters.');
  return clean;
}

/** An address that may be contacted at all. @throws invalid_request, address_refused */
export function checkUrl(context: HubContext, text: string, field = 'url'): string {
  const clean = text.trim();
  let url: URL;
  try {
    url = new URL(clean);
  } catch {
    throw invalid(field, 'must be a whole address such as https://mcp.example.com/mcp.');
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw invalid(field, 'must begin with https:// or http://.');
  if (url.username !== '' || url.password !== '')
    throw invalid(field, 'must not hold a user name or password; use a credential instead.');
  if (url.hash !== '') throw invalid(field, 'must not have a fragment (#…).');
  if (clean.length > URL_MAX_CHARACTERS)
    throw invalid(field, `must not be longer than ${URL_MAX_CHARACTERS} characters.`);
  const refusal = context.urlRefusal(url);
  if (refusal !== null) throw new ChatelaineError('address_refused', `${field}: ${refusal}`, { details: { field } });
  return clean;
}

/** Which fields go with which kind of authentication (S1). @throws invalid_request */
export function checkShape(
  connector: Pick<ConnectorRecord, 'authType' | 'credentialMode' | 'headerName'>,
  given: { readonly secret?: string | null | undefined; readonly oauth?: OAuthInput | null | undefined },
): void {
  const { authType, credentialMode, headerName } = connector;
  if (authType === 'none' && credentialMode !== null)
    throw invalid('credentialMode', 'does not go with authType none.');
  if (authType !== 'none' && credentialMode === null) throw invalid('credentialMode', 'must be shared or per_agent.');
  if (authType === 'api_key_header') {
    if (headerName === null) throw invalid('headerName', 'is required for authType api_key_header.');
    checkHeaderName(headerName, 'headerName');
  } else if (headerName !== null) {
    throw invalid('headerName', `does not go with authType ${authType}.`);
  }
  const hasSecret = (given.secret ?? '').trim() !== '';
  if (hasSecret && (authType === 'none' || authType === 'oauth'))
    throw invalid('secret', `does not go with authType ${authType}.`);
  if (hasSecret && credentialMode === 'per_agent') {
    throw invalid(
      'secret',
      'is the shared secret; this connector keeps one per agent: PUT /api/agents/{id}/credentials/{connectorId}.',
    );
  }
  if (given.oauth !== undefined && given.oauth !== null && authType !== 'oauth')
    throw invalid('oauth', `does not go with authType ${authType}.`);
}

/** Header values to set (a Secret) or remove (null), names in lower case. @throws invalid_request */
export function checkHeaders(
  headers: Readonly<Record<string, string | null>> | undefined,
  connector: Pick<ConnectorRecord, 'authType' | 'headerName'>,
): Map<string, Secret | null> {
  const checked = new Map<string, Secret | null>();
  for (const [name, value] of Object.entries(headers ?? {})) {
    const field = `headers.${name}`;
    checkHeaderName(name, field);
    const lower = name.toLowerCase();
    const carriesCredential =
      (lower === 'authorization' && (connector.authType === 'bearer' || connector.authType === 'oauth')) ||
      (connector.authType === 'api_key_header' && lower === connector.headerName?.toLowerCase());
    if (carriesCredential) throw invalid(field, 'carries the credential of this connector; set that instead.');
    if (checked.has(lower)) throw invalid(field, 'is given twice.');
    checked.set(lower, value === null ? null : cleanSecret(value, field));
  }
  if (checked.size > MAX_HEADERS) throw invalid('headers', `at most ${MAX_HEADERS} custom headers.`);
  return checked;
}

/** The static secret as it is stored. @throws invalid_request */
export function checkSecret(authType: AuthType, secret: string, field = 'secret'): Secret {
  const clean = cleanSecret(secret, field);
  const stored = authType === 'bearer' ? bearerToken(clean) : clean;
  if (stored.isEmpty) throw invalid(field, 'must not be blank.');
  return stored;
}

const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/;

function scopeOf(value: string | null, field: string): string | null {
  const clean = value?.trim().replace(/\s+/g, ' ') ?? '';
  if (clean === '') return null;
  if (!SCOPE.test(clean)) throw invalid(field, 'is a list of scopes separated by blanks.');
  return clean;
}

/** The OAuth settings after a change; fields left out stay as they were. @throws invalid_request, address_refused */
export function mergeOAuth(
  context: HubContext,
  present: OAuthSettings | null,
  input: OAuthInput | null | undefined,
): OAuthSettings {
  const base = present ?? DEFAULT_OAUTH_SETTINGS;
  if (input === undefined || input === null) return base;
  const url = (value: string | null | undefined, kept: string | null, field: string): string | null => {
    if (value === undefined) return kept;
    return value === null || value.trim() === '' ? null : checkUrl(context, value, field);
  };
  const merged: OAuthSettings = {
    grant: input.grant ?? base.grant,
    // Compared byte by byte with what the provider says, so it is kept as it was typed.
    issuer: url(input.issuer, base.issuer, 'oauth.issuer'),
    authorizationEndpoint: url(input.authorizationEndpoint, base.authorizationEndpoint, 'oauth.authorizationEndpoint'),
    tokenEndpoint: url(input.tokenEndpoint, base.tokenEndpoint, 'oauth.tokenEndpoint'),
    revocationEndpoint: url(input.revocationEndpoint, base.revocationEndpoint, 'oauth.revocationEndpoint'),
    scope: input.scope === undefined ? base.scope : scopeOf(input.scope, 'oauth.scope'),
    scopeAllowList:
      input.scopeAllowList === undefined ? base.scopeAllowList : scopeOf(input.scopeAllowList, 'oauth.scopeAllowList'),
    resourcePolicy: input.resource ?? base.resourcePolicy,
    tokenEndpointAuthMethod:
      input.tokenEndpointAuthMethod === undefined ? base.tokenEndpointAuthMethod : input.tokenEndpointAuthMethod,
    allowMissingPkce: input.allowMissingPkce ?? base.allowMissingPkce,
    allowLegacyDiscovery: input.allowLegacyDiscovery ?? base.allowLegacyDiscovery,
    offlineAccess: input.offlineAccess ?? base.offlineAccess,
    clientIssuer: base.clientIssuer,
  };
  // A client stays with the issuer that it was entered for; only entering one anew binds it to another.
  return input.clientId?.trim() ? { ...merged, clientIssuer: merged.issuer } : merged;
}

/** The client entered by hand after a change: null when there is none. A blank secret keeps the stored one. */
export function mergeClient(present: ManualClient | null, input: OAuthInput | null | undefined): ManualClient | null {
  if (input === undefined || input === null) return present;
  if (input.clientId === null) return null;
  const clientId = input.clientId?.trim() || present?.clientId || '';
  if (clientId === '') {
    if ((input.clientSecret ?? '') !== '' || (input.privateKey ?? '') !== '')
      throw invalid('oauth.clientId', 'is required with a client secret or private key.');
    return null;
  }
  if (!/^[\x20-\x7e]{1,2048}$/.test(clientId))
    throw invalid('oauth.clientId', 'holds characters that a client id cannot have.');
  const secret = (value: string | null | undefined, kept: Secret | null, field: string): Secret | null => {
    if (value === null) return null;
    return value === undefined || value.trim() === '' ? kept : cleanSecret(value, field);
  };
  const privateKey = input.privateKey;
  let key = present?.privateKey ?? null;
  if (privateKey === null) key = null;
  else if (privateKey !== undefined && privateKey.trim() !== '') {
    key = {
      pem: new Secret(privateKey.trim()),
      algorithm: input.privateKeyAlgorithm ?? 'ES256',
      keyId: input.privateKeyId ?? null,
    };
  } else if (key !== null) {
    key = {
      ...key,
      algorithm: input.privateKeyAlgorithm ?? key.algorithm,
      keyId: input.privateKeyId === undefined ? key.keyId : input.privateKeyId,
    };
  }
  // Another client id is another client: the old one's secret is not its secret.
  const same = present !== null && present.clientId === clientId;
  return {
    clientId,
    clientSecret: secret(input.clientSecret, same ? present.clientSecret : null, 'oauth.clientSecret'),
    privateKey: same || privateKey !== undefined ? key : null,
  };
}
