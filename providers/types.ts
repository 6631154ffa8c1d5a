// The public vocabulary of the stand-ins: which providers there are, how one is started, what a running one offers.
import type { Faults } from './faults.ts';
import type { RecordedRequest } from './request-log.ts';
import type { ToolDefinition } from './tools/define.ts';

export type ProviderName = 'linear' | 'sentry' | 'granola' | 'render';

/** Which MCP revisions the endpoint speaks. `both`: 2026-07-28 and the initialize revisions from one URL. */
export type Era = 'both' | 'modern' | 'legacy' | '2025-03-26' | '2024-11-05';

/** Where authorization server metadata is published; `issuer` below is the path of the issuer URL. */
export type MetadataLocation =
  /** `/.well-known/oauth-authorization-server<issuer>` (RFC 8414 §3) */
  | 'oauth'
  /** `/.well-known/openid-configuration<issuer>` (inserted form) */
  | 'openid-inserted'
  /** `<issuer>/.well-known/openid-configuration` (OpenID Connect Discovery §4) */
  | 'openid';

export type ProviderOptions = {
  /** 0 or absent picks a free port. */
  port?: number;
  /** Address to listen on and host of every URL; default 127.0.0.1. */
  host?: string;
  /** Lifetime of access tokens; default 3600. */
  accessTokenSeconds?: number;
  faults?: Faults;
  /** Default `both`. */
  era?: Era;
  /** Sign in and consent by redirects alone, without a page; default true. */
  autoApprove?: boolean;
  /** Who signs in; default ada@example.test. */
  account?: string;
  /** Path of the issuer, such as `/tenant1`; default none. */
  issuerPath?: string;
  /** Default: `oauth` and `openid` (both, as one document). */
  metadataAt?: MetadataLocation[];
  /** List `offline_access` in `scopes_supported`, and issue refresh tokens only to those who ask for it. */
  offlineAccess?: boolean;
  /** Allow the client_credentials grant. */
  clientCredentials?: boolean;
  /**
   * Client ID Metadata Documents: maps the https origin of a client id to the loopback origin where the document
   * really is, e.g. `{'https://hub.example': 'http://127.0.0.1:4100'}`. Absent: not supported, not advertised.
   */
  clientIdMetadataOrigins?: Record<string, string>;
};

export type ClientMetadata = {
  redirectUris: string[];
  /** Default true: a confidential client with client_secret_basic. */
  confidential?: boolean;
  name?: string;
};

export type RunningProvider = {
  name: ProviderName;
  mcpUrl: string;
  origin: string;
  /** Absent for Render, which has no OAuth. */
  issuer?: string;
  /** Mutate to switch faults on and off. */
  faults: Faults;
  /** Everything received, oldest first, the last 5000. `status` 0: not answered yet, or dropped. */
  requests: RecordedRequest[];
  /** How many requests had this path (exact, or matching), whatever their query. */
  count(path: string | RegExp, method?: string): number;
  clearRequests(): void;
  /** Every code, access token, refresh token, client secret, registration access token and API key ever issued. */
  secretsIssued: Set<string>;
  /** Every access token is unknown from now on: 401 at the MCP endpoint; refresh tokens stay good. */
  expireAccessTokens(): Promise<void>;
  /** The user withdrew consent: access tokens are unknown and refreshing answers invalid_grant. */
  revokeGrants(): Promise<void>;
  /** Registered clients are unknown from now on: the token endpoint answers invalid_client. */
  forgetClients(): Promise<void>;
  /** What a person would do in the provider's developer console: a pre-registered client. */
  registerClient(metadata: ClientMetadata): Promise<{ clientId: string; clientSecret?: string }>;
  /** Changes the tool list and tells subscribers (`subscriptions/listen`, and GET streams of sessions). */
  setTools(change: (tools: ToolDefinition[]) => ToolDefinition[]): void;
  tools(): ToolDefinition[];
  /** Render only. */
  apiKeys?: { issue(account: string): string; revoke(key: string): void };
  /** Read at each authorization: who signs in, whether a page asks, and whether the answer is Deny. */
  signIn: SignIn;
  close(): Promise<void>;
};

export type SignIn = {
  autoApprove: boolean;
  account: string;
  /** With autoApprove: answer access_denied instead of consenting. */
  deny?: boolean;
};
