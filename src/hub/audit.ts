// Who did what, when. An actor is told as text: `token:tok_…`, `admin`, `cli`, `system`, `browser`.

import { isChatelaineError } from '../errors.ts';
import type { AuditRecord } from '../store/records.ts';
import type { HubContext } from './context.ts';
import { newId } from './ids.ts';
import { tryingAgain } from './try-again.ts';

export type Actor = { readonly name: string };

export const SYSTEM: Actor = { name: 'system' };

export type AuditSubject = {
  readonly connectorId?: string | null;
  readonly agentId?: string | null;
  readonly credentialId?: string | null;
  readonly detail?: { readonly [field: string]: unknown };
};

/**
 * Writes one line of the audit log; `action` is `noun.verb`. What it tells of has happened, so a database that is away
 * for a moment is waited for.
 *
 * @throws store_unavailable
 */
export async function audit(
  context: HubContext,
  actor: Actor,
  action: string,
  subject: AuditSubject = {},
): Promise<void> {
  const at = context.now();
  const record: AuditRecord = {
    id: newId('aud', at),
    at,
    actor: actor.name,
    action,
    connectorId: subject.connectorId ?? null,
    agentId: subject.agentId ?? null,
    credentialId: subject.credentialId ?? null,
    detail: subject.detail ?? {},
  };
  await tryingAgain(async (isFirst) => {
    try {
      await context.store.audit.append(record);
    } catch (error) {
      // The line of a try whose answer was lost is there.
      if (isFirst || !isChatelaineError(error, 'conflict')) throw error;
    }
  });
}
