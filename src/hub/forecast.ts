// What will break soon, and what is broken until a person does something, each with the one thing to do.

import type { ConnectorRecord } from '../store/records.ts';
import type { CredentialFacts } from '../store/store.ts';
import { FORECAST_MAX, GRANTS_LOOKED_AT } from '../work-limits.ts';
import { stateFor } from './agent-view.ts';
import { readFacts } from './connector-facts.ts';
import type { HubContext } from './context.ts';
import { type Mend, mendFor } from './mend.ts';

const DAY_MS = 24 * 60 * 60_000;
/** A token without a refresh token is worth a warning this long before it ends. */
const EXPIRY_SOON_MS = 7 * DAY_MS;
const REGISTRATION_SOON_MS = 14 * DAY_MS;

export const FORECAST_KINDS = [
  'no_refresh_token',
  'refresh_failing',
  'registration_expiring',
  'tool_changes_waiting',
  'server_unreachable',
  'needs_person',
] as const;
export const SEVERITIES = ['error', 'warning', 'notice'] as const;

type Severity = (typeof SEVERITIES)[number];
type Agent = { readonly id: string; readonly name: string };

export type ForecastItem = {
  readonly kind: (typeof FORECAST_KINDS)[number];
  readonly severity: Severity;
  readonly connectorId: string;
  readonly connectorKey: string;
  readonly connectorName: string;
  readonly agentId: string | null;
  readonly agentName: string | null;
  /** When it breaks, or since when it is broken; null where nobody can tell. */
  readonly at: number | null;
  readonly title: string;
  readonly detail: string;
  readonly action: {
    readonly kind: Mend | 'review';
    readonly connectorId: string;
    readonly agentId: string | null;
  } | null;
};

export type Forecast = {
  /** The worst first, then what is due first; at most {@link FORECAST_MAX}. */
  readonly items: readonly ForecastItem[];
  /** false where there may be more than was looked for; the pages of the connectors tell of each. */
  readonly complete: boolean;
};

/** @throws store_unavailable */
export async function forecast(context: HubContext): Promise<Forecast> {
  const now = context.now();
  const { overview } = context.store;
  const most = FORECAST_MAX + 1;
  const [ended, failing, ending, never, without, unreachable, changed, registrations] = await Promise.all([
    overview.ended(most),
    overview.failing(most),
    overview.ending(now + EXPIRY_SOON_MS, most),
    overview.neverConnected(most),
    overview.withoutCredential(GRANTS_LOOKED_AT, most),
    overview.unreachable(most),
    overview.changed(most),
    overview.registrationsEnding(now + REGISTRATION_SOON_MS, most),
  ]);
  // What fails may be what ends as well.
  const held = [...new Map([...ended, ...failing, ...ending].map((each) => [each.id, each])).values()];
  const [agents, connectors, facts] = await Promise.all([
    overview.agents(unique([...held, ...without.pairs].flatMap(({ agentId }) => agentId ?? []))),
    overview.connectors(unique([...held, ...without.pairs].map(({ connectorId }) => connectorId))),
    readFacts(context, [...never, ...changed]),
  ]);
  const agentOf = new Map(agents.map((agent) => [agent.id, agent]));
  const connectorOf = new Map(connectors.map((connector) => [connector.id, connector]));
  const factsOf = new Map(facts.map((each) => [each.connector.id, each]));
  const ofOwner = (connectorId: string, agentId: string | null, credential: CredentialFacts | null) => {
    const connector = connectorOf.get(connectorId);
    const isOwn = connector?.credentialMode === 'per_agent';
    const agent = agentId === null ? null : agentOf.get(agentId);
    // Of another mode it waits for the connector to be flipped back, and a disabled agent misses nothing.
    if (connector === undefined || isOwn !== (agentId !== null) || agent === undefined || agent?.enabled === false)
      return [];
    return ofCredential(connector, credential, agent, true, now);
  };
  const items = [
    ...unreachable.flatMap((connector) => ofServer(connector)),
    ...changed.flatMap((connector) => ofTools(connector, factsOf.get(connector.id)?.figures.changedTools ?? 0)),
    ...registrations.flatMap(({ connector, expiresAt }) => ofRegistration(connector, expiresAt, now)),
    ...held.flatMap((credential) => ofOwner(credential.connectorId, credential.agentId, credential)),
    ...never.flatMap((connector) => {
      const isWaitedFor = (factsOf.get(connector.id)?.figures.granted ?? 0) > 0;
      return ofCredential(connector, null, null, isWaitedFor, now);
    }),
    ...without.pairs.flatMap(({ connectorId, agentId }) => ofOwner(connectorId, agentId, null)),
  ];
  const rank = (severity: Severity) => SEVERITIES.indexOf(severity);
  items.sort((a, b) => rank(a.severity) - rank(b.severity) || (a.at ?? 0) - (b.at ?? 0));
  const lists = [ended, failing, ending, never, unreachable, changed, registrations];
  return {
    items: items.slice(0, FORECAST_MAX),
    complete: without.complete && items.length <= FORECAST_MAX && lists.every(({ length }) => length < most),
  };
}

const unique = (ids: readonly string[]): readonly string[] => [...new Set(ids)];

function ofServer(connector: ConnectorRecord): readonly ForecastItem[] {
  const { reachability } = connector;
  if (reachability === null || reachability.reachable) return [];
  return [
    item(connector, null, {
      kind: 'server_unreachable',
      severity: 'error',
      at: reachability.error?.at ?? reachability.checkedAt,
      title: `${connector.name} cannot be reached`,
      detail: reachability.error?.message ?? 'The server does not answer.',
      action: 'sync',
    }),
  ];
}

function ofTools(connector: ConnectorRecord, changedTools: number): readonly ForecastItem[] {
  if (changedTools === 0) return [];
  const held = connector.toolReview === 'hold';
  const tools = changedTools === 1 ? '1 tool' : `${changedTools} tools`;
  return [
    item(connector, null, {
      kind: 'tool_changes_waiting',
      severity: held ? 'warning' : 'notice',
      at: null,
      title: `${tools} of ${connector.name} changed`,
      detail: held
        ? 'Nobody can call what changed until a person has approved it.'
        : 'Agents go on calling what changed; look at it and approve it.',
      action: 'review',
    }),
  ];
}

function ofRegistration(connector: ConnectorRecord, at: number, now: number): readonly ForecastItem[] {
  if (connector.sealedClient !== null) return [];
  return [
    item(connector, null, {
      kind: 'registration_expiring',
      severity: at <= now ? 'error' : 'warning',
      at,
      title: `The registration of ${connector.name} ${at <= now ? 'has ended' : 'ends soon'}`,
      detail: 'The provider put an end to our client secret; register again, then connect again.',
      action: 'register_again',
    }),
  ];
}

function ofCredential(
  connector: ConnectorRecord,
  credential: CredentialFacts | null,
  agent: Agent | null,
  isWaitedFor: boolean,
  now: number,
): readonly ForecastItem[] {
  const who = agent === null ? connector.name : `${connector.name} for ${agent.name}`;
  // The server's own trouble is told once, by `ofServer`.
  const { state, reason } = stateFor({ ...connector, reachability: null }, credential, now);
  if (state === 'usable' && credential !== null) return ending(connector, credential, agent, who, now);
  if (state === 'usable') return [];
  if (state === 'error' && credential !== null && credential.refreshFailures > 0)
    return ending(connector, credential, agent, who, now);
  const never = state === 'connect_required' || state === 'secret_required';
  return [
    item(connector, agent, {
      kind: 'needs_person',
      severity: never ? (isWaitedFor ? 'warning' : 'notice') : 'error',
      at: credential?.stateAt ?? null,
      title: never ? `${who} is not connected` : `${who} needs a person`,
      detail: reason ?? 'It cannot be used as it is.',
      action: mendFor(connector, state),
    }),
  ];
}

/** Of a credential that still serves, or fails only for the moment. */
function ending(
  connector: ConnectorRecord,
  credential: CredentialFacts,
  agent: Agent | null,
  who: string,
  now: number,
): readonly ForecastItem[] {
  const { expiresAt, refreshable, refreshFailures } = credential;
  if (refreshFailures > 0) {
    return [
      item(connector, agent, {
        kind: 'refresh_failing',
        severity: expiresAt !== null && expiresAt <= now ? 'error' : 'warning',
        at: expiresAt,
        title: `The token of ${who} cannot be renewed`,
        detail: `${credential.reason ?? 'The provider does not answer as it should'}; tried ${refreshFailures} times, and it is tried again.`,
        action: 'reconnect',
      }),
    ];
  }
  if (refreshable || expiresAt === null || credential.kind !== 'oauth' || expiresAt > now + EXPIRY_SOON_MS) return [];
  if (connector.oauth?.grant === 'client_credentials') return [];
  return [
    item(connector, agent, {
      kind: 'no_refresh_token',
      severity: expiresAt <= now + DAY_MS ? 'error' : 'warning',
      at: expiresAt,
      title: `${who} must be connected again soon`,
      detail: 'The provider gave no refresh token, so a person must sign in again when the access token ends.',
      action: 'reconnect',
    }),
  ];
}

function item(
  { id, key, name }: ConnectorRecord,
  agent: Agent | null,
  told: Pick<ForecastItem, 'kind' | 'severity' | 'at' | 'title' | 'detail'> & { action: Mend | 'review' | null },
): ForecastItem {
  const { action, ...rest } = told;
  const [agentId, agentName] = [agent?.id ?? null, agent?.name ?? null];
  return {
    ...rest,
    ...{ connectorId: id, connectorKey: key, connectorName: name, agentId, agentName },
    action: action === null ? null : { kind: action, connectorId: id, agentId },
  };
}
