// Known providers as tiles: one click instead of a URL.

import { useQuery } from '@tanstack/react-query';
import { type CatalogueEntry, catalogueQuery } from '../../api/queries.ts';
import { AUTH_LABEL } from '../../model/connector-state.ts';
import { Mark } from '../../ui/mark.tsx';
import { ErrorNote, Skeleton } from '../../ui/parts.tsx';

export function Catalogue({ words, choose }: { words: string; choose: (entry: CatalogueEntry) => void }) {
  const { data, error, isPending, refetch } = useQuery(catalogueQuery);
  if (error) return <ErrorNote error={error} retry={() => void refetch()} />;
  const wanted = words.trim().toLowerCase();
  const found =
    data?.filter(({ name, category, url }) => `${name} ${category} ${url}`.toLowerCase().includes(wanted)) ?? [];
  return (
    <section aria-labelledby="catalogue">
      <h2 id="catalogue" className="mb-3 text-sm font-medium text-ink-2">
        Or choose a known provider
      </h2>
      {!isPending && found.length === 0 ? (
        <p className="text-sm text-ink-3">
          No known provider is called “{words.trim()}”. Paste the URL of its MCP server instead.
        </p>
      ) : (
        <ul className="grid gap-2 sm:grid-cols-2 lg:grid-cols-3">
          {isPending
            ? Array.from({ length: 12 }, (_, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike
                <li key={index} className="card p-3">
                  <Skeleton className="h-8 w-full" />
                </li>
              ))
            : found.map((entry) => (
                <li key={entry.id}>
                  <button
                    type="button"
                    onClick={() => choose(entry)}
                    className="card flex h-full w-full items-center gap-3 p-3 text-left transition-colors hover:border-line-strong hover:bg-hover"
                  >
                    <Mark name={entry.name} />
                    <span className="min-w-0">
                      <span className="block truncate text-sm font-medium">{entry.name}</span>
                      <span className="block truncate text-xs text-ink-3 first-letter:uppercase">
                        {entry.category} · {AUTH_LABEL[entry.authType]}
                      </span>
                    </span>
                  </button>
                </li>
              ))}
        </ul>
      )}
    </section>
  );
}
