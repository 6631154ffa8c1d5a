// The forms before sign-in: one call, its failure in words, and the way inside.

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { ApiProblem, api, unwrap } from '../../api/client.ts';

const setupQuery = {
  queryKey: ['setup'],
  queryFn: ({ signal }: { signal: AbortSignal }) => unwrap(api.GET('/api/setup', { signal })),
  staleTime: 30_000,
};

export const useSetup = () => useQuery(setupQuery);

export function useDoor<Input>(work: (input: Input) => Promise<unknown>, returnTo = '/connectors') {
  const queries = useQueryClient();
  const router = useRouter();
  const mutation = useMutation({
    mutationFn: work,
    onSuccess: async () => {
      queries.clear();
      await router.navigate({ href: inside(returnTo), replace: true });
    },
  });
  const problem = mutation.error instanceof ApiProblem ? mutation.error : null;
  return { submit: mutation.mutate, busy: mutation.isPending || mutation.isSuccess, problem, error: mutation.error };
}

/** Only a path of this page: whoever made a link must not choose another site. */
const inside = (path: string): string => (/^\/(?![/\\])/.test(path) ? path : '/connectors');
