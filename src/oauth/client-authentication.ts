// How we prove who we are at the token and revocation endpoints. The method is chosen once and stored; the one
// function that applies it serves the code exchange, refresh, client credentials and revocation alike.

import { importJWK, importPKCS8 } from 'jose';
import type { ClientAuth, CryptoKey } from 'oauth4webapi';
import { ClientSecretPost, modifyAssertion, None, PrivateKeyJwt } from 'oauth4webapi';
import { ChatelaineError, quoteForeign } from '../errors.ts';
import type { Secret } from '../secret.ts';
import type { AuthorizationServer, OAuthClient, TokenEndpointAuthMethod } from './types.ts';

const PREFERENCE: readonly TokenEndpointAuthMethod[] = [
  'private_key_jwt',
  'client_secret_basic',
  'client_secret_post',
  'none',
];
const ASSERTION_ALGORITHM = /^(?:(?:RS|PS|ES)(?:256|384|512)|EdDSA|Ed25519)$/;

/**
 * The method to use with a client.
 *
 * The operator's override, else what the registration said, where the server lists it (or lists nothing),
 * else the first listed one that the client is equipped for. A server that lists only methods we have no
 * means for is tried with what the client has, since such lists are often incomplete.
 *
 * @throws client_id_required when the override needs a secret or key that is not there
 * @see RFC 8414 section 2 (default client_secret_basic), RFC 7591 section 3.2.1
 */
export function chooseAuthMethod(input: {
  readonly server: AuthorizationServer;
  readonly registered: TokenEndpointAuthMethod | null;
  readonly override: TokenEndpointAuthMethod | null;
  readonly hasSecret: boolean;
  readonly hasPrivateKey: boolean;
}): TokenEndpointAuthMethod {
  const { registered, override } = input;
  const listed = input.server.token_endpoint_auth_methods_supported;
  const equippedFor = (method: TokenEndpointAuthMethod): boolean =>
    method === 'none' || (method === 'private_key_jwt' ? input.hasPrivateKey : input.hasSecret);

  if (override !== null) {
    if (!equippedFor(override)) throw lacking(override);
    return override;
  }
  const usable = PREFERENCE.filter(equippedFor);
  const fallback = usable[0] ?? 'none';
  if (listed === undefined) return registered !== null && equippedFor(registered) ? registered : fallback;
  if (registered !== null && equippedFor(registered) && listed.includes(registered)) return registered;
  return usable.find((method) => listed.includes(method)) ?? fallback;
}

/**
 * Puts the client's proof into a request's form or headers, by exactly one method.
 *
 * @throws client_id_required when the secret or key is missing or unreadable
 * @throws client_rejected when the server does not take the key's algorithm
 * @see RFC 6749 section 2.3.1, RFC 7523 section 2.2
 */
export async function authenticateClient(server: AuthorizationServer, client: OAuthClient): Promise<ClientAuth> {
  switch (client.authMethod) {
    case 'none':
      return None();
    case 'client_secret_basic':
      return basic(client.clientId, secretOf(client));
    case 'client_secret_post':
      return ClientSecretPost(secretOf(client).reveal());
    case 'private_key_jwt':
      return assertion(server, client);
  }
}

function secretOf(client: OAuthClient): Secret {
  if (client.clientSecret === undefined || client.clientSecret.isEmpty) throw lacking(client.authMethod);
  return client.clientSecret;
}

/**
 * Form-urlencoded before it is joined, as RFC 6749 section 2.3.1 says, but with the form encoding of browsers,
 * which leaves `-`, `.`, `_` and `*` alone: servers that forget to decode still recognise common ids then.
 */
function basic(clientId: string, secret: Secret): ClientAuth {
  const encode = (text: string): string => new URLSearchParams({ v: text }).toString().slice('v='.length);
  return (_server, _client, _body, headers) => {
    headers.set('authorization', `Basic ${btoa(`${encode(clientId)}:${encode(secret.reveal())}`)}`);
  };
}

/** A JWT for this server alone: its audience is the issuer, it lives for a minute and is used once. */
async function assertion(server: AuthorizationServer, { privateKey }: OAuthClient): Promise<ClientAuth> {
  if (privateKey === undefined) throw lacking('private_key_jwt');
  const { algorithm, keyId } = privateKey;
  const accepted = server.token_endpoint_auth_signing_alg_values_supported;
  if (!ASSERTION_ALGORITHM.test(algorithm) || accepted?.includes(algorithm) === false) {
    throw new ChatelaineError(
      'client_rejected',
      `The client's key is for ${algorithm}, which this authorization server does not take${accepted === undefined ? '' : `; it takes ${quoteForeign(accepted.join(', '))}`}.`,
      { details: { field: 'oauth.privateKey' } },
    );
  }
  const key = await importKey(privateKey.pem, algorithm);
  return PrivateKeyJwt(keyId === undefined ? key : { key, kid: keyId }, {
    // The library writes the newer name `Ed25519`; servers match the name that the client was registered with.
    [modifyAssertion](header) {
      header.alg = algorithm;
    },
  });
}

async function importKey(pem: Secret, algorithm: string): Promise<CryptoKey> {
  const text = pem.reveal().trim();
  try {
    const key = text.startsWith('{')
      ? await importJWK(JSON.parse(text), algorithm)
      : await importPKCS8(text, algorithm);
    if (!(key instanceof Uint8Array) && key.type === 'private') return key;
  } catch {
    // The parser's own words may quote the key, so they go nowhere.
  }
  throw new ChatelaineError(
    'client_id_required',
    `The client's private key is no ${algorithm} key in PKCS #8 PEM or JWK form; enter it again.`,
    {
      details: { field: 'oauth.privateKey' },
    },
  );
}

function lacking(method: TokenEndpointAuthMethod): ChatelaineError {
  const [what, field] =
    method === 'private_key_jwt' ? ['private key', 'oauth.privateKey'] : ['client secret', 'oauth.clientSecret'];
  return new ChatelaineError(
    'client_id_required',
    `The method ${method} needs a ${what}: enter one, or choose another method.`,
    {
      details: { field },
    },
  );
}
