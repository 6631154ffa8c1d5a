// The tools of one connector as checkboxes, with search and the quick choices.

import { useQuery } from '@tanstack/react-query';
import { memo, useDeferredValue, useMemo, useState } from 'react';
import { type AgentConnector, type AgentTool, toolsQuery } from '../../api/queries.ts';
import { KIND_LABEL, type ToolKind, toolKind } from '../../model/tool-marks.ts';
import { SearchField } from '../../ui/filter.tsx';
import { Button, Tag } from '../../ui/parts.tsx';
import { MoreRows, useProgressive } from '../../ui/progressive.tsx';
import { toast } from '../../ui/toast.tsx';

type Grant = (connectorId: string, wanted: (toolName: string, granted: boolean) => boolean) => void;

export function ToolChecks({
  row,
  grant,
  grantAll,
  disabled,
}: {
  row: AgentConnector;
  grant: Grant;
  grantAll: (connectorId: string, allTools: boolean) => void;
  disabled: boolean;
}) {
  const { connectorId, tools, allTools } = row;
  const { data } = useQuery(toolsQuery(connectorId));
  const [text, setText] = useState('');
  const words = useDeferredValue(text.trim().toLowerCase());
  const kinds = useMemo(() => new Map(data?.items.map((tool) => [tool.name, toolKind(tool)])), [data]);
  const texts = useMemo(
    () => tools.map(({ name, title, description }) => `${name} ${title ?? ''} ${description ?? ''}`.toLowerCase()),
    [tools],
  );
  const found = useMemo(() => tools.filter((_tool, index) => texts[index]?.includes(words)), [tools, texts, words]);
  const { shown, end, rest } = useProgressive(found);

  /** Of what is shown, exactly the fitting ones; what the search hides stays as it is. */
  const choose = (label: string, fits: (name: string) => boolean) => {
    const before = new Set(tools.filter(({ granted }) => granted).map(({ name }) => name));
    const inView = new Set(found.map(({ name }) => name));
    grant(connectorId, (name, granted) => (inView.has(name) ? fits(name) : granted));
    toast(label, { undo: () => grant(connectorId, (name) => before.has(name)) });
  };
  const locked = disabled || allTools;
  return (
    <div className="border-t border-line">
      <div className="flex flex-wrap items-center gap-2 px-4 py-3">
        {tools.length > 8 && <SearchField label={`Search tools of ${row.name}`} value={text} onChange={setText} />}
        {!disabled && (
          <>
            <Button small disabled={locked} onClick={() => choose('All tools ticked', () => true)}>
              All
            </Button>
            <Button
              small
              disabled={locked || kinds.size === 0}
              onClick={() => choose('The read-only tools ticked', (name) => kinds.get(name) === 'read_only')}
            >
              Read-only ones
            </Button>
            <Button small disabled={locked} onClick={() => choose('No tool ticked', () => false)}>
              None
            </Button>
            <label className="ml-auto flex items-center gap-2 text-sm text-ink-2">
              <input
                type="checkbox"
                className="switch"
                checked={allTools}
                onChange={(event) => grantAll(connectorId, event.target.checked)}
              />
              All, new ones too
            </label>
          </>
        )}
      </div>
      {found.length === 0 ? (
        <p className="px-4 pb-4 text-sm text-ink-3">No tool fits.</p>
      ) : (
        <ul className="grid grid-cols-1 gap-x-4 px-2 pb-2 xl:grid-cols-2" aria-label={`Tools of ${row.name}`}>
          {shown.map((tool) => (
            <Check
              key={tool.name}
              tool={tool}
              kind={kinds.get(tool.name)}
              connectorId={connectorId}
              grant={grant}
              disabled={locked}
            />
          ))}
        </ul>
      )}
      <MoreRows end={end} rest={rest} />
    </div>
  );
}

const Check = memo(function Check({
  tool,
  kind,
  connectorId,
  grant,
  disabled,
}: {
  tool: AgentTool;
  kind: ToolKind | undefined;
  connectorId: string;
  grant: Grant;
  disabled: boolean;
}) {
  return (
    <li className="row-lazy">
      <label className="flex items-start gap-3 rounded-md px-2 py-1.5 hover:bg-hover">
        <input
          type="checkbox"
          className="check mt-0.5"
          checked={tool.granted}
          disabled={disabled}
          onChange={(event) => {
            const { checked } = event.target;
            grant(connectorId, (name, granted) => (name === tool.name ? checked : granted));
          }}
        />
        <span className="min-w-0">
          <span className="flex flex-wrap items-center gap-x-2">
            <span className="font-mono text-xs leading-5 [overflow-wrap:anywhere]">{tool.name}</span>
            {kind !== undefined && kind !== 'write' && (
              <Tag tone={kind === 'destructive' ? 'bad' : 'idle'}>{KIND_LABEL[kind]}</Tag>
            )}
            {tool.held && <Tag tone="warn">held for review</Tag>}
            {tool.state === 'gone' && <Tag>no longer offered</Tag>}
          </span>
          <span className="line-clamp-1 text-xs text-ink-3">{tool.description ?? tool.title}</span>
        </span>
      </label>
    </li>
  );
});
