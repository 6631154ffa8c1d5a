// What the states of some connectors follow from, read by a handful of queries however many agents use them.

import type { ConnectorRecord } from '../store/records.ts';
import type { ConnectorFigures, CredentialFacts } from '../store/store.ts';
import { COUNTED_MAX } from '../work-limits.ts';
import { type AgentConnectorState, serverState, stateFor } from './agent-view.ts';
import type { HubContext } from './context.ts';

export type ConnectorFacts = {
  readonly connector: ConnectorRecord;
  readonly figures: Omit<ConnectorFigures, 'connectorId'>;
  /** Of the connector, where all agents share one. */
  readonly shared: CredentialFacts | null;
  /** A shared one that waits to be proven. */
  readonly pending: CredentialFacts | null;
  /** Where each agent has its own: one of them, one that does not serve where there is any. */
  readonly sample: CredentialFacts | null;
};

const NONE = { tools: 0, changedTools: 0, granted: 0, own: 0, broken: 0 };

/** In the order of `connectors`. @throws store_unavailable */
export async function readFacts(
  { store, now }: HubContext,
  connectors: readonly ConnectorRecord[],
): Promise<readonly ConnectorFacts[]> {
  const ids = connectors.map(({ id }) => id);
  const perAgent = connectors.filter(({ credentialMode }) => credentialMode === 'per_agent').map(({ id }) => id);
  const [figures, shared, samples] = await Promise.all([
    store.overview.figures(ids, now()),
    store.overview.shared(ids),
    store.overview.samples(perAgent, now()),
  ]);
  const figuresOf = new Map(figures.map(({ connectorId, ...rest }) => [connectorId, rest]));
  const sharedOf = Map.groupBy(shared, ({ connectorId }) => connectorId);
  const sampleOf = new Map(samples.map((each) => [each.connectorId, each]));
  return connectors.map((connector) => {
    const held = sharedOf.get(connector.id) ?? [];
    return {
      connector,
      figures: figuresOf.get(connector.id) ?? NONE,
      shared: held.find(({ slot }) => slot === 'active') ?? null,
      pending: held.find(({ slot }) => slot === 'pending') ?? null,
      sample: sampleOf.get(connector.id) ?? null,
    };
  });
}

/** What the connector is for those who use it: where each agent has its own credential, the worst of them. */
export function overallState(
  { connector, figures, shared, sample }: ConnectorFacts,
  now: number,
): { state: AgentConnectorState; reason: string | null } {
  if (connector.credentialMode !== 'per_agent') return stateFor(connector, shared, now);
  if (sample === null) return stateFor(connector, null, now);
  const first = stateFor(connector, sample, now);
  if (first.state === 'usable') return first;
  const all = figures.broken >= figures.own || serverState(connector).state !== 'usable';
  if (all) return first;
  return {
    state: first.state,
    reason: `${told(figures.broken)} of ${told(figures.own)} agents: ${first.reason ?? first.state}`,
  };
}

/** Counting ends at a bound. */
const told = (count: number): string => (count >= COUNTED_MAX ? `${COUNTED_MAX} or more` : String(count));
