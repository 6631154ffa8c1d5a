// The store as the hub sees it: records in, records out, no SQL. Two failures have a name of their own:
// `conflict` (a unique field is taken) and `not_found`; both are ChatelaineErrors. A write that compares
// a generation or a status answers false or null when it lost, never throws for it.
// No method keeps a transaction open across anything but its own statements.

import type { CallStore } from './call-store.ts';
import type { AttemptStore, LeaseStore, MailStore } from './coordination.ts';
import type { OverviewStore } from './overview.ts';
import type {
  AgentKeyRecord,
  AgentRecord,
  ApiTokenRecord,
  AuditRecord,
  AuthorizationServerRecord,
  ConnectorPatch,
  ConnectorRecord,
  CredentialPatch,
  CredentialRecord,
  CredentialState,
  FlowOutcome,
  FlowRecord,
  GrantRecord,
  Page,
  PageRequest,
  RegistrationRecord,
  ToolRecord,
  TranscriptRecord,
} from './records.ts';
import type { SealedStore } from './sealed-store.ts';

export type { CallBucket, CallStatsQuery, CallStore } from './call-store.ts';
export type { AttemptStore, LeaseStore, MailStore } from './coordination.ts';
export type {
  CallsOfHour,
  ConnectorFigures,
  CredentialFacts,
  OverviewStore,
  Owner,
  RowTold,
} from './overview.ts';
export type { SealedCell, SealedKind, SealedStore } from './sealed-store.ts';

type ListRequest = PageRequest & { readonly search?: string | undefined };

export type ConnectorStore = {
  /** @throws conflict when `name` or `key` is taken (`details.field` says which) */
  insert(connector: ConnectorRecord): Promise<void>;
  get(id: string): Promise<ConnectorRecord | null>;
  getByKey(key: string): Promise<ConnectorRecord | null>;
  /** `search`: the name, the key or the URL holds it; letters of ASCII in either case. */
  list(page: ListRequest): Promise<Page<ConnectorRecord>>;
  keys(): Promise<readonly string[]>;
  /** Writes only the columns named; answers the whole record, null when it is gone. */
  update(id: string, patch: ConnectorPatch): Promise<ConnectorRecord | null>;
  /** With its credentials, tools, grants, flows and transcript. */
  delete(id: string): Promise<boolean>;
  /** Connectors whose `syncDueAt` has passed, the longest due first. */
  dueForSync(now: number, limit: number): Promise<readonly ConnectorRecord[]>;
};

export type AuthorizationServerStore = {
  get(issuer: string): Promise<AuthorizationServerRecord | null>;
  put(server: AuthorizationServerRecord): Promise<void>;
};

export type RegistrationStore = {
  get(id: string): Promise<RegistrationRecord | null>;
  find(issuer: string, redirectUri: string): Promise<RegistrationRecord | null>;
  /** Replaces what stands for the same issuer and redirect URI. */
  put(registration: RegistrationRecord): Promise<void>;
  delete(id: string): Promise<boolean>;
};

export type FlowStore = {
  insert(flow: FlowRecord): Promise<void>;
  findByTicket(ticketHash: string): Promise<FlowRecord | null>;
  findByState(stateHash: string): Promise<FlowRecord | null>;
  /**
   * Binds the flow to a browser and a state. Succeeds once for a `created` flow, and again for an
   * `opened` one of the same browser (its state is replaced).
   */
  open(id: string, browserHash: string, stateHash: string): Promise<boolean>;
  /** `opened` → `consumed`, once. */
  consume(id: string): Promise<boolean>;
  get(id: string): Promise<FlowRecord | null>;
  setOutcome(id: string, outcome: FlowOutcome): Promise<void>;
  /** Ends every sign-in under way of one owner (`agentId` null: the shared one). */
  deleteOf(connectorId: string, agentId: string | null): Promise<number>;
  deleteExpired(now: number): Promise<number>;
};

/** Where a page of due credentials ended. */
type Due = Pick<CredentialRecord, 'id' | 'expiresAt'>;

export type CredentialStore = {
  get(id: string): Promise<CredentialRecord | null>;
  /** The credential of exactly this owner (`agentId` null: the shared one); there is no query for "any". */
  find(connectorId: string, agentId: string | null, slot: 'active' | 'pending'): Promise<CredentialRecord | null>;
  /** All of them, of every owner and slot: for ending them. */
  listByConnector(connectorId: string): Promise<readonly CredentialRecord[]>;
  /** Active credentials that agents own, those that need no person first: whom background work may act as. */
  listOfAgents(connectorId: string, limit: number): Promise<readonly CredentialRecord[]>;
  listPending(connectorId: string, limit: number): Promise<readonly CredentialRecord[]>;
  listByAgent(agentId: string): Promise<readonly CredentialRecord[]>;
  /** Replaces what stands in the same slot of the same owner, in one transaction; answers what it replaced. */
  put(credential: CredentialRecord): Promise<CredentialRecord | null>;
  /** Compare-and-swap: writes only while `generation` still stands, and raises it by one when `sealed` is in the patch. */
  update(id: string, generation: number, patch: CredentialPatch): Promise<boolean>;
  /** Makes the pending credential the active one, in one transaction; answers the one that it replaced. */
  promote(pendingId: string): Promise<{ promoted: boolean; replaced: CredentialRecord | null }>;
  delete(id: string): Promise<boolean>;
  /** How many active ones are in each state. */
  countByState(): Promise<Readonly<Record<CredentialState, number>>>;
  /** Active, refreshable ones in state `ok` or `needs_scope` that expire before then and do not back off; the first in front. */
  dueForRefresh(now: number, expiresBefore: number, limit: number, after?: Due): Promise<readonly CredentialRecord[]>;
};

export type ToolSnapshotChange = {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
  /** Active tools of the connector afterwards, of all owners together. */
  readonly count: number;
};

export type ToolStore = {
  /**
   * In the server's order, gone ones included. With `owner`, `listedBy` tells of that owner alone: of a
   * connector with a credential for each agent there may be as many owners as agents.
   */
  list(connectorId: string, owner?: string): Promise<readonly ToolRecord[]>;
  get(connectorId: string, name: string): Promise<ToolRecord | null>;
  counts(connectorIds: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /**
   * Saves one complete listing of one owner, in one transaction: new and changed tools are written,
   * a tool that no owner lists any more becomes `gone` and keeps its grants. With
   * `with_credential` the listings of other owners count only while they hold a credential. `owner` is '' or an agent's id.
   * When the definition of a tool changes that some agent was granted, the former one is kept as approved.
   *
   * @throws not_found when the connector or the agent is gone
   */
  saveSnapshot(
    connectorId: string,
    owner: string,
    tools: readonly { name: string; definition: string; digest: string }[],
    now: number,
    others?: 'all' | 'with_credential',
  ): Promise<ToolSnapshotChange>;
  /**
   * Makes the present definition the one that stands, while it is still the one with this digest; false
   * when it is not, or when nothing waited.
   */
  approve(connectorId: string, name: string, digest: string): Promise<boolean>;
  /** Drops all tools (a connector moved to another server); grants stay and return with equal names. */
  clear(connectorId: string, now: number): Promise<void>;
};

export type AgentStore = {
  /** @throws conflict when `name` is taken */
  insert(agent: AgentRecord): Promise<void>;
  get(id: string): Promise<AgentRecord | null>;
  list(page: ListRequest): Promise<Page<AgentRecord>>;
  update(id: string, patch: Partial<Omit<AgentRecord, 'id' | 'createdAt'>>): Promise<AgentRecord | null>;
  /** With its keys, grants, credentials and flows; tools that it alone listed become `gone`. */
  delete(id: string): Promise<boolean>;
  insertKey(key: AgentKeyRecord): Promise<void>;
  listKeys(agentId: string, page: PageRequest): Promise<Page<AgentKeyRecord>>;
  findKey(hash: string): Promise<AgentKeyRecord | null>;
  deleteKey(agentId: string, keyId: string): Promise<boolean>;
  /** Sets the last use of many keys at once; never back in time. */
  touchKeys(keyIds: readonly string[], at: number): Promise<void>;
};

export type GrantStore = {
  listByAgent(agentId: string): Promise<readonly GrantRecord[]>;
  /** Makes the agent's grants exactly these, in one transaction. */
  replace(agentId: string, grants: readonly GrantRecord[]): Promise<void>;
  /** Ids of the connectors of which the agent has all tools, new ones too. */
  listConnectors(agentId: string): Promise<readonly string[]>;
  /** @throws not_found when the agent or the connector is gone */
  setConnector(agentId: string, connectorId: string, granted: boolean): Promise<void>;
};

export type ApiTokenStore = {
  insert(token: ApiTokenRecord): Promise<void>;
  list(page: PageRequest): Promise<Page<ApiTokenRecord>>;
  find(hash: string): Promise<ApiTokenRecord | null>;
  get(id: string): Promise<ApiTokenRecord | null>;
  /** `createdBy` is an actor's name; null, which nobody made, of a token from before this was kept. */
  madeBy(actor: string): Promise<readonly ApiTokenRecord[]>;
  delete(id: string): Promise<boolean>;
  touch(id: string, at: number): Promise<void>;
  count(): Promise<number>;
};

export type AuditFilter = {
  readonly connectorId?: string | undefined;
  readonly agentId?: string | undefined;
  readonly action?: string | undefined;
};

export type AuditStore = {
  append(record: AuditRecord): Promise<void>;
  /** Newest first. */
  list(filter: AuditFilter, page: PageRequest): Promise<Page<AuditRecord>>;
  deleteBefore(at: number): Promise<number>;
};

export type TranscriptStore = {
  /** Appends and drops the oldest beyond `keep` for that connector. */
  append(entries: readonly TranscriptRecord[], keep: number): Promise<void>;
  /** Newest first. */
  list(connectorId: string, page: PageRequest): Promise<Page<TranscriptRecord>>;
};

export type MetaStore = {
  get(key: string): Promise<string | null>;
  /** Sets it only when absent; answers what stands afterwards. */
  setOnce(key: string, value: string): Promise<string>;
};

export type AccessStore = {
  /**
   * Grows with every change that takes or gives an agent something, in the transaction of that change: keys
   * revoked, agents, grants, tools, settings of connectors. What was read at a revision holds while it stands.
   */
  revision(): Promise<number>;
};

export type Store = {
  readonly dialect: 'sqlite' | 'postgres';
  /** The Kysely of this very database, for the `auth_` tables alone: those are better-auth's to read and write. */
  readonly kysely: () => unknown;
  readonly connectors: ConnectorStore;
  readonly authorizationServers: AuthorizationServerStore;
  readonly registrations: RegistrationStore;
  readonly flows: FlowStore;
  readonly credentials: CredentialStore;
  readonly tools: ToolStore;
  readonly agents: AgentStore;
  readonly grants: GrantStore;
  readonly access: AccessStore;
  readonly apiTokens: ApiTokenStore;
  readonly audit: AuditStore;
  readonly transcripts: TranscriptStore;
  readonly calls: CallStore;
  readonly overview: OverviewStore;
  readonly mail: MailStore;
  readonly leases: LeaseStore;
  readonly attempts: AttemptStore;
  readonly sealed: SealedStore;
  readonly meta: MetaStore;
  /** @throws store_unavailable when the database does not answer or lacks a migration */
  ping(): Promise<void>;
  /** The database's own clock, in milliseconds since the epoch. @throws store_unavailable */
  time(): Promise<number>;
  close(): Promise<void>;
};
