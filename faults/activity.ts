// What goes on all the time: agents call, everything beneath them is changed, people sign in, keys are rotated.

import { createCalls, type Judged } from '../soak/calls.ts';
import { changeSomething } from '../soak/changes.ts';
import { modernClient } from '../test/gateway/agents.ts';
import { signInTwice } from './consent.ts';
import { NotDone } from './ledger.ts';
import type { Windows } from './windows.ts';
import type { World } from './world.ts';

const CALLS_PER_SECOND = 25;
const CALLS_AT_ONCE = 40;
const CHANGES_PER_SECOND = 3;
const STEADY_PER_SECOND = 4;
const SIGN_INS_PER_SECOND = 0.5;
const ROTATIONS_PER_SECOND = 0.2;
const TICK_MS = 25;

/** What an agent may be told while something is broken. Any other complaint is a wrong answer at any time. */
const EXCUSABLE = new Set(['server gone', 'no answer', 'cancelled', 'list refused', 'dead key']);
/** A fault taken for a revocation is no excuse. */
const NEVER_SAID = /agent key of this hub|answered (?:2|3|401|403|404)/;

export type Activity = {
  /** Answers seen, by kind. */
  readonly outcomes: ReadonlyMap<string, number>;
  /** Calls begun and not ended. */
  underWay(): number;
  /** Nothing new begins; resolves when changes have ended, and calls too unless they take too long. */
  pause(): Promise<void>;
  resume(): void;
  stop(): Promise<void>;
};

export function startActivity(world: World, windows: Windows, complain: (what: string) => void): Activity {
  const { load, random } = world;
  const outcomes = new Map<string, number>();
  const count = (what: string): void => void outcomes.set(what, (outcomes.get(what) ?? 0) + 1);
  let isOn = true;
  let isPaused = false;
  const calls = new Set<Promise<void>>();
  const changes = new Set<Promise<void>>();

  const guarded = async (what: string, work: () => Promise<void>): Promise<void> => {
    const from = Date.now();
    try {
      await work();
    } catch (error) {
      const isExcused = windows.excuses(from, Date.now()) && !(error instanceof NotDone && error.isKnown);
      if (isExcused) return count(`${what}: not done`);
      complain(`${what}: ${error instanceof Error ? (error.stack ?? error.message) : error} (after ${windows.last})`);
    }
  };
  const pacing = async (
    perSecond: number,
    atOnce: number,
    running: Set<Promise<void>>,
    work: () => Promise<void>,
  ): Promise<void> => {
    let due = 0;
    while (isOn) {
      due = Math.min(due + (perSecond * TICK_MS) / 1_000, atOnce);
      const mine = isPaused ? 0 : due;
      for (let left = mine; left >= 1 && running.size < atOnce; left -= 1) {
        due -= 1;
        const one: Promise<void> = work().finally(() => running.delete(one));
        running.add(one);
      }
      await pause(TICK_MS);
    }
  };

  const call = createCalls(load, random);
  const judge = ({ kind, complaint }: Judged, from: number): void => {
    count(kind);
    if (complaint === null) return;
    const isExcused = windows.excuses(from, Date.now()) && EXCUSABLE.has(kind) && !NEVER_SAID.test(complaint);
    if (isExcused) return;
    const agent = load.agents.find(({ name }) => complaint.startsWith(`${name} `));
    const isInterrupted = load.connectors.some(
      ({ id, key, mode }) =>
        complaint.includes(` of ${key} (`) &&
        world.excused.credentials.has(`${id} ${mode === 'per_agent' ? agent?.id : ''}`),
    );
    if (isInterrupted && /interrupted before its answer/.test(complaint)) return;
    const history = agent === undefined ? [] : world.ledger.history(agent.id);
    const lines = [`WRONG ANSWER at ${new Date(from).toISOString()}: ${complaint} (${kind}; after ${windows.last})`];
    complain([...lines, ...history].join('\n      '));
  };
  const calling = pacing(CALLS_PER_SECOND, CALLS_AT_ONCE, calls, () =>
    guarded('a call', async () => {
      const from = Date.now();
      judge(await call(random.one(load.agents)), from);
    }),
  );
  const steady = pacing(STEADY_PER_SECOND, CALLS_AT_ONCE, calls, () =>
    guarded('a call with a token that is refreshed', async () => {
      const from = Date.now();
      const provider = random.one(world.providers);
      const client = modernClient(`${world.url}/mcp/${provider.steady.key}`, provider.agentKey);
      const answer = await client.request('tools/call', { name: provider.tool, arguments: {} }).then(
        ({ answer }) => answer,
        (error: unknown) => ({ error: { message: String(error) }, result: undefined }),
      );
      count(answer.result === undefined ? 'refused with a refreshed token' : 'answer with a refreshed token');
      if (answer.result !== undefined && answer.result.isError !== true) return;
      const said = JSON.stringify(answer).slice(0, 400);
      const { connectors, credentials } = world.excused;
      const isEnded = connectors.has(provider.steady.id) || credentials.has(`${provider.steady.id} `);
      const isExcused = windows.excuses(from, Date.now()) && !/\/connect\/|not connected|agent key/.test(said);
      if (!isExcused && !isEnded) complain(`${provider.name} could not be called: ${said} (after ${windows.last})`);
    }),
  );
  const changing = pacing(CHANGES_PER_SECOND, 6, changes, () =>
    guarded('a change', async () => {
      const name = await changeSomething(load, random);
      if (name !== null) count(`change: ${name}`);
    }),
  );
  const signing = pacing(SIGN_INS_PER_SECOND, 1, changes, () =>
    guarded('a sign-in', async () => {
      count(await signInTwice(world, random.one(world.providers), complain));
    }),
  );
  const rotating = pacing(ROTATIONS_PER_SECOND, 1, changes, () =>
    guarded('a rotation of the encryption keys', async () => {
      const state = await world.api<{ unreadable: number }>('POST', 'keys/rotate');
      count('rotation of the encryption keys');
      if (state.unreadable > 0) complain(`${state.unreadable} secrets could not be read during a rotation`);
    }),
  );

  return {
    outcomes,
    underWay: () => calls.size,
    async pause() {
      isPaused = true;
      await Promise.all(changes);
      await Promise.race([Promise.all(calls), pause(10_000)]);
    },
    resume() {
      isPaused = false;
    },
    async stop() {
      isOn = false;
      await Promise.all([calling, steady, changing, signing, rotating]);
      await Promise.all([...changes, ...calls]);
    },
  };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
