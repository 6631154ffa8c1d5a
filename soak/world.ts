// What the soak turns on: servers of every revision behind every kind of credential, connectors to them, agents
// of every revision, and what is true of each at any moment.

import type { Auth, FaceOptions, Revision, StandIn, StandInOptions } from '../test/stand-in/server.ts';
import { API_KEY_HEADER, NOBODY, startStandIn } from '../test/stand-in/server.ts';
import { TOOLS } from '../test/stand-in/tools.ts';
import { Browser } from '../test/support/browser.ts';
import { Fact } from './facts.ts';
import type { HubProcess } from './hub-process.ts';
import type { Random } from './random.ts';

const AGENT_REVISIONS = ['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26'] as const;
/** A server that came back may be held off a while longer, until the hub trusts it again. */
const SERVER_GRACE_MS = 15_000;
/** The hub refreshes a token five minutes before its end, so each is refreshed after some seconds. */
const TOKEN_SECONDS = 330;
const CONNECTORS_PER_AGENT = 3;
const SETUP_LANES = 16;
const SIGN_INS_MAX = 3;

type Kind = { revision: Revision; answers: FaceOptions['answers']; auth: Auth; mode: 'shared' | 'per_agent' | null };

const KINDS: readonly Kind[] = [
  { revision: '2026-07-28', answers: 'json', auth: 'bearer', mode: 'shared' },
  { revision: '2026-07-28', answers: 'sse', auth: 'oauth', mode: 'per_agent' },
  { revision: '2026-07-28', answers: 'auto', auth: 'bearer', mode: 'per_agent' },
  { revision: '2025-11-25', answers: 'sse', auth: 'bearer', mode: 'per_agent' },
  { revision: '2025-11-25', answers: 'json', auth: 'none', mode: null },
  { revision: '2025-06-18', answers: 'json', auth: 'api_key_header', mode: 'per_agent' },
  { revision: '2025-06-18', answers: 'sse', auth: 'oauth', mode: 'shared' },
  { revision: '2025-03-26', answers: 'sse', auth: 'api_key_header', mode: 'shared' },
  { revision: '2025-03-26', answers: 'json', auth: 'bearer', mode: 'per_agent' },
  { revision: '2024-11-05', answers: 'sse', auth: 'bearer', mode: 'shared' },
];

/** One credential: whom the server takes its bearer for; null when there is none. */
export type Credential = { readonly account: Fact<string | null>; secret: string | null; generation: number };

export type Connector = Kind & {
  readonly id: string;
  readonly key: string;
  readonly server: StandIn;
  readonly isUp: Fact<boolean>;
  /** The shared one; agents have theirs. */
  readonly credential: Credential;
};

export type Key = { readonly id: string; readonly text: string; readonly works: Fact<boolean> };

export type Agent = {
  id: string;
  readonly name: string;
  readonly version: string;
  readonly connectors: readonly Connector[];
  /** `{connector key}__{tool}`. */
  grants: Fact<ReadonlySet<string>>;
  key: Key;
  /** Others that do not work any more. */
  deadKeys: Key[];
  enabled: Fact<boolean>;
  readonly credentials: Map<string, Credential>;
};

/** Whoever answers the API and the agents: one process, or several behind one address. */
export type Hub = Pick<HubProcess, 'url' | 'api'>;

export type World = { readonly hub: Hub; readonly connectors: Connector[]; readonly agents: Agent[] };

export type WorldOptions = {
  /** A revision of which there is no server. */
  readonly without?: string | null;
  readonly standIn?: StandInOptions;
};

export async function makeWorld(
  hub: Hub,
  count: number,
  random: Random,
  { without = null, standIn = {} }: WorldOptions = {},
): Promise<World> {
  const connectors: Connector[] = [];
  for (const kind of KINDS.filter(({ revision }) => revision !== without))
    connectors.push(await makeConnector(hub, kind, connectors.length, standIn));
  // Of a connector per agent the tools are known as long as somebody is connected.
  const anchor = await hub.api('POST', 'agents', { name: 'Anchor' });
  for (const connector of connectors) {
    if (connector.mode === 'per_agent') await connect(hub, connector, anchor.id, 'anchor');
  }
  const agents: Agent[] = [];
  const indexes = Array.from({ length: count }, (_, index) => index);
  const lane = async (): Promise<void> => {
    for (let index = indexes.pop(); index !== undefined; index = indexes.pop()) {
      const version = AGENT_REVISIONS[index % AGENT_REVISIONS.length] as string;
      agents.push(
        await makeAgent(hub, `agent${index}`, version, random.some(connectors, CONNECTORS_PER_AGENT), random),
      );
    }
  };
  await Promise.all(Array.from({ length: SETUP_LANES }, lane));
  return { hub, connectors, agents };
}

async function makeConnector(hub: Hub, kind: Kind, index: number, options: StandInOptions): Promise<Connector> {
  // What it heard is not kept: each call is checked by its answer, and a soak is long.
  const { revision, auth, answers } = kind;
  const standing = { tokenSeconds: TOKEN_SECONDS, hear: () => undefined, ...options };
  const server = await startStandIn(revision, { auth, answers, ...standing });
  const isStatic = kind.auth === 'bearer' || kind.auth === 'api_key_header';
  const account = kind.mode === null ? NOBODY : 'house';
  const secret = kind.mode === 'shared' && isStatic ? server.issue(account) : null;
  const made = await hub.api<{ id: string; key: string }>('POST', 'connectors', {
    name: `Server ${index}`,
    url: server.url,
    authType: kind.auth,
    ...(kind.mode === null ? {} : { credentialMode: kind.mode }),
    ...(kind.auth === 'api_key_header' ? { headerName: API_KEY_HEADER } : {}),
    ...(secret === null ? {} : { secret }),
  });
  const credential = { account: new Fact<string | null>(account), secret, generation: 0 };
  const connector = { ...kind, id: made.id, key: made.key, server, isUp: new Fact(true, SERVER_GRACE_MS), credential };
  if (kind.mode === 'shared' && kind.auth === 'oauth') await connect(hub, connector, null, account);
  return connector;
}

export async function makeAgent(
  hub: Hub,
  name: string,
  version: string,
  connectors: readonly Connector[],
  random: Random,
): Promise<Agent> {
  const { id } = await hub.api('POST', 'agents', { name });
  const credentials = new Map<string, Credential>();
  for (const connector of connectors) {
    if (connector.mode !== 'per_agent') continue;
    const secret = await connect(hub, connector, id, name);
    credentials.set(connector.key, { account: new Fact<string | null>(name), secret, generation: 0 });
  }
  const grants = connectors.flatMap(({ key }) =>
    TOOLS.filter(() => random.chance(0.7)).map((tool) => `${key}__${tool}`),
  );
  await hub.api('PUT', `agents/${id}/tools`, { tools: grants.map((tool) => `mcp__${tool}`) });
  const key = await makeKey(hub, id);
  const facts = { grants: new Fact<ReadonlySet<string>>(new Set(grants)), enabled: new Fact(true) };
  return { id, name, version, connectors, key, deadKeys: [], credentials, ...facts };
}

export async function makeKey(hub: Hub, agentId: string): Promise<Key> {
  const { id, key } = await hub.api<{ id: string; key: string }>('POST', `agents/${agentId}/keys`, { label: 'soak' });
  return { id, text: key, works: new Fact(true) };
}

let signingIn: Promise<unknown> = Promise.resolve();

/** Gives one owner a credential by which the server knows `account`; answers the secret where it is a static one. */
export async function connect(
  hub: Hub,
  { id, auth, mode, server }: Pick<Connector, 'id' | 'auth' | 'mode' | 'server'>,
  agentId: string | null,
  account: string,
): Promise<string | null> {
  if (auth === 'oauth') {
    // One at a time: the stand-in asks nobody who is signing in.
    const mine = signingIn.then(async () => {
      for (let attempt = 1; ; attempt += 1) {
        server.signIn.account = account;
        const { connectUrl } = await hub.api<{ connectUrl: string }>('POST', `connectors/${id}/connect`, { agentId });
        const end = await new Browser().follow(connectUrl);
        if (end.url.searchParams.has('connected')) return;
        const error = end.url.searchParams.get('error');
        // A server that came back a moment ago may break a connection from before.
        if (error !== 'upstream_unreachable' || attempt === SIGN_INS_MAX)
          throw new Error(`a sign-in ended at ${end.url.href}`);
      }
    });
    signingIn = mine.catch(() => undefined);
    await mine;
    return null;
  }
  const secret = server.issue(account);
  if (mode === 'shared') await hub.api('PATCH', `connectors/${id}`, { secret });
  else await hub.api('PUT', `agents/${agentId}/credentials/${id}`, { secret });
  return secret;
}
