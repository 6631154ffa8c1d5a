// Who did what, when. An actor is told as text: `token:tok_…`, `admin`, `cli`, `system`, `browser`.

import type { HubContext } from './context.ts';
import { newId } from './ids.ts';

export type Actor = { readonly name: string };

export const SYSTEM: Actor = { name: 'system' };

export type AuditSubject = {
  readonly connectorId?: string | null;
  readonly agentId?: string | null;
  readonly credentialId?: string | null;
  readonly detail?: { readonly [field: string]: unknown };
};

/** Writes one line of the audit log; `action` is `noun.verb`. @throws store_unavailable */
export async function audit(
  context: HubContext,
  actor: Actor,
  action: string,
  subject: AuditSubject = {},
): Promise<void> {
  const at = context.now();
  await context.store.audit.append({
    id: newId('aud', at),
    at,
    actor: actor.name,
    action,
    connectorId: subject.connectorId ?? null,
    agentId: subject.agentId ?? null,
    credentialId: subject.credentialId ?? null,
    detail: subject.detail ?? {},
  });
}
