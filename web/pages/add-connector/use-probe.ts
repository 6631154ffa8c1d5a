// Looks at a server while its URL is typed: after a pause, one look at a time, an older one cancelled.

import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api, unwrap } from '../../api/client.ts';

const PAUSE_MS = 450;

/** The URL when `text` is one that can be looked at. A name without a scheme is taken for https. */
function urlIn(text: string): string | null {
  const trimmed = text.trim();
  const candidate = /^https?:\/\//i.test(trimmed) ? trimmed : `https://${trimmed}`;
  if (!URL.canParse(candidate)) return null;
  const { hostname, href } = new URL(candidate);
  return hostname.includes('.') || hostname === 'localhost' || hostname.startsWith('[') ? href : null;
}

export function useProbe(text: string) {
  const url = urlIn(text);
  const [settled, setSettled] = useState<string | null>(null);
  useEffect(() => {
    if (url === null) {
      setSettled(null);
      return;
    }
    const timer = setTimeout(() => setSettled(url), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [url]);
  const query = useQuery({
    queryKey: ['probe', settled],
    queryFn: ({ signal }) => unwrap(api.POST('/api/connectors/probe', { body: { url: settled ?? '' }, signal })),
    enabled: settled !== null,
    staleTime: 60_000,
    retry: false,
    refetchOnWindowFocus: false,
    placeholderData: keepPreviousData,
  });
  const current = url !== null && url === settled && !query.isPlaceholderData;
  return {
    url,
    probe: current ? query.data : undefined,
    error: current ? query.error : null,
    looking: url !== null && (!current || query.isFetching),
  };
}
