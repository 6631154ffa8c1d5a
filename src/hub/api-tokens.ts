// API tokens for automation: a role, shown once, kept as a hash.

import { ChatelaineError } from '../errors.ts';
import type { Secret } from '../secret.ts';
import type { ApiTokenRecord, ApiTokenRole } from '../store/records.ts';
import { hashToken, randomToken } from '../vault/hash.ts';
import type { Actor } from './audit.ts';
import { audit } from './audit.ts';
import type { HubContext } from './context.ts';
import { newId } from './ids.ts';

const API_TOKEN_PREFIX = 'chlt_';
const TOKEN_ACTOR = 'token:';
const SHOWN_CHARACTERS = 11;
/** `lastUsedAt` is coarse, so that reading does not write each time. */
const TOUCH_INTERVAL_MS = 60_000;

export type NewApiToken = { readonly record: ApiTokenRecord; readonly token: Secret };

/** @throws invalid_request */
export async function createApiToken(
  context: HubContext,
  input: { label?: string | undefined; role: ApiTokenRole; expiresAt?: number | null | undefined },
  actor: Actor,
): Promise<NewApiToken> {
  const now = context.now();
  if (input.expiresAt != null && input.expiresAt <= now) {
    throw new ChatelaineError('invalid_request', 'expiresAt: lies in the past.', { details: { field: 'expiresAt' } });
  }
  const token = randomToken(API_TOKEN_PREFIX, 32);
  const record: ApiTokenRecord = {
    id: newId('tok', now),
    hash: await hashToken(token),
    label: input.label?.trim() ?? '',
    prefix: token.reveal().slice(0, SHOWN_CHARACTERS),
    role: input.role,
    createdBy: await makerOf(context, actor),
    createdAt: now,
    expiresAt: input.expiresAt ?? null,
    lastUsedAt: null,
  };
  await context.store.apiTokens.insert(record);
  await audit(context, actor, 'api_token.created', {
    detail: { tokenId: record.id, role: record.role, label: record.label },
  });
  return { record, token };
}

/** @throws not_found */
export async function deleteApiToken(context: HubContext, id: string, actor: Actor): Promise<void> {
  if (!(await context.store.apiTokens.delete(id))) throw new ChatelaineError('not_found', 'There is no such token.');
  await audit(context, actor, 'api_token.deleted', { detail: { tokenId: id } });
}

/**
 * Who stands behind an actor: what a token makes is made by whoever made that token, so that it ends with them,
 * even if the token in between is long gone.
 */
export async function makerOf(context: HubContext, actor: Actor): Promise<string> {
  if (!actor.name.startsWith(TOKEN_ACTOR)) return actor.name;
  const token = await context.store.apiTokens.get(actor.name.slice(TOKEN_ACTOR.length));
  return token?.createdBy ?? actor.name;
}

/** Revokes what `maker` made, and what was made with that, but for roles that they `keep`. */
export async function revokeTokensOf(
  context: HubContext,
  maker: Actor,
  keep: (role: ApiTokenRole) => boolean,
  actor: Actor,
): Promise<void> {
  const makers = [maker.name];
  for (let name = makers.pop(); name !== undefined; name = makers.pop()) {
    for (const { id, role } of await context.store.apiTokens.madeBy(name)) {
      if (keep(role)) continue;
      makers.push(`${TOKEN_ACTOR}${id}`);
      if (!(await context.store.apiTokens.delete(id))) continue;
      await audit(context, actor, 'api_token.deleted', { detail: { tokenId: id, madeBy: maker.name } });
    }
  }
}

/** The valid token that a caller presents, or null. */
export async function findApiToken(context: HubContext, presented: Secret): Promise<ApiTokenRecord | null> {
  if (!presented.reveal().startsWith(API_TOKEN_PREFIX) || presented.reveal().length > 200) return null;
  const found = await context.store.apiTokens.find(await hashToken(presented));
  const now = context.now();
  if (found === null || (found.expiresAt !== null && found.expiresAt <= now)) return null;
  if (found.lastUsedAt === null || found.lastUsedAt + TOUCH_INTERVAL_MS < now)
    await context.store.apiTokens.touch(found.id, now);
  return found;
}
