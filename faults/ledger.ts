// What the suite asked the hub to change, and what it was told: acknowledged, refused, or nothing. What nobody
// answered may or may not have happened; what was acknowledged must stand.

type Told = 'acknowledged' | 'refused' | 'unknown';

/** Which line of the audit log a change leaves. */
const ACTIONS: readonly (readonly [RegExp, string])[] = [
  [/^POST agents$/, 'agent.created'],
  [/^PATCH agents\/[^/]+$/, 'agent.changed'],
  [/^DELETE agents\/[^/]+$/, 'agent.deleted'],
  [/^POST agents\/[^/]+\/keys$/, 'agent_key.created'],
  [/^DELETE agents\/[^/]+\/keys\/[^/]+$/, 'agent_key.deleted'],
  [/^PUT agents\/[^/]+\/(?:tools|connectors\/[^/]+)$/, 'grants.changed'],
  [/^PATCH connectors\/[^/]+$/, 'connector.changed'],
  [/^POST connectors$/, 'connector.created'],
  [/^POST connectors\/[^/]+\/connect$/, 'connect.started'],
  [/^POST keys\/rotate$/, 'keys.rotated'],
];

/** Agents ask for connect links too. */
export const ALSO_BY_OTHERS: ReadonlySet<string> = new Set(['connect.started']);

export type Counted = { readonly acknowledged: number; readonly unknown: number };

/** A change that was not acknowledged; `isKnown`: it certainly did not happen. */
export class NotDone extends Error {
  readonly status: number | null;

  constructor(status: number | null, message: string) {
    super(message);
    this.status = status;
  }

  get isKnown(): boolean {
    return this.status !== null && this.status < 500;
  }
}

const LINES_KEPT = 5_000;

export function createLedger() {
  const lines: string[] = [];
  const keep = (began: number, method: string, path: string, end: string): void => {
    if (method === 'GET') return;
    lines.push(`${new Date(began).toISOString()} +${Date.now() - began} ms ${method} ${path}: ${end}`);
    if (lines.length > LINES_KEPT) lines.shift();
  };
  const counts = new Map<string, Record<Told, number>>();
  const note = (method: string, path: string, told: Told): void => {
    const action = ACTIONS.find(([pattern]) => pattern.test(`${method} ${path}`))?.[1];
    if (action === undefined) return;
    const mine = counts.get(action) ?? { acknowledged: 0, refused: 0, unknown: 0 };
    mine[told] += 1;
    counts.set(action, mine);
  };
  return {
    /** @param url where the API of one replica, or of any, is */
    async api<T>(url: string, token: string, method: string, path: string, body?: unknown): Promise<T> {
      const isRead = method === 'GET';
      const began = Date.now();
      let status: number | null = null;
      let text: string;
      try {
        const response = await fetch(`${url}/api/${path}`, {
          method,
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
          signal: AbortSignal.timeout(60_000),
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
        status = response.status;
        text = await response.text();
        keep(began, method, path, `${status}`);
      } catch (error) {
        keep(began, method, path, String(error));
        if (!isRead) note(method, path, 'unknown');
        throw new NotDone(null, `${method} ${path}: ${error instanceof Error ? error.message : error}`);
      }
      // The change before this one may have been made although nobody answered it.
      const isGone = method === 'DELETE' && status === 404;
      if (status >= 400 && !isGone) {
        if (!isRead) note(method, path, status >= 500 ? 'unknown' : 'refused');
        throw new NotDone(status, `${method} ${path}: ${status} ${text}`);
      }
      if (!isRead && !isGone) note(method, path, 'acknowledged');
      return (text === '' || isGone ? undefined : JSON.parse(text)) as T;
    },
    /** The newest changes that were asked for, of which the path holds all of `parts`. */
    history: (...parts: string[]): string[] =>
      lines.filter((line) => parts.every((part) => line.includes(part))).slice(-6),
    /** By line of the audit log. */
    counts: (): ReadonlyMap<string, Counted> => counts,
  };
}

export type Ledger = ReturnType<typeof createLedger>;
