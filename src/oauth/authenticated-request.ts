// Sends one form to an authorization server, with the client's proof and nothing superfluous. What the answer
// means is judged elsewhere.

import {
  allowInsecureRequests,
  customFetch,
  genericTokenEndpointRequest,
  type AuthorizationServer as LibraryServer,
  revocationRequest,
} from 'oauth4webapi';
import { ChatelaineError, quoteForeign } from '../errors.ts';
import type { FetchLike } from '../outbound.ts';
import { authenticateClient } from './client-authentication.ts';
import type { AuthorizationServer, OAuthClient } from './types.ts';

export type Form = { readonly [parameter: string]: string | null };

/**
 * POSTs to the token endpoint. Parameters that are null or empty are left out, since servers take an empty
 * one for a wrong one.
 *
 * @throws what `authenticateClient` and the fetch throw
 * @see RFC 6749 section 3.2
 */
export async function tokenRequest(
  fetch: FetchLike,
  target: { readonly server: AuthorizationServer; readonly client: OAuthClient },
  grantType: string,
  form: Form,
): Promise<Response> {
  const { server, client } = target;
  if (server.token_endpoint === undefined) {
    throw new ChatelaineError(
      'metadata_invalid',
      `The authorization server ${quoteForeign(server.issuer)} has no token endpoint; enter its endpoints by hand.`,
    );
  }
  const proof = await authenticateClient(server, client);
  return genericTokenEndpointRequest(
    libraryServer(server),
    { client_id: client.clientId },
    proof,
    grantType,
    filled(form),
    libraryOptions(fetch),
  );
}

/** POSTs a token to the revocation endpoint, which the caller knows to exist (RFC 7009 section 2.1). */
export async function revokeRequest(
  fetch: FetchLike,
  target: { readonly server: AuthorizationServer; readonly client: OAuthClient },
  token: string,
  hint: string,
): Promise<Response> {
  const { server, client } = target;
  const proof = await authenticateClient(server, client);
  return revocationRequest(libraryServer(server), { client_id: client.clientId }, proof, token, {
    ...libraryOptions(fetch),
    additionalParameters: { token_type_hint: hint },
  });
}

/** Our guarded fetch for the library, which would otherwise use the global one and its own scheme policy. */
function libraryOptions(fetch: FetchLike): {
  [customFetch]: (url: string, init: { headers: Record<string, string> }) => Promise<Response>;
  [allowInsecureRequests]: true;
} {
  return {
    [customFetch](url, init) {
      // The library signs its requests; the guarded fetch says who we are.
      const { 'user-agent': _, ...headers } = init.headers;
      return fetch(url, { ...init, headers });
    },
    [allowInsecureRequests]: true,
  };
}

/** The library's type differs from ours only in not being read-only. */
function libraryServer(server: AuthorizationServer): LibraryServer {
  return server as LibraryServer;
}

function filled(form: Form): Record<string, string> {
  return Object.fromEntries(Object.entries(form).filter((entry): entry is [string, string] => (entry[1] ?? '') !== ''));
}
