// Whole records with plausible values; a test names only what it is about.

import type {
  AgentKeyRecord,
  AgentRecord,
  ApiTokenRecord,
  AuditRecord,
  ConnectorRecord,
  CredentialRecord,
  FlowRecord,
  RegistrationRecord,
  TranscriptRecord,
} from '../../../src/store/records.ts';
import type { Store } from '../../../src/store/store.ts';

export const NOW = 1_780_000_000_000;

/** Ids that sort in the order in which they were made. */
function newId(prefix: string): string {
  counter += 1;
  return `${prefix}_${String(counter).padStart(8, '0')}`;
}
let counter = 0;

export function connector(fields: Partial<ConnectorRecord> = {}): ConnectorRecord {
  const id = newId('con');
  return {
    id,
    key: id,
    name: `Connector ${id}`,
    url: 'https://mcp.example.com/mcp',
    authType: 'oauth',
    credentialMode: 'per_agent',
    headerName: null,
    headerNames: [],
    sealedHeaders: null,
    oauth: null,
    sealedClient: null,
    clientSetAt: null,
    discovery: null,
    protocol: null,
    reachability: null,
    toolReview: 'notify',
    limits: { callsInFlight: null, timeoutSeconds: null },
    capture: 'off',
    toolsRevision: 0,
    toolsSyncedAt: null,
    toolsError: null,
    syncDueAt: null,
    syncFailures: 0,
    createdAt: NOW,
    updatedAt: NOW,
    ...fields,
  };
}

export function agent(fields: Partial<AgentRecord> = {}): AgentRecord {
  const id = newId('agt');
  const limits = { callsPerMinute: null, callsInFlight: null };
  return { id, name: `Agent ${id}`, enabled: true, limits, createdAt: NOW, updatedAt: NOW, ...fields };
}

export function agentKey(agentId: string, fields: Partial<AgentKeyRecord> = {}): AgentKeyRecord {
  const id = newId('key');
  return {
    id,
    agentId,
    hash: `hash of ${id}`,
    label: 'laptop',
    prefix: 'cha_ab',
    createdAt: NOW,
    expiresAt: null,
    lastUsedAt: null,
    ...fields,
  };
}

export function apiToken(fields: Partial<ApiTokenRecord> = {}): ApiTokenRecord {
  const id = newId('tok');
  return {
    id,
    hash: `hash of ${id}`,
    label: 'ci',
    prefix: 'cht_ab',
    role: 'reader',
    createdBy: null,
    createdAt: NOW,
    expiresAt: null,
    lastUsedAt: null,
    ...fields,
  };
}

export function registration(fields: Partial<RegistrationRecord> = {}): RegistrationRecord {
  const id = newId('reg');
  return {
    id,
    issuer: `https://${id}.example.com`,
    redirectUri: 'https://hub.example.com/oauth/callback',
    tokenEndpointAuthMethod: 'none',
    sealed: `client of ${id}`,
    clientSecretExpiresAt: null,
    createdAt: NOW,
    ...fields,
  };
}

export function flow(connectorId: string, fields: Partial<FlowRecord> = {}): FlowRecord {
  const id = newId('flw');
  return {
    id,
    ticketHash: `ticket of ${id}`,
    stateHash: null,
    browserHash: null,
    connectorId,
    agentId: null,
    status: 'created',
    issuer: 'https://as.example.com',
    metadata: { issuer: 'https://as.example.com', odd: '\u0000 \ud83d\ude00', list: [1, null, { deep: true }] },
    resource: 'https://mcp.example.com/mcp',
    redirectUri: 'https://hub.example.com/oauth/callback',
    scope: 'read write',
    registrationKind: 'dynamic',
    registrationId: null,
    sealed: `flow secrets of ${id}`,
    returnTo: null,
    restarts: 0,
    startedBy: 'admin',
    outcome: null,
    createdAt: NOW,
    expiresAt: NOW + 600_000,
    ...fields,
  };
}

export function credential(connectorId: string, fields: Partial<CredentialRecord> = {}): CredentialRecord {
  const id = newId('crd');
  return {
    id,
    connectorId,
    agentId: null,
    slot: 'active',
    kind: 'oauth',
    sealed: `tokens of ${id}`,
    generation: 1,
    issuer: 'https://as.example.com',
    resource: 'https://mcp.example.com/mcp',
    scope: 'read',
    registrationKind: 'dynamic',
    registrationId: null,
    expiresAt: NOW + 3_600_000,
    refreshable: true,
    state: 'ok',
    reason: null,
    stateAt: NOW,
    missingScope: null,
    setAt: NOW,
    refreshedAt: null,
    refreshFailures: 0,
    refreshAfter: null,
    refreshStartedAt: null,
    ...fields,
  };
}

export function auditEntry(fields: Partial<AuditRecord> = {}): AuditRecord {
  return {
    id: newId('aud'),
    at: NOW,
    actor: 'admin',
    action: 'connector.created',
    connectorId: null,
    agentId: null,
    credentialId: null,
    detail: {},
    ...fields,
  };
}

export function transcriptEntry(connectorId: string, fields: Partial<TranscriptRecord> = {}): TranscriptRecord {
  return {
    id: newId('trs'),
    connectorId,
    agentId: null,
    operationId: 'op_1',
    operation: 'sync',
    at: NOW,
    step: 'list_tools',
    method: 'POST',
    url: 'https://mcp.example.com/mcp',
    status: 200,
    durationMs: 12,
    decision: null,
    ...fields,
  };
}

export function tool(name: string, version = 1) {
  return { name, definition: JSON.stringify({ name, version }), digest: `${name} ${version}` };
}

export async function storedConnector(store: Store, fields: Partial<ConnectorRecord> = {}): Promise<ConnectorRecord> {
  const record = connector(fields);
  await store.connectors.insert(record);
  return record;
}

export async function storedAgent(store: Store, fields: Partial<AgentRecord> = {}): Promise<AgentRecord> {
  const record = agent(fields);
  await store.agents.insert(record);
  return record;
}
