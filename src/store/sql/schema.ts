// The tables as Kysely sees them. Row types are derived from the records, so that a field added to a
// record is a column at once; the columns themselves are spelled in the migrations.
// Names are camelCase here and snake_case in the database (Kysely's CamelCasePlugin).

import type { Kysely } from 'kysely';
import type {
  AgentKeyRecord,
  AgentRecord,
  ApiTokenRecord,
  AuditRecord,
  AuthorizationServerRecord,
  CallCaptureRecord,
  CallHourRecord,
  CallRecord,
  ConnectorRecord,
  CredentialRecord,
  FlowRecord,
  GrantRecord,
  RegistrationRecord,
  ToolRecord,
  TranscriptRecord,
} from '../records.ts';
import type { Row } from './codec.ts';
import { codecFor } from './codec.ts';

export const connectorCodec = codecFor<ConnectorRecord>({
  headerNames: 'json',
  oauth: 'json',
  discovery: 'json',
  protocol: 'json',
  reachability: 'json',
  limits: 'json',
  toolsError: 'json',
});
export const authorizationServerCodec = codecFor<AuthorizationServerRecord>({ metadata: 'json' });
export const flowCodec = codecFor<FlowRecord>({ metadata: 'json', outcome: 'json' });
export const credentialCodec = codecFor<CredentialRecord>({ refreshable: 'flag' });
export const agentCodec = codecFor<AgentRecord>({ enabled: 'flag', limits: 'json' });
export const auditCodec = codecFor<AuditRecord>({ detail: 'json' });

export type Database = {
  connectors: Row<ConnectorRecord>;
  authorizationServers: Row<AuthorizationServerRecord>;
  registrations: RegistrationRecord;
  flows: Row<FlowRecord>;
  /** `owner` is the agent's id, or '' for the shared one: a null would escape the uniqueness of a slot. */
  credentials: Row<CredentialRecord> & { owner: string };
  tools: Omit<ToolRecord, 'listedBy'>;
  /** `listedBy`, one row an owner: thousands of agents may list one tool. */
  toolListings: { connectorId: string; toolName: string; owner: string };
  agents: Row<AgentRecord>;
  agentKeys: AgentKeyRecord;
  grants: GrantRecord;
  /** All tools of a connector, new ones too. */
  connectorGrants: { agentId: string; connectorId: string };
  revisions: { name: 'access'; value: number };
  apiTokens: ApiTokenRecord;
  audit: Row<AuditRecord>;
  transcripts: TranscriptRecord;
  calls: CallRecord;
  callCaptures: CallCaptureRecord;
  callHours: CallHourRecord;
  /** What is limited, by a hash of what it is. */
  attempts: { key: string; count: number; endsAt: number };
  mail: { address: string; sealed: string; expiresAt: number };
  leases: { name: string; holder: string; expiresAt: number };
  meta: { key: string; value: string };
};

export type Db = Kysely<Database>;
export type Dialect = 'sqlite' | 'postgres';
