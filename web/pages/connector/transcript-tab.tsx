// What was asked, answered and decided, operation by operation, newest first; exported without a secret in it.

import { useQuery } from '@tanstack/react-query';
import { ChevronRight, Download, ScrollText } from 'lucide-react';
import { useMemo } from 'react';
import { type Connector, type TranscriptEntry, transcriptQuery } from '../../api/queries.ts';
import { plural } from '../../ui/actions.ts';
import { Awaited } from '../../ui/awaited.tsx';
import { Button, Empty } from '../../ui/parts.tsx';
import { Steps, stepName } from '../../ui/steps.tsx';
import { Ago } from '../../ui/time.tsx';

type Operation = { id: string; name: string; at: string; agentId: string | null; steps: TranscriptEntry[] };

function operationsOf(entries: readonly TranscriptEntry[]): Operation[] {
  const operations = new Map<string, Operation>();
  for (const entry of entries) {
    const known = operations.get(entry.operationId);
    if (known) known.steps.unshift(entry);
    else
      operations.set(entry.operationId, {
        id: entry.operationId,
        name: entry.operation,
        at: entry.at,
        agentId: entry.agentId,
        steps: [entry],
      });
  }
  return [...operations.values()];
}

const failed = ({ steps }: Operation) =>
  steps.some(({ status }) => status !== null && status >= 400 && status !== 401 && status !== 404);

export function TranscriptTab({ connector }: { connector: Connector }) {
  const query = useQuery(transcriptQuery(connector.id));
  const { data } = query;
  const operations = useMemo(() => operationsOf(data?.items ?? []), [data]);
  if (data === undefined) return <Awaited query={query} rows={4} height="h-12" />;
  if (operations.length === 0)
    return (
      <div className="card">
        <Empty icon={<ScrollText />} title="Nothing was asked yet">
          Every step with the provider is written down here: discovery, registration, sign-in, refresh, sync.
        </Empty>
      </div>
    );
  return (
    <>
      <div className="mb-3 flex items-center justify-between gap-3">
        <p className="text-sm text-ink-3">Newest first. Secrets are never written down.</p>
        <Button small onClick={() => save(`${connector.key}-transcript.json`, JSON.stringify(data.items, null, 2))}>
          <Download />
          Export
        </Button>
      </div>
      <div className="card divide-y divide-line overflow-hidden">
        {operations.map((operation, index) => (
          <details key={operation.id} className="group" open={index === 0}>
            <summary className="flex flex-wrap items-center gap-x-2.5 gap-y-1 px-4 py-2.5 text-sm hover:bg-hover focus-visible:-outline-offset-2">
              <ChevronRight
                aria-hidden="true"
                className="size-4 text-ink-3 transition-transform group-open:rotate-90"
              />
              <span className="font-medium">{stepName(operation.name)}</span>
              {operation.agentId !== null && <span className="text-xs text-ink-3">for an agent</span>}
              <span className="text-xs text-ink-3">{plural(operation.steps.length, 'step')}</span>
              {failed(operation) && <span className="text-xs text-warn">with a refusal</span>}
              <span className="ml-auto text-xs text-ink-3">
                <Ago at={operation.at} />
              </span>
            </summary>
            <div className="border-t border-line bg-sunken pl-6">
              <Steps steps={operation.steps} />
            </div>
          </details>
        ))}
      </div>
    </>
  );
}

function save(name: string, text: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
