// The cache of API answers: fresh for a while, read again on focus, retried only where that can help.

import { QueryCache, QueryClient } from '@tanstack/react-query';
import { ApiProblem } from './client.ts';

const FRESH_MS = 15_000;
const RETRIES = 2;

export const queryClient: QueryClient = new QueryClient({
  // A session that ended elsewhere ends here too.
  queryCache: new QueryCache({
    onError: (error) => {
      if (error instanceof ApiProblem && error.status === 401) queryClient.setQueryData(['me'], null);
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: FRESH_MS,
      refetchOnWindowFocus: true,
      retry: (count, error) => {
        const passing = !(error instanceof ApiProblem) || error.status === 0 || error.status === 503;
        return passing && count < RETRIES;
      },
    },
  },
});
