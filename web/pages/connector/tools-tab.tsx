// The tools as they were last listed: whole definitions, and first of all the changes that wait for a person.

import { useQuery } from '@tanstack/react-query';
import { ChevronRight, SearchX, Wrench } from 'lucide-react';
import { memo, useDeferredValue, useMemo, useState } from 'react';
import { type Connector, type Tool, toolsQuery } from '../../api/queries.ts';
import { KIND_LABEL, toolKind } from '../../model/tool-marks.ts';
import { plural } from '../../ui/actions.ts';
import { Awaited } from '../../ui/awaited.tsx';
import { CodeBlock } from '../../ui/copy.tsx';
import { SearchField } from '../../ui/filter.tsx';
import { Empty, Note, Tag } from '../../ui/parts.tsx';
import { MoreRows, useProgressive } from '../../ui/progressive.tsx';
import { Ago } from '../../ui/time.tsx';
import { ToolChange } from './tool-change.tsx';

export function ToolsTab({ connector }: { connector: Connector }) {
  const query = useQuery(toolsQuery(connector.id));
  const { data } = query;
  if (data === undefined) return <Awaited query={query} rows={8} height="h-14" />;
  const tools = data.items;
  if (tools.length === 0)
    return (
      <div className="card">
        <Empty icon={<Wrench />} title="No tools yet">
          {connector.tools.lastError !== null
            ? `The last listing failed: ${connector.tools.lastError.message}`
            : 'The tools are listed with the first credential of this connector.'}
        </Empty>
      </div>
    );
  return <ToolList connector={connector} tools={tools} />;
}

function ToolList({ connector, tools }: { connector: Connector; tools: readonly Tool[] }) {
  const [text, setText] = useState('');
  const words = useDeferredValue(text.trim().toLowerCase());
  const texts = useMemo(
    () => tools.map(({ name, title, description }) => `${name} ${title ?? ''} ${description ?? ''}`.toLowerCase()),
    [tools],
  );
  const found = useMemo(() => tools.filter((_tool, index) => texts[index]?.includes(words)), [tools, texts, words]);
  const changed = tools.filter(({ change }) => change !== null);
  const { shown, end, rest } = useProgressive(found);
  return (
    <div className="space-y-6">
      {changed.length > 0 && (
        <section aria-labelledby="changes" className="space-y-3">
          <h2 id="changes" className="text-base">
            {plural(changed.length, 'change')} to review
          </h2>
          <Note kind="warn">
            The server rewrote {changed.length === 1 ? 'a tool' : 'tools'} after{' '}
            {changed.length === 1 ? 'it was' : 'they were'} granted. Read what an agent would be told now before
            approving it.
          </Note>
          {changed.map((tool) => (
            <ToolChange key={tool.name} connector={connector} tool={tool} />
          ))}
        </section>
      )}
      <section aria-label="Tools">
        <div className="mb-3 flex flex-wrap items-center gap-x-4 gap-y-2">
          <SearchField label="Search tools" value={text} onChange={setText} />
          <p className="text-sm text-ink-3" role="status">
            {words === '' ? plural(tools.length, 'tool') : `${found.length} of ${plural(tools.length, 'tool')}`}
            {connector.tools.syncedAt !== null && (
              <>
                , synced <Ago at={connector.tools.syncedAt} />
              </>
            )}
          </p>
        </div>
        <div className="card overflow-hidden">
          {found.length === 0 ? (
            <Empty icon={<SearchX />} title="No tool fits">
              Try fewer letters.
            </Empty>
          ) : (
            <ul className="divide-y divide-line">
              {shown.map((tool) => (
                <ToolRow key={tool.name} tool={tool} />
              ))}
            </ul>
          )}
          <MoreRows end={end} rest={rest} />
        </div>
      </section>
    </div>
  );
}

const ToolRow = memo(function ToolRow({ tool }: { tool: Tool }) {
  const [open, setOpen] = useState(false);
  const kind = toolKind(tool);
  return (
    <li className="row-lazy">
      <details onToggle={(event) => setOpen(event.currentTarget.open)} className="group">
        <summary className="flex items-start gap-3 px-4 py-3 hover:bg-hover focus-visible:-outline-offset-2">
          <ChevronRight
            aria-hidden="true"
            className="mt-0.5 size-4 shrink-0 text-ink-3 transition-transform group-open:rotate-90"
          />
          <span className="min-w-0 flex-1">
            <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
              <span className="font-mono text-sm font-medium [overflow-wrap:anywhere]">{tool.name}</span>
              {kind !== 'write' && <Tag tone={kind === 'destructive' ? 'bad' : 'idle'}>{KIND_LABEL[kind]}</Tag>}
              {tool.held && <Tag tone="warn">held</Tag>}
              {tool.state === 'gone' && <Tag>gone</Tag>}
            </span>
            <span className="line-clamp-1 text-sm text-ink-3 group-open:line-clamp-none">
              {tool.description ?? tool.title ?? 'No description'}
            </span>
          </span>
        </summary>
        {open && (
          <div className="px-4 pb-4 pl-11">
            <CodeBlock
              text={JSON.stringify(tool.definition, null, 2)}
              what={`definition of ${tool.name}`}
              title="Definition as the server sent it"
            />
            <p className="mt-2 text-xs text-ink-3">
              First seen <Ago at={tool.firstSeenAt} />, changed <Ago at={tool.changedAt} />
              {tool.goneAt !== null && (
                <>
                  , gone <Ago at={tool.goneAt} />
                </>
              )}
            </p>
          </div>
        )}
      </details>
    </li>
  );
});
