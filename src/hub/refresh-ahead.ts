// Renews tokens before anybody would have to wait for it, those that end first in front. Each authorization server
// has a line of its own, so that one that hangs holds up nobody else's tokens; how many of its requests are in
// flight, from all processes together, token-lanes.ts says. Every process may do this at the same time: whoever
// comes second sees that the token is new.

import { isChatelaineError } from '../errors.ts';
import { REFRESH_AHEAD_MS } from '../limits.ts';
import type { CredentialRecord } from '../store/records.ts';
import { REFRESH_EARLIER_MS, REFRESH_LINE_MAX, REFRESH_LINES_MAX, TOKEN_REQUESTS_PER_ISSUER } from '../work-limits.ts';
import type { HubContext } from './context.ts';
import { laneOf, refreshCredential } from './refresh.ts';

const PAGE = 200;
/** As many in a row that were not renewed: the server is in trouble, and the rest waits for the next look. */
const FAILURES_MAX = 2 * TOKEN_REQUESTS_PER_ISSUER;

export type RefreshAhead = {
  /** Puts what is due in line; does not wait for it. @throws store_unavailable */
  look(): Promise<void>;
  /** Waits until nothing is in line. */
  idle(): Promise<void>;
  /** Leaves what waits, and waits for what is under way. */
  stop(): Promise<void>;
};

type Line = { readonly waiting: CredentialRecord[]; workers: number; failures: number; isCut: boolean };

export function createRefreshAhead(context: HubContext): RefreshAhead {
  const lines = new Map<string, Line>();
  const inLine = new Set<string>();
  const running = new Set<Promise<void>>();
  let stopped = false;

  const look = async (): Promise<void> => {
    const now = context.now();
    let after: CredentialRecord | undefined;
    do {
      const due = await context.store.credentials.dueForRefresh(
        now,
        now + REFRESH_AHEAD_MS + REFRESH_EARLIER_MS,
        PAGE,
        after,
      );
      for (const credential of due) if (isDue(credential, now)) enqueue(credential);
      after = due.length < PAGE ? undefined : due.at(-1);
    } while (after !== undefined && inLine.size < REFRESH_LINES_MAX && !stopped);
  };

  const enqueue = (credential: CredentialRecord): void => {
    if (stopped || inLine.has(credential.id)) return;
    const issuer = laneOf(credential);
    let line = lines.get(issuer);
    if (line === undefined) {
      line = { waiting: [], workers: 0, failures: 0, isCut: false };
      lines.set(issuer, line);
    }
    if (line.waiting.length >= REFRESH_LINE_MAX) {
      line.isCut = true;
      return;
    }
    inLine.add(credential.id);
    line.waiting.push(credential);
    if (line.workers === TOKEN_REQUESTS_PER_ISSUER) return;
    line.workers += 1;
    const work = serve(issuer, line).finally(() => running.delete(work));
    running.add(work);
  };

  const serve = async (issuer: string, line: Line): Promise<void> => {
    for (let credential = take(line); credential !== undefined; credential = take(line)) {
      const isRenewed = await renew(credential);
      inLine.delete(credential.id);
      line.failures = isRenewed ? 0 : line.failures + 1;
      if (line.failures >= FAILURES_MAX) for (const { id } of line.waiting.splice(0)) inLine.delete(id);
    }
    line.workers -= 1;
    if (line.workers > 0) return;
    lines.delete(issuer);
    // There was more than fits in a line.
    if (line.isCut && line.failures < FAILURES_MAX && !stopped) await look().catch(() => undefined);
  };

  /** Processes that work side by side begin at different ones. */
  const take = ({ waiting }: Line): CredentialRecord | undefined => {
    if (stopped) return undefined;
    if (context.store.dialect === 'sqlite') return waiting.shift();
    const some = Math.floor(Math.random() * Math.min(waiting.length, PAGE));
    return waiting.splice(some, 1)[0];
  };

  /** Whether it has a new token, from whomever. */
  const renew = async (seen: CredentialRecord): Promise<boolean> => {
    try {
      const credential = await context.store.credentials.get(seen.id);
      if (credential === null || credential.generation !== seen.generation) return true;
      const connector = await context.store.connectors.get(credential.connectorId);
      if (connector === null) return true;
      const renewed = await refreshCredential(context, connector, credential, { force: false, urgency: 'background' });
      return renewed.generation > seen.generation;
    } catch (error) {
      const told = { connectorId: seen.connectorId, credentialId: seen.id };
      if (isChatelaineError(error))
        context.log.info({ ...told, code: error.code }, 'a token could not be renewed ahead of time');
      else context.log.error({ ...told, err: error }, 'renewing a token ahead of time failed unexpectedly');
      return false;
    }
  };

  const idle = async (): Promise<void> => {
    while (running.size > 0) await Promise.all(running);
  };

  return {
    look,
    idle,
    async stop() {
      stopped = true;
      await idle();
    },
  };
}

/** A token that lives for minutes only is not renewed before half of that is over. */
function isDue({ expiresAt, refreshedAt, setAt }: CredentialRecord, now: number): boolean {
  const end = expiresAt ?? Number.POSITIVE_INFINITY;
  const lifetime = end - (refreshedAt ?? setAt);
  return end - now <= Math.max(lifetime / 2, 0);
}
