// The cache of API answers: fresh for a while, read again on focus, retried only where that can help.

import { QueryClient } from '@tanstack/react-query';
import { ApiProblem } from './client.ts';

const FRESH_MS = 15_000;
const RETRIES = 2;

export const queryClient = new QueryClient({
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
