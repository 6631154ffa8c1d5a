// Calling one tool as this agent, with a form made from the tool's own input schema.

import { useQuery } from '@tanstack/react-query';
import { FlaskConical, Play } from 'lucide-react';
import { type FormEvent, useMemo, useState } from 'react';
import { api, unwrap } from '../../api/client.ts';
import { type Agent, connectorsQuery, offeredQuery, toolsQuery } from '../../api/queries.ts';
import { useMay } from '../../api/session.ts';
import type { QuestionAnswer } from '../../model/input-request.ts';
import { argumentsOf, fieldsOf } from '../../model/schema-form.ts';
import { KIND_LABEL, toolKind } from '../../model/tool-marks.ts';
import { useChange } from '../../ui/actions.ts';
import { Awaited } from '../../ui/awaited.tsx';
import { SelectField } from '../../ui/form.tsx';
import { Button, Empty, ErrorNote, Note, Skeleton, Tag } from '../../ui/parts.tsx';
import { AskBack } from './ask-back.tsx';
import { SchemaControl } from './schema-control.tsx';
import { ToolResult } from './tool-result.tsx';

type Call = {
  arguments: Record<string, unknown>;
  inputResponses?: Record<string, QuestionAnswer>;
  requestState?: string;
};

export function TryTab({ agent }: { agent: Agent }) {
  const query = useQuery(offeredQuery(agent.id));
  const { data } = query;
  const mayChange = useMay('operator');
  const [chosen, setChosen] = useState<string | null>(null);
  if (data === undefined) return <Awaited query={query} rows={3} />;
  if (!mayChange) return <Note>Viewers cannot call tools. An owner can make you an operator.</Note>;
  if (data.count === 0)
    return (
      <div className="card">
        <Empty icon={<FlaskConical />} title="Nothing to try yet">
          Tick a tool for {agent.name} first.
        </Empty>
      </div>
    );
  const tool = data.items.find(({ name }) => name === chosen) ?? data.items[0];
  return (
    <div className="max-w-3xl space-y-5">
      <SelectField
        label="Tool"
        value={tool?.name}
        options={data.items.map(({ name }) => [name, name] as const)}
        onChange={(event) => setChosen(event.target.value)}
        className="field font-mono"
      />
      {tool && <TryForm key={tool.name} agent={agent} connectorId={tool.connectorId} toolName={tool.tool} />}
    </div>
  );
}

function TryForm({ agent, connectorId, toolName }: { agent: Agent; connectorId: string; toolName: string }) {
  const tool = useQuery(toolsQuery(connectorId)).data?.items.find(({ name }) => name === toolName);
  const fields = useMemo(() => fieldsOf(tool?.inputSchema ?? null), [tool]);
  const [entered, setEntered] = useState<Record<string, string>>({});
  const [mistake, setMistake] = useState<string | null>(null);
  /** What the server wants to know before it goes on; each time anew. */
  const [asked, setAsked] = useState<{ round: number; result: Record<string, unknown> } | null>(null);
  const server = useQuery(connectorsQuery).data?.items.find(({ id }) => id === connectorId)?.name ?? 'The server';
  const run = useChange(
    (call: Call) =>
      unwrap(
        api.POST('/api/agents/{id}/try', {
          params: { path: { id: agent.id } },
          body: { ...call, connectorId, tool: toolName, elicitation: 'ask' },
        }),
      ),
    {
      touches: ['calls'],
      done: ({ resultType, result }) => {
        setAsked((old) => (resultType === 'input_required' ? { round: (old?.round ?? 0) + 1, result } : null));
        return null;
      },
    },
  );
  if (tool === undefined) return <Skeleton className="h-40 w-full rounded-lg" />;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setMistake(null);
    setAsked(null);
    try {
      run.mutate({ arguments: argumentsOf(fields, entered) });
    } catch (error) {
      setMistake(error instanceof Error ? error.message : String(error));
    }
  };
  const kind = toolKind(tool);
  return (
    <>
      <form onSubmit={submit} className="card">
        <header className="flex flex-wrap items-center gap-2 border-b border-line px-5 py-3.5">
          <p className="min-w-0 flex-1 text-sm text-ink-2">{tool.description ?? tool.title ?? toolName}</p>
          <Tag tone={kind === 'destructive' ? 'bad' : 'idle'}>{KIND_LABEL[kind]}</Tag>
        </header>
        <div className="grid gap-5 p-5 sm:grid-cols-2">
          {fields.length === 0 && <p className="text-sm text-ink-3 sm:col-span-2">This tool takes no arguments.</p>}
          {fields.map((field) => (
            <SchemaControl
              key={field.name}
              field={field}
              value={entered[field.name] ?? field.initial}
              onChange={(value) => setEntered((old) => ({ ...old, [field.name]: value }))}
            />
          ))}
          {mistake !== null && (
            <div className="sm:col-span-2">
              <Note kind="bad" live title={mistake} />
            </div>
          )}
          {kind === 'destructive' && (
            <div className="sm:col-span-2">
              <Note kind="warn">This really runs at the provider, and its server says that it can destroy data.</Note>
            </div>
          )}
        </div>
        <footer className="flex items-center justify-between gap-3 border-t border-line px-5 py-3.5">
          <p className="text-xs text-ink-3">Runs as {agent.name}, with its credential.</p>
          <Button type="submit" kind={kind === 'destructive' ? 'danger' : 'primary'} busy={run.isPending}>
            {!run.isPending && <Play />}
            Run
          </Button>
        </footer>
      </form>
      {run.error !== null && <ErrorNote error={run.error} />}
      {asked !== null ? (
        <AskBack
          key={asked.round}
          server={server}
          result={asked.result}
          busy={run.isPending}
          answer={(inputResponses) => {
            const { requestState } = asked.result;
            run.mutate({
              arguments: run.variables?.arguments ?? {},
              inputResponses,
              ...(typeof requestState === 'string' ? { requestState } : {}),
            });
          }}
        />
      ) : (
        run.data !== undefined && !run.isPending && <ToolResult answer={run.data} />
      )}
    </>
  );
}
