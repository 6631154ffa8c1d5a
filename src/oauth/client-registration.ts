// How we come to be known at an authorization server: a pure choice among what the server offers and what we
// have. Carrying it out is dynamic-registration.ts's and the caller's.

import { ChatelaineError, quoteForeign } from '../errors.ts';
import type { AuthorizationServer, Grant, RegistrationKind } from './types.ts';

/**
 * The first that is possible: the client that the operator entered for this issuer, our Client ID Metadata
 * Document, dynamic registration (deprecated since MCP 2026-07-28, but most servers know only that).
 *
 * @throws client_issuer_mismatch when the entered client belongs to another issuer: it is not tried here
 * @throws client_id_required when a person must register us, with the redirect URI to register
 * @see MCP 2026-07-28 client registration, "Client Registration Approaches"
 */
export function chooseRegistration(input: {
  readonly server: AuthorizationServer;
  /** The client entered by hand: for which issuer, and whether it can be used. */
  readonly manual: { readonly issuer: string | null; readonly complete: boolean } | null;
  /** Whether a dynamic registration at this issuer exists already. */
  readonly hasDynamic: boolean;
  /** Null when no public https URL serves our document. */
  readonly clientMetadataUrl: string | null;
  readonly redirectUri: string;
  /** Default `authorization_code`; for `client_credentials` only an entered client will do. */
  readonly grant?: Grant;
}): { readonly kind: RegistrationKind } {
  const { server, manual } = input;
  if (manual?.complete) {
    if (manual.issuer === null || manual.issuer === server.issuer) return { kind: 'pre_registered' };
    throw new ChatelaineError(
      'client_issuer_mismatch',
      `The entered client belongs to ${quoteForeign(manual.issuer)}, but the server now uses ${quoteForeign(server.issuer)}. Enter the client id for that one, or clear it.`,
      { details: { field: 'oauth.clientId' } },
    );
  }
  if (input.grant !== 'client_credentials') {
    const documents = server.client_id_metadata_document_supported === true && input.clientMetadataUrl !== null;
    if (documents) return { kind: 'client_id_metadata_document' };
    if (input.hasDynamic || server.registration_endpoint !== undefined) return { kind: 'dynamic' };
  }
  throw new ChatelaineError(
    'client_id_required',
    `The authorization server ${quoteForeign(server.issuer)} does not let us register by ourselves. Register an application there with the redirect URI ${input.redirectUri} and enter its client id as oauth.clientId (and oauth.clientSecret, if it got one).`,
    { details: { field: 'oauth.clientId' } },
  );
}
