// A card for each connector, with the tools that this agent may call.

import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Check, Plug, Plus, SearchX } from 'lucide-react';
import { useDeferredValue, useMemo, useState } from 'react';
import { type Agent, agentConnectorsQuery } from '../../api/queries.ts';
import { useMay } from '../../api/session.ts';
import { agentCardState } from '../../model/connector-state.ts';
import { plural } from '../../ui/actions.ts';
import { Awaited } from '../../ui/awaited.tsx';
import { Filter, SearchField } from '../../ui/filter.tsx';
import { Empty, Note, Spinner } from '../../ui/parts.tsx';
import { MoreRows, useProgressive } from '../../ui/progressive.tsx';
import { ConnectorCard } from './connector-card.tsx';
import { type SaveState, useGrants } from './use-grants.ts';

/** With more connectors than this there is a search. */
const SEARCH_FROM = 6;
/** With more tools than this, cards begin closed. */
const OPEN_UP_TO_TOOLS = 60;

type Show = 'all' | 'granted' | 'needing';

export function ConnectorsTab({ agent }: { agent: Agent }) {
  const query = useQuery(agentConnectorsQuery(agent.id));
  const { data } = query;
  const mayChange = useMay('operator');
  const { grant, grantAll, state } = useGrants(agent.id);
  const grants = useMemo(() => ({ grant, grantAll }), [grant, grantAll]);
  const [text, setText] = useState('');
  const [show, setShow] = useState<Show>('all');
  const words = useDeferredValue(text.trim().toLowerCase());
  const rows = data ?? [];
  const fits: Record<Show, (row: (typeof rows)[number]) => boolean> = {
    all: () => true,
    granted: (row) => row.allTools || row.tools.some((tool) => tool.granted),
    needing: (row) => agentCardState(row) !== 'usable',
  };
  const found = rows.filter((row) => fits[show](row) && row.name.toLowerCase().includes(words));
  const { shown, end, rest } = useProgressive(found);

  if (data === undefined) return <Awaited query={query} rows={4} />;
  if (rows.length === 0)
    return (
      <div className="card">
        <Empty
          icon={<Plug />}
          title="No connectors yet"
          action={
            mayChange && (
              <Link to="/connectors/new" className="btn btn-primary">
                <Plus aria-hidden="true" />
                Add connector
              </Link>
            )
          }
        >
          Add a connector first; then tick here which of its tools {agent.name} may call.
        </Empty>
      </div>
    );
  const openAtFirst = rows.reduce((sum, row) => sum + row.tools.length, 0) <= OPEN_UP_TO_TOOLS;
  const total = rows.reduce((sum, row) => sum + row.tools.filter((tool) => tool.granted).length, 0);
  return (
    <>
      {!mayChange && (
        <div className="mb-4">
          <Note>Viewers see what an agent may call but change nothing. An owner can make you an operator.</Note>
        </div>
      )}
      <div className="mb-3 flex flex-wrap items-center gap-x-3 gap-y-2">
        {rows.length > SEARCH_FROM && <SearchField label="Search connectors" value={text} onChange={setText} />}
        <Filter
          label="Show"
          value={show}
          onChange={setShow}
          options={[
            { value: 'all', label: 'All', count: rows.length },
            { value: 'granted', label: 'In use', count: rows.filter(fits.granted).length },
            { value: 'needing', label: 'To connect', count: rows.filter(fits.needing).length },
          ]}
        />
        <p className="ml-auto flex items-center gap-2 text-sm text-ink-3">
          <Saving state={state} />
          <span className="tabular-nums">{plural(total, 'tool')} granted</span>
        </p>
      </div>
      {found.length === 0 ? (
        <div className="card">
          <Empty icon={<SearchX />} title="No connector fits">
            Show all of them, or try fewer letters.
          </Empty>
        </div>
      ) : (
        <ul className="space-y-3" aria-label="Connectors">
          {shown.map((row) => (
            <ConnectorCard
              key={row.connectorId}
              agentId={agent.id}
              agentName={agent.name}
              row={row}
              grants={grants}
              open={openAtFirst}
            />
          ))}
        </ul>
      )}
      <MoreRows end={end} rest={rest} />
    </>
  );
}

function Saving({ state }: { state: SaveState }) {
  return (
    <span role="status" className="flex items-center gap-1.5">
      {state === 'saving' && (
        <>
          <Spinner />
          Saving
        </>
      )}
      {state === 'saved' && (
        <>
          <Check aria-hidden="true" className="size-3.5 text-ok" />
          Saved
        </>
      )}
    </span>
  );
}
