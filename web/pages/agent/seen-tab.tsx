// Exactly what this agent is offered: final names, their length, and what they cost in a context.

import { useQuery } from '@tanstack/react-query';
import { EyeOff, SearchX } from 'lucide-react';
import { useDeferredValue, useState } from 'react';
import { type Agent, offeredQuery } from '../../api/queries.ts';
import { KIND_LABEL, toolKind } from '../../model/tool-marks.ts';
import { Awaited } from '../../ui/awaited.tsx';
import { SearchField } from '../../ui/filter.tsx';
import { Empty, Tag } from '../../ui/parts.tsx';
import { MoreRows, useProgressive } from '../../ui/progressive.tsx';

/** Several clients refuse longer tool names. */
const NAME_LIMIT = 64;

export function SeenTab({ agent }: { agent: Agent }) {
  const query = useQuery(offeredQuery(agent.id));
  const { data } = query;
  const [text, setText] = useState('');
  const words = useDeferredValue(text.trim().toLowerCase());
  const found = (data?.items ?? []).filter(({ name, description }) =>
    `${name} ${description ?? ''}`.toLowerCase().includes(words),
  );
  const { shown, end, rest } = useProgressive(found);
  if (data === undefined) return <Awaited query={query} rows={6} height="h-12" />;
  if (data.count === 0)
    return (
      <div className="card">
        <Empty icon={<EyeOff />} title={`${agent.name} is offered nothing yet`}>
          Tick tools of connectors that it can use; they appear here as the agent sees them.
        </Empty>
      </div>
    );
  const most = Math.max(...data.items.map(({ tokens }) => tokens), 1);
  return (
    <>
      <dl className="mb-4 grid grid-cols-3 gap-3">
        <Figure term="Tools" value={data.count.toLocaleString('en')} />
        <Figure term="Tokens" value={`≈ ${data.tokens.toLocaleString('en')}`} />
        <Figure term="Characters" value={data.characters.toLocaleString('en')} />
      </dl>
      <div className="mb-3">
        <SearchField label="Search tools" value={text} onChange={setText} />
      </div>
      <div className="card overflow-hidden">
        {found.length === 0 ? (
          <Empty icon={<SearchX />} title="No tool fits">
            Try fewer letters.
          </Empty>
        ) : (
          <ul className="divide-y divide-line" aria-label="Offered tools">
            {shown.map((tool) => {
              const kind = toolKind(tool);
              return (
                <li
                  key={tool.name}
                  className="row-lazy grid gap-x-4 gap-y-1 px-4 py-2.5 md:grid-cols-[minmax(0,1fr)_9rem]"
                >
                  <div className="min-w-0">
                    <p className="flex flex-wrap items-center gap-x-2">
                      <span className="font-mono text-sm [overflow-wrap:anywhere]">{tool.name}</span>
                      {kind !== 'write' && <Tag tone={kind === 'destructive' ? 'bad' : 'idle'}>{KIND_LABEL[kind]}</Tag>}
                      {tool.nameLength > NAME_LIMIT && (
                        <Tag tone="warn" title={`Some clients refuse names longer than ${NAME_LIMIT} characters`}>
                          {tool.nameLength} characters
                        </Tag>
                      )}
                    </p>
                    <p className="line-clamp-2 text-xs text-ink-3">{tool.description ?? tool.title}</p>
                  </div>
                  <div className="flex items-center gap-2 text-xs text-ink-3 tabular-nums md:flex-row-reverse">
                    <span className="md:w-12 md:text-right">
                      {tool.tokens.toLocaleString('en')}
                      <span className="md:sr-only"> tokens</span>
                    </span>
                    <svg
                      role="img"
                      aria-label={`About ${tool.tokens} tokens; the name has ${tool.nameLength} characters`}
                      viewBox="0 0 100 4"
                      preserveAspectRatio="none"
                      className="h-1.5 w-20 rounded-full bg-selected"
                    >
                      <rect width={(tool.tokens / most) * 100} height="4" className="fill-accent/90" />
                    </svg>
                  </div>
                </li>
              );
            })}
          </ul>
        )}
        <MoreRows end={end} rest={rest} />
      </div>
      <p className="mt-3 text-xs text-ink-3">
        Tokens are estimated: {data.estimate}. The names are those at /mcp, where all connectors come together.
      </p>
    </>
  );
}

function Figure({ term, value }: { term: string; value: string }) {
  return (
    <div className="card px-4 py-3">
      <dt className="text-xs text-ink-3">{term}</dt>
      <dd className="text-xl font-semibold tracking-tight tabular-nums">{value}</dd>
    </div>
  );
}
