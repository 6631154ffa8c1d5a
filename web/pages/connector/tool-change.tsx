// A tool whose definition changed since it was granted: what changed, whom it touches, and the approval.

import { useQueries, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api, unwrap } from '../../api/client.ts';
import { agentConnectorsQuery, type Connector, connectorAgentsQuery, type Tool } from '../../api/queries.ts';
import { useMay } from '../../api/session.ts';
import { type DiffLine, diffLines, diffParts } from '../../model/diff.ts';
import { plural, useChange } from '../../ui/actions.ts';
import { Button, Tag } from '../../ui/parts.tsx';
import { Ago } from '../../ui/time.tsx';

const LINE: Record<DiffLine['kind'], { className: string; sign: string; word: string }> = {
  same: { className: 'text-ink-3', sign: ' ', word: '' },
  gone: { className: 'bg-bad-soft text-bad', sign: '−', word: 'removed: ' },
  new: { className: 'bg-ok-soft text-ok', sign: '+', word: 'added: ' },
};

const pretty = (value: unknown) => JSON.stringify(value, null, 2);

export function ToolChange({ connector, tool }: { connector: Connector; tool: Tool }) {
  const mayChange = useMay('operator');
  const approve = useChange(
    () =>
      unwrap(
        api.POST('/api/connectors/{id}/tools/{name}/approve', {
          params: { path: { id: connector.id, name: tool.name } },
          body: { digest: tool.digest },
        }),
      ),
    { touches: ['connectors', 'agents', 'health'], done: () => `${tool.name} is approved as it stands` },
  );
  if (tool.change === null) return null;
  return (
    <article className="card overflow-hidden" aria-label={`Change of ${tool.name}`}>
      <header className="flex flex-wrap items-center gap-x-3 gap-y-2 px-4 py-3">
        <div className="min-w-0 flex-[1_1_16rem]">
          <h3 className="font-mono text-sm font-medium [overflow-wrap:anywhere]">{tool.name}</h3>
          <p className="text-xs text-ink-3">
            Changed <Ago at={tool.changedAt} />: {tool.change.fields.join(', ')}
          </p>
        </div>
        {tool.held ? <Tag tone="warn">Held: nobody may call it</Tag> : <Tag>Callable meanwhile</Tag>}
        {mayChange && (
          <Button small kind="primary" busy={approve.isPending} onClick={() => approve.mutate(undefined)}>
            Approve
          </Button>
        )}
      </header>
      <Touched connectorId={connector.id} toolName={tool.name} />
      <section
        className="max-h-96 overflow-auto border-t border-line bg-sunken py-2 font-mono text-xs leading-5"
        tabIndex={0}
        aria-label={`Difference of ${tool.name}`}
      >
        {diffParts(diffLines(pretty(tool.change.before), pretty(tool.change.after))).map((part, index) =>
          part.folded ? (
            // biome-ignore lint/suspicious/noArrayIndexKey: parts have an order and nothing else
            <details key={index}>
              <summary className="px-4 text-ink-3 hover:text-ink focus-visible:-outline-offset-2">
                <span aria-hidden="true" className="inline-block w-5">
                  ⋯
                </span>
                {plural(part.lines.length, 'unchanged line')}
              </summary>
              <Lines lines={part.lines} />
            </details>
          ) : (
            // biome-ignore lint/suspicious/noArrayIndexKey: parts have an order and nothing else
            <Lines key={index} lines={part.lines} />
          ),
        )}
      </section>
    </article>
  );
}

function Lines({ lines }: { lines: readonly DiffLine[] }) {
  return lines.map((line, index) => {
    const { className, sign, word } = LINE[line.kind];
    return (
      // biome-ignore lint/suspicious/noArrayIndexKey: lines have an order and nothing else
      <div key={index} className={`flex px-4 ${className}`}>
        <span aria-hidden="true" className="w-5 shrink-0 select-none">
          {sign}
        </span>
        <span className="sr-only">{word}</span>
        <span className="whitespace-pre-wrap [overflow-wrap:anywhere]">{line.text}</span>
      </div>
    );
  });
}

const AGENTS_LOOKED_AT = 25;

function Touched({ connectorId, toolName }: { connectorId: string; toolName: string }) {
  const agents =
    useQuery(connectorAgentsQuery(connectorId)).data?.filter((agent) => agent.granted > 0 || agent.allTools) ?? [];
  const rows = useQueries({
    queries: agents.slice(0, AGENTS_LOOKED_AT).map(({ agentId }) => agentConnectorsQuery(agentId)),
  });
  const touched = agents.filter((_agent, index) =>
    rows[index]?.data?.some(
      (row) => row.connectorId === connectorId && row.tools.some((tool) => tool.name === toolName && tool.granted),
    ),
  );
  if (touched.length === 0) return null;
  return (
    <p className="px-4 pb-3 text-sm text-ink-2">
      Granted to{' '}
      {touched.map(({ agentId, name }, index) => (
        <span key={agentId}>
          {index > 0 && ', '}
          <Link to="/agents/$id" params={{ id: agentId }} className="link">
            {name}
          </Link>
        </span>
      ))}
    </p>
  );
}
