// The records that outlive a process, as plain values. Times are milliseconds since the epoch (UTC).
// A field named `sealed…` is ciphertext of the vault; the store never sees what is inside.

import type { AgentLimits, ConnectorLimits } from './call-records.ts';

export type {
  AgentLimits,
  CallCaptureRecord,
  CallHourRecord,
  CallOutcome,
  CallRecord,
  ConnectorLimits,
} from './call-records.ts';

export type AuthType = 'none' | 'bearer' | 'api_key_header' | 'oauth';
export type CredentialMode = 'shared' | 'per_agent';

/** What an operator set by hand about a connector's OAuth; nothing in it is secret. */
export type OAuthSettings = {
  readonly grant: 'authorization_code' | 'client_credentials';
  /** Pins the authorization server; with both endpoints below, discovery is skipped. */
  readonly issuer: string | null;
  readonly authorizationEndpoint: string | null;
  readonly tokenEndpoint: string | null;
  readonly revocationEndpoint: string | null;
  /** Space-separated; replaces the scope that discovery would choose. */
  readonly scope: string | null;
  /** Space-separated; whatever is chosen is narrowed to these. */
  readonly scopeAllowList: string | null;
  readonly resourcePolicy: 'auto' | 'always' | 'never';
  /** Overrides the negotiated token endpoint authentication method. */
  readonly tokenEndpointAuthMethod: TokenEndpointAuthMethod | null;
  /** Accepts an authorization server whose metadata does not promise PKCE with S256. */
  readonly allowMissingPkce: boolean;
  /** Permits the 2025-03-26 fallback where no protected resource metadata exists. */
  readonly allowLegacyDiscovery: boolean;
  /** Asks for `offline_access` where the authorization server lists it. */
  readonly offlineAccess: boolean;
  /** Issuer for which the client of `sealedClient` was entered; bound at the first discovery after it was set. */
  readonly clientIssuer: string | null;
};

export type TokenEndpointAuthMethod = 'none' | 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt';

/** What the last successful discovery of a connector found. */
export type DiscoveryRecord = {
  readonly mode: 'protected_resource_metadata' | 'legacy_origin' | 'legacy_endpoints' | 'manual';
  readonly issuer: string;
  /** As the protected resource metadata spelled it; null where there was none. */
  readonly resource: string | null;
  readonly resourceMetadataUrl: string | null;
  readonly scopesSupported: readonly string[] | null;
  readonly challengedScope: string | null;
  readonly discoveredAt: number;
};

/** Which dialect the server spoke, until when the verdict is believed. */
export type ProtocolRecord = {
  readonly version: string;
  readonly transport: 'streamable_http' | 'http_sse';
  readonly serverName: string | null;
  readonly serverVersion: string | null;
  readonly expiresAt: number;
};

export type ReachabilityRecord = {
  readonly reachable: boolean;
  readonly checkedAt: number;
  readonly error: FaultRecord | null;
};

export type FaultRecord = { readonly code: string; readonly message: string; readonly at: number };

export type ConnectorRecord = {
  readonly id: string;
  readonly key: string;
  readonly name: string;
  readonly url: string;
  readonly authType: AuthType;
  /** null exactly for authType `none`. */
  readonly credentialMode: CredentialMode | null;
  /** Only for `api_key_header`. */
  readonly headerName: string | null;
  /** Names of the custom headers, sorted; the values are in `sealedHeaders`. */
  readonly headerNames: readonly string[];
  readonly sealedHeaders: string | null;
  readonly oauth: OAuthSettings | null;
  /** Client id, secret or key entered by hand. */
  readonly sealedClient: string | null;
  readonly clientSetAt: number | null;
  readonly discovery: DiscoveryRecord | null;
  readonly protocol: ProtocolRecord | null;
  readonly reachability: ReachabilityRecord | null;
  /** Whether a granted tool whose definition changes waits until a person has approved the change. */
  readonly toolReview: 'notify' | 'hold';
  readonly limits: ConnectorLimits;
  /** Whether the call log keeps arguments and results of its tools, without what looks like a secret. */
  readonly capture: 'off' | 'redacted';
  /** Grows with every change of the tools; the store alone writes it. */
  readonly toolsRevision: number;
  readonly toolsSyncedAt: number | null;
  readonly toolsError: FaultRecord | null;
  /** When the scheduled sync is due. */
  readonly syncDueAt: number | null;
  readonly syncFailures: number;
  readonly createdAt: number;
  readonly updatedAt: number;
};

export type ConnectorPatch = Partial<Omit<ConnectorRecord, 'id' | 'createdAt' | 'toolsRevision'>>;

/** An authorization server's validated metadata (RFC 8414 field names), with how it was found. */
export type AuthorizationServerRecord = {
  readonly issuer: string;
  readonly metadata: { readonly [field: string]: unknown };
  readonly metadataUrl: string | null;
  readonly fetchedAt: number;
  readonly expiresAt: number;
};

/** A dynamic registration; pre-registered and manual clients live with their connector, CIMD needs no record. */
export type RegistrationRecord = {
  readonly id: string;
  readonly issuer: string;
  readonly redirectUri: string;
  readonly tokenEndpointAuthMethod: TokenEndpointAuthMethod;
  /** Client id, client secret, registration access token and its URI. */
  readonly sealed: string;
  readonly clientSecretExpiresAt: number | null;
  readonly createdAt: number;
};

export type RegistrationKind = 'pre_registered' | 'client_id_metadata_document' | 'dynamic' | 'manual';

export type FlowRecord = {
  readonly id: string;
  readonly ticketHash: string;
  /** Set when the link is opened. */
  readonly stateHash: string | null;
  readonly browserHash: string | null;
  readonly connectorId: string;
  readonly agentId: string | null;
  readonly status: 'created' | 'opened' | 'consumed';
  readonly issuer: string;
  /** The validated metadata at the time the flow began; the code goes only to its token endpoint. */
  readonly metadata: { readonly [field: string]: unknown };
  readonly resource: string | null;
  readonly redirectUri: string;
  readonly scope: string | null;
  readonly registrationKind: RegistrationKind;
  readonly registrationId: string | null;
  /** PKCE verifier and the OAuth client. */
  readonly sealed: string;
  readonly returnTo: string | null;
  /** 0, or 1 after the one restart with a fresh registration. */
  readonly restarts: number;
  readonly startedBy: string;
  /** How the flow ended badly, for the page that it lands on; null while it runs and when it went well. */
  readonly outcome: FlowOutcome | null;
  readonly createdAt: number;
  readonly expiresAt: number;
};

/** `providerCode` and `providerText` are the authorization server's own words: shown escaped, as its words. */
export type FlowOutcome = {
  readonly code: string;
  readonly message: string;
  readonly providerCode: string | null;
  readonly providerText: string | null;
};

export type CredentialState = 'ok' | 'reauthorization_required' | 'needs_scope';

export type CredentialRecord = {
  readonly id: string;
  readonly connectorId: string;
  /** null: shared by all agents. */
  readonly agentId: string | null;
  /** A new authorization waits in `pending` until it has listed the tools, while `active` goes on serving. */
  readonly slot: 'active' | 'pending';
  readonly kind: 'static' | 'oauth';
  /** The secret or reference; for OAuth the token set with the client that it was issued to. */
  readonly sealed: string;
  /** Grows with each change of the secret; every write compares it. */
  readonly generation: number;
  readonly issuer: string | null;
  readonly resource: string | null;
  readonly scope: string | null;
  readonly registrationKind: RegistrationKind | null;
  readonly registrationId: string | null;
  /** null: the provider did not say. */
  readonly expiresAt: number | null;
  readonly refreshable: boolean;
  readonly state: CredentialState;
  readonly reason: string | null;
  readonly stateAt: number;
  /** Space-separated scopes that a server asked for and the grant lacks. */
  readonly missingScope: string | null;
  readonly setAt: number;
  readonly refreshedAt: number | null;
  readonly refreshFailures: number;
  /** No refresh before this time after a transient failure. */
  readonly refreshAfter: number | null;
  /** Set before a token request goes out, cleared when its outcome is saved: a leftover tells of an interruption. */
  readonly refreshStartedAt: number | null;
};

export type CredentialPatch = Partial<
  Omit<CredentialRecord, 'id' | 'connectorId' | 'agentId' | 'slot' | 'kind' | 'generation'>
>;

export type ToolRecord = {
  readonly connectorId: string;
  readonly name: string;
  /** The whole definition as the server sent it, JSON text. */
  readonly definition: string;
  /** SHA-256 of the canonical definition, base64url. */
  readonly digest: string;
  readonly state: 'active' | 'gone';
  /**
   * Digest and text of the definition that stood when a granted tool changed, until a person approves the
   * change or the server takes it back. null: the present definition stands.
   */
  readonly approvedDigest: string | null;
  readonly approvedDefinition: string | null;
  /** Place in the server's own order. */
  readonly position: number;
  /** Owners (agent id, or '' for shared or none) whose last listing had it. */
  readonly listedBy: readonly string[];
  readonly firstSeenAt: number;
  readonly changedAt: number;
  readonly goneAt: number | null;
};

export type AgentRecord = {
  readonly id: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly limits: AgentLimits;
  readonly createdAt: number;
  readonly updatedAt: number;
};

export type AgentKeyRecord = {
  readonly id: string;
  readonly agentId: string;
  readonly hash: string;
  readonly label: string;
  /** The first characters, by which a person recognises the key. */
  readonly prefix: string;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly lastUsedAt: number | null;
};

export type ApiTokenRole = 'owner' | 'operator' | 'reader';
export type ApiTokenRecord = {
  readonly id: string;
  readonly hash: string;
  readonly label: string;
  readonly prefix: string;
  readonly role: ApiTokenRole;
  readonly createdBy: string | null;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly lastUsedAt: number | null;
};

export type GrantRecord = { readonly agentId: string; readonly connectorId: string; readonly toolName: string };

export type AuditRecord = {
  readonly id: string;
  readonly at: number;
  readonly actor: string;
  readonly action: string;
  readonly connectorId: string | null;
  readonly agentId: string | null;
  readonly credentialId: string | null;
  readonly detail: { readonly [field: string]: unknown };
};

export type TranscriptRecord = {
  readonly id: string;
  readonly connectorId: string;
  readonly agentId: string | null;
  /** Entries of one operation share this id. */
  readonly operationId: string;
  readonly operation: string;
  readonly at: number;
  readonly step: string;
  readonly method: string | null;
  readonly url: string | null;
  readonly status: number | null;
  readonly durationMs: number | null;
  readonly decision: string | null;
};

/** A keyset page: `nextCursor` is the last id, null at the end. */
export type Page<T> = { readonly items: readonly T[]; readonly nextCursor: string | null };
export type PageRequest = { readonly limit: number; readonly cursor?: string | undefined };
