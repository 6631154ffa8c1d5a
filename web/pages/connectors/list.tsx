// All connectors: state, reason and mend; tools, agents and the calls of a day.

import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Plug, Plus, SearchX } from 'lucide-react';
import { useDeferredValue, useMemo } from 'react';
import { LIST_MOST } from '../../api/client.ts';
import { type ConnectorSummary, connectorsQuery, foundConnectorsQuery } from '../../api/queries.ts';
import { useMay } from '../../api/session.ts';
import { isBroken } from '../../model/connector-state.ts';
import { PageBody, PageHead } from '../../shell/page.tsx';
import { plural } from '../../ui/actions.ts';
import { Filter, SearchField } from '../../ui/filter.tsx';
import { Empty, ErrorNote, RowSkeletons } from '../../ui/parts.tsx';
import { MoreRows, useProgressive } from '../../ui/progressive.tsx';
import { ConnectorRow } from './row.tsx';
import { SyncAll } from './sync-all.tsx';

const route = getRouteApi('/frame/connectors');

type Show = 'all' | 'attention' | 'connected' | 'unconnected' | 'per_agent';

const SHOWS: Record<Show, { label: string; fits: (connector: ConnectorSummary) => boolean }> = {
  all: { label: 'All', fits: () => true },
  attention: { label: 'Needs attention', fits: isBroken },
  connected: { label: 'Working', fits: (one) => one.state === 'usable' && !isBroken(one) },
  unconnected: {
    label: 'Not connected',
    fits: (one) => one.state === 'connect_required' || one.state === 'secret_required',
  },
  per_agent: { label: 'Per agent', fits: (one) => one.credentialMode === 'per_agent' },
};

export function ConnectorsPage() {
  const { data, error, isPending, refetch } = useQuery(connectorsQuery);
  const mayChange = useMay('operator');
  const all = data?.items;
  return (
    <PageBody>
      <PageHead
        title="Connectors"
        actions={
          mayChange && (
            <>
              {all !== undefined && all.length > 0 && <SyncAll />}
              <Link to="/connectors/new" className="btn btn-primary">
                <Plus aria-hidden="true" />
                Add connector
              </Link>
            </>
          )
        }
      >
        {all === undefined ? 'The MCP servers that your agents can use' : describe(all)}
      </PageHead>
      {isPending ? (
        <div className="card mt-[3.25rem] overflow-hidden">
          <RowSkeletons />
        </div>
      ) : error !== null && all === undefined ? (
        <ErrorNote error={error} retry={() => void refetch()} />
      ) : all?.length === 0 ? (
        <div className="card">
          <Empty
            icon={<Plug />}
            title="Connect your first server"
            action={
              mayChange && (
                <Link to="/connectors/new" className="btn btn-primary">
                  <Plus aria-hidden="true" />
                  Add connector
                </Link>
              )
            }
          >
            {mayChange
              ? 'Paste the URL of an MCP server. Chatelaine finds out how it wants to be authenticated and takes you through it.'
              : 'No connector was added yet. An operator or an owner can add one.'}
          </Empty>
        </div>
      ) : (
        all !== undefined && <List all={all} />
      )}
    </PageBody>
  );
}

function describe(all: readonly ConnectorSummary[]): string {
  const broken = all.filter(isBroken).length;
  const count = all.length < LIST_MOST ? plural(all.length, 'connector') : `The first ${all.length} connectors`;
  return `${count}${broken > 0 ? `, ${broken} ${broken === 1 ? 'needs' : 'need'} attention` : ''}`;
}

function List({ all: kept }: { all: readonly ConnectorSummary[] }) {
  const { q = '', show = 'all' } = route.useSearch();
  const navigate = route.useNavigate();
  const words = useDeferredValue(q.trim().toLowerCase());
  const { fits } = SHOWS[show as Show] ?? SHOWS.all;
  const elsewhere = useQuery({
    ...foundConnectorsQuery(words),
    enabled: kept.length >= LIST_MOST && words !== '',
  }).data;
  const all = elsewhere ?? kept;
  const found = useMemo(
    () =>
      all.filter(
        (one) => fits(one) && (words === '' || `${one.name} ${one.key} ${one.url}`.toLowerCase().includes(words)),
      ),
    [all, fits, words],
  );
  const { shown, end, rest } = useProgressive(found);
  const options = useMemo(
    () =>
      (Object.entries(SHOWS) as [Show, (typeof SHOWS)[Show]][])
        .map(([value, one]) => ({ value, label: one.label, count: all.filter(one.fits).length }))
        .filter(({ value, count }) => value === 'all' || count > 0),
    [all],
  );
  return (
    <>
      <div className="mb-3 flex flex-wrap items-center gap-2">
        <SearchField
          label="Search connectors"
          value={q}
          onChange={(value) => void navigate({ search: (old) => ({ ...old, q: value || undefined }), replace: true })}
        />
        <Filter
          label="Show"
          value={show}
          options={options}
          onChange={(value) =>
            void navigate({ search: (old) => ({ ...old, show: value === 'all' ? undefined : value }), replace: true })
          }
        />
      </div>
      <div className="card overflow-hidden">
        {found.length === 0 ? (
          <Empty icon={<SearchX />} title="No connector fits">
            Try fewer letters, or show all of them.
          </Empty>
        ) : (
          <ul aria-label="Connectors" className="divide-y divide-line">
            {shown.map((connector) => (
              <ConnectorRow key={connector.id} connector={connector} />
            ))}
          </ul>
        )}
        <MoreRows end={end} rest={rest} />
      </div>
    </>
  );
}
