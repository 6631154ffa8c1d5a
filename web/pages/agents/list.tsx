// All agents: what they can use, whether something of theirs needs a person, when they last came.

import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Bot, Plus, SearchX } from 'lucide-react';
import { memo, useDeferredValue, useState } from 'react';
import { api, LIST_MOST, problemOf, unwrap } from '../../api/client.ts';
import { type AgentSummary, agentsQuery, foundAgentsQuery } from '../../api/queries.ts';
import { useMay } from '../../api/session.ts';
import { PageBody, PageHead } from '../../shell/page.tsx';
import { plural, useChange } from '../../ui/actions.ts';
import { SearchField } from '../../ui/filter.tsx';
import { TextField } from '../../ui/form.tsx';
import { FormDialog } from '../../ui/form-dialog.tsx';
import { Mark } from '../../ui/mark.tsx';
import { Button, Empty, ErrorNote, RowSkeletons, StateBadge } from '../../ui/parts.tsx';
import { MoreRows, useProgressive } from '../../ui/progressive.tsx';
import { Ago } from '../../ui/time.tsx';

const route = getRouteApi('/frame/agents');

export function AgentsPage() {
  const { data, error, isPending, refetch } = useQuery(agentsQuery);
  const { create = false } = route.useSearch();
  const navigate = route.useNavigate();
  const mayChange = useMay('operator');
  const setCreate = (open: boolean) => void navigate({ search: { create: open || undefined }, replace: true });
  const button = mayChange && (
    <Button kind="primary" onClick={() => setCreate(true)}>
      <Plus />
      New agent
    </Button>
  );
  return (
    <PageBody>
      <PageHead title="Agents" actions={button}>
        {data === undefined ? 'The programs that call tools' : describe(data)}
      </PageHead>
      {isPending ? (
        <div className="card mt-11 overflow-hidden">
          <RowSkeletons />
        </div>
      ) : error !== null && data === undefined ? (
        <ErrorNote error={error} retry={() => void refetch()} />
      ) : data?.length === 0 ? (
        <div className="card">
          <Empty icon={<Bot />} title="Make your first agent" action={button}>
            {mayChange
              ? 'An agent is a program that calls tools. It gets a key of its own and exactly the tools that you tick.'
              : 'No agent was made yet. An operator or an owner can make one.'}
          </Empty>
        </div>
      ) : (
        data !== undefined && <List all={data} />
      )}
      {mayChange && <CreateAgent open={create} close={() => setCreate(false)} />}
    </PageBody>
  );
}

function List({ all }: { all: readonly AgentSummary[] }) {
  const [text, setText] = useState('');
  const words = useDeferredValue(text.trim().toLowerCase());
  const isCut = all.length >= LIST_MOST;
  const elsewhere = useQuery({ ...foundAgentsQuery(words), enabled: isCut && words !== '' }).data;
  const found = elsewhere ?? all.filter(({ name }) => name.toLowerCase().includes(words));
  const { shown, end, rest } = useProgressive(found);
  return (
    <>
      <div className="mb-3">
        <SearchField label="Search agents" value={text} onChange={setText} />
      </div>
      <div className="card overflow-hidden">
        {found.length === 0 ? (
          <Empty icon={<SearchX />} title="No agent fits">
            Try fewer letters.
          </Empty>
        ) : (
          <ul aria-label="Agents" className="divide-y divide-line">
            {shown.map((agent) => (
              <AgentRow key={agent.id} agent={agent} />
            ))}
          </ul>
        )}
        <MoreRows end={end} rest={rest} />
      </div>
    </>
  );
}

function describe({ length }: readonly AgentSummary[]): string {
  return length < LIST_MOST ? plural(length, 'agent') : `The first ${length} agents; search finds the others`;
}

function stateOf({ enabled, connectors, tools, keys }: AgentSummary) {
  if (!enabled) return { tone: 'idle', label: 'Disabled' } as const;
  if (connectors.needing > 0)
    return { tone: 'warn', label: `${plural(connectors.needing, 'connector')} to connect` } as const;
  if (tools === 0) return { tone: 'idle', label: 'No tools yet' } as const;
  if (keys === 0) return { tone: 'idle', label: 'No key yet' } as const;
  return { tone: 'ok', label: 'Ready' } as const;
}

const AgentRow = memo(function AgentRow({ agent }: { agent: AgentSummary }) {
  const { tone, label } = stateOf(agent);
  const { calls } = agent;
  return (
    <li className="row-lazy relative grid grid-cols-[auto_minmax(0,1fr)] items-center gap-x-3.5 gap-y-1 px-4 py-3 hover:bg-hover md:grid-cols-[auto_minmax(0,1.2fr)_minmax(0,1fr)_9rem]">
      <Mark name={agent.name} />
      <div className="min-w-0">
        <Link
          to="/agents/$id"
          params={{ id: agent.id }}
          className="font-medium after:absolute after:inset-0 focus-visible:outline-none focus-visible:after:outline-2 focus-visible:after:-outline-offset-2 focus-visible:after:outline-accent"
        >
          <span className="block truncate">{agent.name}</span>
        </Link>
        <p className="truncate text-xs text-ink-3">
          {plural(agent.tools, 'tool')} of {plural(agent.connectors.granted, 'connector')} · {plural(agent.keys, 'key')}
        </p>
      </div>
      <div className="col-start-2 md:col-start-auto">
        <StateBadge tone={tone}>{label}</StateBadge>
      </div>
      <p className="col-start-2 text-xs text-ink-3 md:col-start-auto md:text-right">
        {calls.total === 0 ? 'no calls today' : `${plural(calls.total, 'call')} today`}
        {calls.errors > 0 && `, ${calls.errors} failed`}
        <span className="relative z-10 block">
          {agent.lastUsedAt === null ? (
            'no key used yet'
          ) : (
            <>
              last seen <Ago at={agent.lastUsedAt} />
            </>
          )}
        </span>
      </p>
    </li>
  );
});

function CreateAgent({ open, close }: { open: boolean; close: () => void }) {
  const navigate = route.useNavigate();
  const [name, setName] = useState('');
  const create = useChange((wanted: string) => unwrap(api.POST('/api/agents', { body: { name: wanted } })), {
    touches: ['agents'],
  });
  const submit = async () => {
    const made = await create.mutateAsync(name.trim()).catch(() => null);
    if (made !== null) await navigate({ to: '/agents/$id', params: { id: made.id } });
  };
  return (
    <FormDialog
      open={open}
      close={close}
      title="New agent"
      description="A program that calls tools, such as a coding assistant or a nightly job."
      label="Make agent"
      busy={create.isPending}
      disabled={name.trim() === ''}
      submit={() => void submit()}
    >
      <TextField
        label="Name"
        required
        maxLength={100}
        placeholder="Release notes writer"
        value={name}
        error={create.error === null ? null : problemOf(create.error).message}
        onChange={(event) => setName(event.target.value)}
      />
    </FormDialog>
  );
}
