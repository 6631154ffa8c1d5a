// What every stand-in server offers, whatever its revision: tools that say whose credential a call carried,
// report progress, wait to be cancelled, ask the person, fail; and a note that belongs to one account.

export const TOOLS = ['whoami', 'steps', 'hold', 'ask', 'fail', 'refuse'] as const;
export type ToolName = (typeof TOOLS)[number];

const WHAT: Record<ToolName, string> = {
  whoami: 'Says whose credential the call carried',
  steps: 'Reports two steps and ends',
  hold: 'Works until it is let go or cancelled',
  ask: 'Asks the person for a name',
  fail: 'Ends as a failed tool',
  refuse: 'Ends as an error of the protocol',
};

export const DEFINITIONS = TOOLS.map((name) => ({
  name,
  description: WHAT[name],
  inputSchema: { type: 'object' as const, properties: { nonce: { type: 'string' as const } } },
}));

export const QUESTION = {
  message: 'Who are you?',
  requestedSchema: {
    type: 'object' as const,
    properties: { name: { type: 'string' as const } },
    required: ['name'],
  },
};

/** One call at work: whose it is, and how its revision tells of it. */
export type Work = {
  readonly account: string;
  readonly nonce: string;
  readonly signal: AbortSignal;
  progress(step: number, of: number): Promise<void>;
};

/** Calls of `hold`, by nonce. */
export type Held = {
  readonly waiting: Map<string, () => void>;
  readonly cancelled: Set<string>;
};

export const noteOf = (account: string): string => `note://${account}`;

export function said(work: Pick<Work, 'account' | 'nonce'>, more: Record<string, unknown> = {}) {
  const text = JSON.stringify({ account: work.account, nonce: work.nonce, ...more });
  return { content: [{ type: 'text' as const, text }] };
}

/** The result of every tool but `ask` and `refuse`, which each revision does in its own way. */
export async function run(name: string, work: Work, held: Held) {
  switch (name) {
    case 'steps':
      await work.progress(1, 2);
      await work.progress(2, 2);
      return said(work);
    case 'hold':
      await work.progress(1, 2);
      await hold(work, held);
      return said(work);
    case 'fail':
      return { ...said(work, { failed: true }), isError: true };
    default:
      return said(work);
  }
}

async function hold({ nonce, signal }: Work, { waiting, cancelled }: Held): Promise<void> {
  const ended = Promise.withResolvers<void>();
  const leave = (): void => {
    cancelled.add(nonce);
    ended.resolve();
  };
  signal.addEventListener('abort', leave, { once: true });
  waiting.set(nonce, () => ended.resolve());
  await ended.promise;
  waiting.delete(nonce);
  signal.removeEventListener('abort', leave);
}
