// What a person may do: each role may also do everything of the ones before it.

import type { ApiTokenRole } from '../store/records.ts';

export const ROLES = ['viewer', 'operator', 'owner'] as const;

/** `viewer` sees everything but secrets, `operator` changes connectors, agents and credentials, `owner` everything. */
export type Role = (typeof ROLES)[number];

/** Whether `role` may do what `needed` may. */
export function covers(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}

/** What a token of this role may do, as a person's role. */
export const roleOfToken = (role: ApiTokenRole): Role => (role === 'reader' ? 'viewer' : role);
