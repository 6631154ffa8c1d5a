// What the agents do: call, list, cancel, try dead keys, listen; and whether each answer is one that could be
// right at that moment. Answers "wrong" are complaints in words.

import { DRIVERS, type Outcome, type Talk } from '../test/gateway/drivers.ts';
import { TOOLS, type ToolName } from '../test/stand-in/tools.ts';
import type { Random } from './random.ts';
import type { Agent, Connector, Credential, Key, World } from './world.ts';

const CANCEL_SEEN_MS = 10_000;
/** No call takes that long, whatever becomes of its server. */
const ANSWERED_MS = 45_000;
/** Agents begin a new session this often. */
const FRESH_SESSION = 0.002;

type Endpoint = { readonly url: string; named(tool: ToolName): string };
export type Judged = { readonly kind: string; readonly complaint: string | null };

/** One call, as it was when it was sent. */
type Sent = {
  readonly agent: Agent;
  readonly key: Key;
  readonly connector: Connector;
  readonly tool: ToolName;
  readonly nonce: string;
  readonly from: number;
  /** Later than that the agent cannot have been told. */
  to: number;
};

const PAIR = (agent: string, server: string): boolean =>
  agent >= '2025-06-18' && server >= '2025-06-18' && (agent !== '2026-07-28' || server === '2026-07-28');

let nonces = 0;

export function createCalls({ hub }: World, random: Random) {
  const talks = new WeakMap<Agent, Map<string, Promise<Talk>>>();

  const talkOf = (agent: Agent, url: string, key: Key): Promise<Talk> => {
    const mine = talks.get(agent) ?? new Map<string, Promise<Talk>>();
    talks.set(agent, mine);
    const place = `${url} ${key.id}`;
    const known = mine.get(place);
    if (known !== undefined && !random.chance(FRESH_SESSION)) return known;
    const driver = DRIVERS.find(({ name }) => name === `raw ${agent.version}`);
    if (driver === undefined) throw new Error(`nobody speaks ${agent.version}`);
    const opened = driver.connect(url, key.text, agent.name);
    // Only of the present key.
    if (![...mine.keys()].every((name) => name.endsWith(` ${key.id}`))) mine.clear();
    mine.set(place, opened);
    opened.catch(() => mine.delete(place));
    return opened;
  };
  const endpointOf = (connector: Connector): Endpoint =>
    random.chance(0.5)
      ? { url: `${hub.url}/mcp/${connector.key}`, named: (tool) => tool }
      : { url: `${hub.url}/mcp`, named: (tool) => `${connector.key}__${tool}` };

  const toolFor = (agent: Agent, connector: Connector): ToolName => {
    const tool = random.chance(0.6) ? 'whoami' : random.one(TOOLS);
    // An older server that answers in JSON has no stream to ask on, and waits in vain.
    const isMute = !tellsProgress(connector) && agent.version >= '2025-06-18';
    return tool === 'ask' && isMute ? 'whoami' : tool;
  };

  const call = async (agent: Agent): Promise<Judged> => {
    nonces += 1;
    const connector = random.one(agent.connectors);
    const sent: Sent = {
      agent,
      key: agent.key,
      connector,
      tool: toolFor(agent, connector),
      nonce: `${agent.name}-${nonces}`,
      from: Date.now(),
      to: 0,
    };
    const { url, named } = endpointOf(connector);
    const steps: number[] = [];
    const leaving = new AbortController();
    const args = { nonce: sent.nonce };
    const options = {
      signal: leaving.signal,
      ...(sent.tool === 'steps' ? { onProgress: (n: number) => steps.push(n) } : {}),
    };
    let isOver = false;
    const calling = talkOf(agent, url, sent.key)
      .then((talk) => talk.call(named(sent.tool), args, options))
      .catch((error: unknown): Outcome => ({ error: error as Error }))
      .finally(() => {
        isOver = true;
      });
    const isCancelled = sent.tool === 'hold' && (await cancelled(sent, leaving, () => isOver));
    const outcome = await inTime(calling);
    sent.to = Date.now();
    leaving.abort();
    if (isCancelled) {
      const isSeen = await seen(() => connector.server.held.cancelled.delete(sent.nonce) || mayBeCut(sent));
      return { kind: 'cancelled', complaint: isSeen ? null : said(sent, 'the server was never told of it') };
    }
    if (outcome === null)
      return { kind: 'no answer', complaint: mayBeCut(sent) ? null : said(sent, 'there was no answer') };
    return judge(sent, outcome, steps);
  };

  const list = async (agent: Agent): Promise<Judged> => {
    const { key } = agent;
    const connector = random.chance(0.5) ? random.one(agent.connectors) : null;
    const url = connector === null ? `${hub.url}/mcp` : `${hub.url}/mcp/${connector.key}`;
    const from = Date.now();
    const outcome = await talkOf(agent, url, key).then(
      (talk) => talk.tools().catch((error: unknown) => error as Error),
      (error: unknown) => error as Error,
    );
    const to = Date.now();
    const about = `${agent.name} (${agent.version}) lists ${url}`;
    if (outcome instanceof Error) {
      const mayBeRefused = mayBeOut(agent, key, from, to) || mayHaveNone(agent, connector, from, to);
      return { kind: 'list refused', complaint: mayBeRefused ? null : `${about}: ${outcome.message.slice(0, 300)}` };
    }
    const prefix = connector === null ? '' : `${connector.key}__`;
    const listed = new Set(outcome.map((name) => `${prefix}${name}`));
    const granted = agent.grants.possible(from, to);
    const wanted = [...(granted[0] ?? [])].filter(
      (name) => name.startsWith(prefix) && granted.every((set) => set.has(name)),
    );
    const missing = wanted.filter((name) => !listed.has(name));
    const extra = [...listed].filter((name) => !granted.some((set) => set.has(name)));
    const isRight = missing.length === 0 && extra.length === 0;
    return {
      kind: 'list',
      complaint: isRight ? null : `${about}: not listed: ${missing}; listed though not granted: ${extra}`,
    };
  };

  /** A key that was revoked opens nothing, however long ago that was. */
  const deadKey = async (agent: Agent): Promise<Judged | null> => {
    const from = Date.now();
    const dead = agent.deadKeys.filter(({ works }) => !works.maybe(from, from, (value) => value));
    if (dead.length === 0) return null;
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
    const response = await fetch(`${hub.url}/mcp`, {
      method: 'POST',
      headers: { authorization: `Bearer ${random.one(dead).text}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    await response.text();
    const complaint = response.status === 401 ? null : `${agent.name}: a dead key was answered ${response.status}`;
    return { kind: 'dead key', complaint };
  };

  return async (agent: Agent): Promise<Judged> => {
    const dice = random.next();
    if (dice < 0.03) return (await deadKey(agent)) ?? list(agent);
    return dice < 0.1 ? list(agent) : call(agent);
  };
}

/** Waits until the call is at work, and leaves; false when it ended before or was never there. */
async function cancelled(sent: Sent, leaving: AbortController, isOver: () => boolean): Promise<boolean> {
  const { waiting } = sent.connector.server.held;
  await seen(() => isOver() || waiting.has(sent.nonce), ANSWERED_MS);
  const isAtWork = waiting.has(sent.nonce);
  if (isAtWork) leaving.abort();
  return isAtWork;
}

/** null when it takes too long. */
async function inTime<T>(work: Promise<T>): Promise<T | null> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), ANSWERED_MS);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

async function seen(condition: () => boolean, withinMs = CANCEL_SEEN_MS): Promise<boolean> {
  const giveUpAt = Date.now() + withinMs;
  while (!condition()) {
    if (Date.now() > giveUpAt) return false;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return true;
}

const credentialOf = ({ agent, connector }: Pick<Sent, 'agent' | 'connector'>): Credential =>
  agent.credentials.get(connector.key) ?? connector.credential;

/** Only an older server that answers in JSON cannot say anything before its answer. */
const tellsProgress = ({ answers, revision }: Connector): boolean => answers !== 'json' || revision === '2026-07-28';

const mayBeOut = (agent: Agent, key: Key, from: number, to: number): boolean =>
  key.works.maybe(from, to, (works) => !works) || agent.enabled.maybe(from, to, (enabled) => !enabled);

const mayHaveNone = (agent: Agent, connector: Connector | null, from: number, to: number): boolean =>
  connector !== null &&
  agent.grants.maybe(from, to, (set) => ![...set].some((name) => name.startsWith(`${connector.key}__`)));

const mayBeDown = ({ connector, from, to }: Sent): boolean =>
  connector.isUp.maybe(from, to === 0 ? Date.now() : to, (up) => !up);

/** Who lost the key, the tools, the credential or the server in the middle of a conversation cannot go on with it. */
function mayBeCut(sent: Sent): boolean {
  const { agent, key, connector, from, to } = sent;
  const isNew = credentialOf(sent).account.possible(from, to).length > 1;
  return isNew || mayBeDown(sent) || mayBeOut(agent, key, from, to) || mayHaveNone(agent, connector, from, to);
}

function said({ agent, connector, tool, nonce, from, to }: Sent, what: string): string {
  const { revision, answers, auth, mode } = connector;
  const where = `${connector.key} (${revision}, ${answers}, ${auth}, ${mode})`;
  return `${agent.name} (${agent.version}) calls ${tool} of ${where}, ${nonce}, ${to - from} ms: ${what}`;
}

/** Whether this could be the answer. */
function judge(sent: Sent, outcome: Outcome, steps: readonly number[]): Judged {
  const { agent, connector, tool, nonce, from, to, key } = sent;
  const answer = (kind: string, isPossible: boolean, what: string): Judged => ({
    kind,
    complaint: isPossible ? null : said(sent, what),
  });
  const isGranted = (set: ReadonlySet<string>): boolean => set.has(`${connector.key}__${tool}`);
  const message = outcome.error?.message ?? (outcome.result?.isError ? outcome.result.content[0]?.text : '') ?? '';
  const short = message.slice(0, 300);

  const result = parsed(outcome);
  if (result !== null) {
    const accounts = credentialOf(sent).account.possible(from, to);
    if (!agent.grants.maybe(from, to, isGranted)) return answer('answer', false, 'the tool was not granted');
    if (!key.works.maybe(from, to, (works) => works)) return answer('answer', false, 'the key was dead');
    if (!agent.enabled.maybe(from, to, (enabled) => enabled)) return answer('answer', false, 'the agent was disabled');
    if (result.nonce !== nonce) return answer('answer', false, `the answer was for ${result.nonce}`);
    if (!accounts.includes(result.account))
      return answer('answer', false, `the server saw ${result.account}, not ${accounts}`);
    if (tool === 'ask' && result.name !== agent.name) return answer('answer', false, `${result.name} answered`);
    if (tool === 'fail' && outcome.result?.isError !== true) return answer('answer', false, 'it should have failed');
    if (tool === 'steps' && tellsProgress(connector) && steps.join() !== '1,2')
      return answer('answer', false, `progress ${steps.join()}`);
    return answer(tool === 'fail' ? 'failed tool' : 'answer', true, '');
  }
  if (/agent key of this hub/.test(message)) return answer('refused key', mayBeOut(agent, key, from, to), short);
  if (/Unknown tool/.test(message))
    return answer(
      'tool not granted',
      agent.grants.maybe(from, to, (set) => !isGranted(set)),
      short,
    );
  if (/no such connector/.test(message))
    return answer('no such connector', mayHaveNone(agent, connector, from, to), short);
  if (/refused /.test(message))
    return answer('error of the protocol', tool === 'refuse' && message.includes(`refused ${nonce}`), short);
  if (tool === 'ask' && /cannot be asked|not declare/.test(message))
    return answer('cannot be asked', !PAIR(agent.version, connector.revision), short);
  if (/\/connect\/|An operator of|not connected/.test(message)) {
    const { account } = credentialOf(sent);
    return answer(
      'no credential',
      account.maybe(from, to, (value) => value === null),
      short,
    );
  }
  return answer('server gone', mayBeDown(sent), short === '' ? `no answer: ${JSON.stringify(outcome)}` : short);
}

function parsed({ result }: Outcome): { account: string; nonce: string; name?: string } | null {
  try {
    const value = JSON.parse(result?.content[0]?.text ?? '');
    return typeof value === 'object' && value !== null && 'nonce' in value ? value : null;
  } catch {
    return null;
  }
}
