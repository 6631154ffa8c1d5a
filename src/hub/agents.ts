// Agents and their keys. A key is shown once and kept as a hash.

import { ChatelaineError } from '../errors.ts';
import type { Secret } from '../secret.ts';
import type { AgentKeyRecord, AgentLimits, AgentRecord } from '../store/records.ts';
import { hashToken, randomToken } from '../vault/hash.ts';
import { AGENT_KEY_PREFIX } from './agent-key.ts';
import type { Actor } from './audit.ts';
import { audit } from './audit.ts';
import { type LimitsChange, mergeLimits, NO_AGENT_LIMITS } from './call-limits.ts';
import { checkName } from './connector-input.ts';
import type { HubContext } from './context.ts';
import { disconnect } from './credentials.ts';
import { newId } from './ids.ts';

const SHOWN_CHARACTERS = 11;

/** @throws not_found */
export async function getAgent(context: HubContext, id: string): Promise<AgentRecord> {
  const found = await context.store.agents.get(id);
  if (found === null) throw new ChatelaineError('not_found', 'There is no such agent.');
  return found;
}

export type AgentInput = {
  readonly name: string;
  readonly enabled?: boolean | undefined;
  readonly limits?: LimitsChange<AgentLimits> | undefined;
};
export type AgentChange = { readonly [K in keyof AgentInput]?: AgentInput[K] | undefined };

/** @throws invalid_request, conflict when the name is taken */
export async function createAgent(context: HubContext, input: AgentInput, actor: Actor): Promise<AgentRecord> {
  const now = context.now();
  const agent: AgentRecord = {
    id: newId('agt', now),
    name: checkName(input.name),
    enabled: input.enabled ?? true,
    limits: mergeLimits(NO_AGENT_LIMITS, input.limits),
    createdAt: now,
    updatedAt: now,
  };
  await context.store.agents.insert(agent);
  await audit(context, actor, 'agent.created', { agentId: agent.id, detail: { name: agent.name } });
  return agent;
}

/** @throws not_found, invalid_request, conflict */
export async function updateAgent(
  context: HubContext,
  id: string,
  change: AgentChange,
  actor: Actor,
): Promise<AgentRecord> {
  const before = await getAgent(context, id);
  const updated = await context.store.agents.update(id, {
    ...(change.name === undefined ? {} : { name: checkName(change.name) }),
    ...(change.enabled === undefined ? {} : { enabled: change.enabled }),
    ...(change.limits === undefined ? {} : { limits: mergeLimits(before.limits, change.limits) }),
    updatedAt: context.now(),
  });
  if (updated === null) throw new ChatelaineError('not_found', 'There is no such agent.');
  context.agentAccess.recheck();
  await audit(context, actor, 'agent.changed', { agentId: id, detail: { ...change } });
  return updated;
}

/** Removes an agent with its keys, grants and credentials; its tokens are revoked at the providers first. @throws not_found */
export async function deleteAgent(context: HubContext, id: string, actor: Actor): Promise<void> {
  const agent = await getAgent(context, id);
  const credentials = await context.store.credentials.listByAgent(id);
  for (const connectorId of new Set(credentials.map((credential) => credential.connectorId))) {
    const connector = await context.store.connectors.get(connectorId);
    if (connector !== null) await disconnect(context, connector, id, actor);
  }
  await context.store.agents.delete(id);
  context.agentAccess.recheck();
  await audit(context, actor, 'agent.deleted', { agentId: id, detail: { name: agent.name } });
}

export type NewAgentKey = { readonly record: AgentKeyRecord; readonly key: Secret };

/** A new key of 256 random bits; only its hash is kept. @throws not_found, invalid_request */
export async function createAgentKey(
  context: HubContext,
  agentId: string,
  input: { label?: string | undefined; expiresAt?: number | null | undefined },
  actor: Actor,
): Promise<NewAgentKey> {
  await getAgent(context, agentId);
  const now = context.now();
  if (input.expiresAt != null && input.expiresAt <= now) {
    throw new ChatelaineError('invalid_request', 'expiresAt: lies in the past.', { details: { field: 'expiresAt' } });
  }
  const key = randomToken(AGENT_KEY_PREFIX, 32);
  const record: AgentKeyRecord = {
    id: newId('key', now),
    agentId,
    hash: await hashToken(key),
    label: input.label?.trim() ?? '',
    prefix: key.reveal().slice(0, SHOWN_CHARACTERS),
    createdAt: now,
    expiresAt: input.expiresAt ?? null,
    lastUsedAt: null,
  };
  await context.store.agents.insertKey(record);
  await audit(context, actor, 'agent_key.created', { agentId, detail: { keyId: record.id, label: record.label } });
  return { record, key };
}

/** @throws not_found */
export async function deleteAgentKey(context: HubContext, agentId: string, keyId: string, actor: Actor): Promise<void> {
  if (!(await context.store.agents.deleteKey(agentId, keyId)))
    throw new ChatelaineError('not_found', 'There is no such key.');
  context.agentAccess.recheck();
  await audit(context, actor, 'agent_key.deleted', { agentId, detail: { keyId } });
}
