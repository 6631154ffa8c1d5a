// What every use case of the hub is handed: its store, its vault, its way to the network, its clock.
// Nothing here is global, so that two hubs can live in one process and tests can bring their own.

import type { FetchLike, Outbound } from '../outbound.ts';
import type { Secret } from '../secret.ts';
import type { Store } from '../store/store.ts';
import type { Vault } from '../vault/seal.ts';
import type { AgentAccessReader } from './agent-access.ts';
import type { LateSaves } from './late-saves.ts';
import type { ListingRoom } from './listing-room.ts';
import type { HubMeter } from './meter.ts';
import type { RefusalTrials } from './refusal-trials.ts';

/** One request as the transcript shows it; `url` is redacted already. */
export type RequestEntry = {
  readonly method: string;
  readonly url: string;
  readonly status: number | null;
  readonly durationMs: number;
  readonly errorCode: string | null;
};

/** A structured log; messages never hold a secret. */
export type Log = {
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
};

export type HubContext = {
  readonly store: Store;
  readonly vault: Vault;
  readonly outbound: Outbound;
  readonly trace: (fetch: FetchLike, onRequest: (entry: RequestEntry) => void, now?: () => number) => FetchLike;
  readonly redactUrl: (url: string) => string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Public base URL without a trailing slash. */
  readonly baseUrl: string;
  readonly redirectUri: string;
  /** Our client_id as a Client ID Metadata Document; null where no public https URL serves it. */
  readonly clientMetadataUrl: string | null;
  readonly clientName: string;
  readonly version: string;
  /** Resolves `env:NAME` and `file:NAME`; null for a name that holds nothing. @throws secret_reference_invalid */
  readonly readReference: (reference: string) => Promise<Secret | null>;
  /** Whether plain http may be used for this URL (operator-approved private hosts). */
  readonly mayUsePlainHttp: (url: URL) => boolean;
  /** Why a URL may not be contacted at all, in words; null when it may. */
  readonly urlRefusal: (url: URL) => string | null;
  readonly log: Log;
  readonly meter: HubMeter;
  /** How long calls stay in the call log. */
  readonly callLogDays: number;
  readonly holder: string;
  readonly credentialCache: CredentialCache;
  readonly agentAccess: AgentAccessReader;
  readonly listings: ListingRoom;
  readonly lateSaves: LateSaves;
  readonly refusalTrials: RefusalTrials;
  /** In-process single flight: callers of one key share one run. */
  readonly singleFlight: <T>(key: string, run: () => Promise<T>) => Promise<T>;
  readonly tokenLanes: TokenLanes;
};

/**
 * In which order token requests get a lane (see `token-lanes.ts`). `now`: somebody waits for it. `if_free`: not
 * worth any waiting. `background`: after all others.
 */
export type Urgency = 'now' | 'if_free' | 'background';

export type TokenLanes = {
  /**
   * Runs `run` in a lane to this issuer; answers null when `if_free` found none.
   *
   * @throws upstream_timeout when `now` waited too long; store_unavailable
   */
  run<T>(issuer: string, urgency: Urgency, run: () => Promise<T>): Promise<T | null>;
};

/** Resolved request headers, kept for a moment; see `access-token.ts`. */
export type CredentialCache = {
  get(connectorId: string, owner: string): CachedCredential | null;
  /** Changes with every `forgetConnector`. */
  epoch(): number;
  /** Keeps `value` unless something was forgotten since `epoch`: it may have been read before that. */
  set(connectorId: string, owner: string, value: CachedCredential, epoch: number): void;
  forgetConnector(connectorId: string): void;
  /** Hears of every connector whose credentials are forgotten. */
  onForget(listener: (connectorId: string) => void): void;
};

export type CachedCredential = {
  readonly headers: Readonly<Record<string, string>>;
  readonly credentialId: string | null;
  readonly generation: number;
  /** The server that these headers are for. */
  readonly url: string;
  /** Absolute; the entry is not served from this moment on. */
  readonly validUntil: number;
};
