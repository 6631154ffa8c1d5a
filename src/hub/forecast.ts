// What will break soon, and what is broken until a person does something, each with the one thing to do.

import type { ConnectorRecord } from '../store/records.ts';
import type { CredentialFacts } from '../store/store.ts';
import { stateFor } from './agent-view.ts';
import type { HubContext } from './context.ts';
import { type ConnectorFacts, credentialOf, readEverything } from './everything.ts';
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

/** The worst first, then what is due first. @throws store_unavailable */
export async function forecast(context: HubContext): Promise<readonly ForecastItem[]> {
  const now = context.now();
  const [{ connectors, agents }, registrations] = await Promise.all([
    readEverything(context),
    context.store.overview.expiringRegistrations(now + REGISTRATION_SOON_MS),
  ]);
  const secretEnds = new Map(registrations.map(({ issuer, expiresAt }) => [issuer, expiresAt]));
  const items = connectors.flatMap((facts) => [
    ...ofServer(facts.connector),
    ...ofTools(facts),
    ...ofRegistration(facts, secretEnds, now),
    ...owners(facts, agents).flatMap((agent) => ofCredential(facts, agent, now)),
  ]);
  const rank = (severity: Severity) => SEVERITIES.indexOf(severity);
  return items.sort((a, b) => rank(a.severity) - rank(b.severity) || (a.at ?? 0) - (b.at ?? 0));
}

/** Who has, or should have, a credential: nobody in particular where all agents share it. */
function owners(
  { connector, own, granted }: ConnectorFacts,
  agents: ReadonlyMap<string, Agent & { readonly enabled: boolean }>,
): readonly (Agent | null)[] {
  if (connector.credentialMode !== 'per_agent') return [null];
  const ids = new Set([...own.keys(), ...granted.map(({ agentId }) => agentId)]);
  return [...ids].flatMap((id) => {
    const agent = agents.get(id);
    return agent?.enabled ? [agent] : [];
  });
}

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

function ofTools({ connector, changedTools }: ConnectorFacts): readonly ForecastItem[] {
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

function ofRegistration(
  { connector, shared, own }: ConnectorFacts,
  secretEnds: ReadonlyMap<string, number>,
  now: number,
): readonly ForecastItem[] {
  const at = secretEnds.get(connector.discovery?.issuer ?? '');
  const used = [shared, ...own.values()].some((credential) => credential?.registrationKind === 'dynamic');
  if (at === undefined || !used || connector.sealedClient !== null) return [];
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

function ofCredential(facts: ConnectorFacts, agent: Agent | null, now: number): readonly ForecastItem[] {
  const { connector } = facts;
  const credential = agent === null ? facts.shared : credentialOf(facts, agent.id);
  const who = agent === null ? connector.name : `${connector.name} for ${agent.name}`;
  // The server's own trouble is told once, by `ofServer`.
  const { state, reason } = stateFor({ ...connector, reachability: null }, credential, now);
  if (state === 'usable' && credential !== null) return ending(connector, credential, agent, who, now);
  if (state === 'usable') return [];
  if (state === 'error' && credential !== null && credential.refreshFailures > 0)
    return ending(connector, credential, agent, who, now);
  const never = state === 'connect_required' || state === 'secret_required';
  const waitedFor = agent !== null || facts.granted.length > 0;
  return [
    item(connector, agent, {
      kind: 'needs_person',
      severity: never ? (waitedFor ? 'warning' : 'notice') : 'error',
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
