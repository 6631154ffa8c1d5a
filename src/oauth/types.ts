// The nouns that the OAuth client hands around, as plain values. Metadata keeps the field names of RFC 8414,
// so that a stored document reads like the published one. Nothing here acts.

import type { Secret } from '../secret.ts';
import type { AllowHttp } from './foreign-url.ts';

export type TokenEndpointAuthMethod = 'none' | 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt';

/**
 * How an authorization server knows us. `manual` is never chosen: it is what `client_id_required` asks a
 * person for, and what a caller shows in its place.
 */
export type RegistrationKind = 'pre_registered' | 'client_id_metadata_document' | 'dynamic' | 'manual';

export type Grant = 'authorization_code' | 'client_credentials';

/** What a resource server says about the credential it wants, in `WWW-Authenticate` (RFC 6750, RFC 9728). */
export type BearerChallenge = {
  readonly scheme: 'bearer' | 'dpop';
  readonly resourceMetadata: string | null;
  readonly scope: string | null;
  readonly error: string | null;
  readonly errorDescription: string | null;
  readonly realm: string | null;
};

/** Validated authorization server metadata (RFC 8414); plain JSON, so it can be stored as it is. */
export type AuthorizationServer = {
  readonly issuer: string;
  readonly authorization_endpoint?: string;
  readonly token_endpoint?: string;
  readonly registration_endpoint?: string;
  readonly revocation_endpoint?: string;
  readonly token_endpoint_auth_methods_supported?: readonly string[];
  readonly token_endpoint_auth_signing_alg_values_supported?: readonly string[];
  readonly grant_types_supported?: readonly string[];
  readonly scopes_supported?: readonly string[];
  readonly code_challenge_methods_supported?: readonly string[];
  readonly client_id_metadata_document_supported?: boolean;
  readonly authorization_response_iss_parameter_supported?: boolean;
  readonly dpop_signing_alg_values_supported?: readonly string[];
};

/** Who we are at one authorization server. */
export type OAuthClient = {
  readonly clientId: string;
  readonly authMethod: TokenEndpointAuthMethod;
  readonly clientSecret?: Secret;
  readonly privateKey?: {
    /** PKCS #8 PEM, or a private JWK as JSON text. */
    readonly pem: Secret;
    readonly algorithm: string;
    readonly keyId?: string;
  };
};

export type TokenSet = {
  readonly accessToken: Secret;
  readonly refreshToken: Secret | null;
  readonly tokenType: 'Bearer' | 'DPoP';
  /** null: the provider did not say, or said something senseless. */
  readonly expiresInSeconds: number | null;
  readonly scope: string | null;
};

/** What must hold of an authorization server before it is used. */
export type ServerRequirements = {
  /** Accepts a server that does not promise PKCE with S256; S256 is sent all the same. */
  readonly allowMissingPkce: boolean;
  /** Whether a browser may be sent to this http URL; without it, to none. */
  readonly allowHttp?: AllowHttp;
  /** Default `authorization_code`; with `client_credentials` no browser is involved, nor PKCE. */
  readonly grant?: Grant;
};

export type DiscoveryInput = ServerRequirements & {
  readonly serverUrl: string;
  readonly challenge: BearerChallenge | null;
  /** Resource metadata URL that worked last time; used when there is no challenge. */
  readonly knownResourceMetadataUrl?: string | null;
  /** The operator's choice; decides among several servers, and stands in where the MCP server names none. */
  readonly pinnedIssuer: string | null;
  /** Issuers we hold credentials for already. */
  readonly preferredIssuers?: readonly string[];
  /** Permits the 2025-03-26 fallback: metadata at the MCP server's own origin. */
  readonly allowLegacy: boolean;
  /** Permits its last resort too: /authorize, /token and /register, described by nothing. */
  readonly allowDefaultEndpoints: boolean;
  /** Fresh validated metadata of an issuer, which spares the request. */
  readonly cachedServer?: (issuer: string) => Promise<AuthorizationServer | null>;
};

export type DiscoveryMode = 'protected_resource_metadata' | 'legacy_origin' | 'legacy_endpoints';

export type Discovery = {
  readonly mode: DiscoveryMode;
  readonly issuer: string;
  readonly server: AuthorizationServer;
  /** Where the metadata was read; null from the cache and for default endpoints. */
  readonly metadataUrl: string | null;
  readonly fromCache: boolean;
  /** As the protected resource metadata spelled it; null where there was none. */
  readonly resource: string | null;
  readonly resourceMetadataUrl: string | null;
  readonly resourceName: string | null;
  readonly scopesSupported: readonly string[] | null;
  readonly challengedScope: string | null;
  readonly bearerMethods: readonly string[] | null;
  readonly warnings: readonly string[];
};
