// Who is signed in and what their role permits. The hub checks every call again; this only spares people
// buttons that would be refused.

import { queryOptions } from '@tanstack/react-query';
import { createContext, useContext } from 'react';
import { ApiProblem, api, unwrap } from './client.ts';
import { MOUNT } from './mount.ts';
import { queryClient } from './query-client.ts';

export type Role = 'owner' | 'operator' | 'viewer';

/** Null when nobody is signed in. */
export const sessionQuery = queryOptions({
  queryKey: ['me'],
  queryFn: async ({ signal }) => {
    try {
      return await unwrap(api.GET('/api/me', { signal }));
    } catch (error) {
      if (error instanceof ApiProblem && error.status === 401) return null;
      throw error;
    }
  },
  staleTime: 60_000,
});

const RANK: Record<Role, number> = { viewer: 0, operator: 1, owner: 2 };

/** The signed-in person's role, for everything inside the frame. */
export const RoleContext = createContext<Role>('viewer');

/** True when the signed-in person may do what needs `role`. */
export function useMay(role: Role): boolean {
  return RANK[useContext(RoleContext)] >= RANK[role];
}

/** Away from every kept answer: the next person must not see them. */
export async function leave(): Promise<void> {
  queryClient.clear();
  window.location.assign(`${MOUNT}/sign-in`);
}

export async function signOut(): Promise<void> {
  await unwrap(api.POST('/api/sign-out'));
  await leave();
}
