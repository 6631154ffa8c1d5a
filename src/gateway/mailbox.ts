// Messages of agents that came to another process than the one that holds their call: answers to questions,
// and cancellations. They are left in the database, sealed, and looked for while a call here waits long
// enough that one may have come; nearly every call is over before.

import type { HubContext } from '../hub/context.ts';
import { MAIL_LIFETIME_MS, MAIL_PER_MINUTE, MAIL_POLL_MS } from '../limits.ts';
import type { JsonObject } from '../mcp/json.ts';
import { Secret } from '../secret.ts';

export type Mailbox = {
  /** Hears what is left at `address` until the answered function is called. */
  listen(address: string, take: (body: JsonObject) => void): () => void;
  /** Leaves `body` for whichever process listens at `address`; lost where the database fails or an agent leaves too many. */
  leave(agentId: string, address: string, body: JsonObject): Promise<void>;
  close(): void;
};

type Listener = { readonly take: (body: JsonObject) => void; readonly since: number };

export function createMailbox({
  store,
  vault,
  now,
  log,
}: Pick<HubContext, 'store' | 'vault' | 'now' | 'log'>): Mailbox {
  const listeners = new Map<string, Listener>();
  let timer: ReturnType<typeof setTimeout> | null = null;
  let isClosed = false;
  /** Letters of each agent in this minute: whoever writes more than people can say is not heard. */
  const left = new Map<string, number>();
  let minuteAt = now();
  const mayLeave = (agentId: string): boolean => {
    if (now() - minuteAt >= MAIL_LIFETIME_MS) {
      minuteAt = now();
      left.clear();
    }
    const count = (left.get(agentId) ?? 0) + 1;
    left.set(agentId, count);
    return count <= MAIL_PER_MINUTE;
  };
  const place = (address: string) => ({ kind: 'gateway.mail', id: address });

  /** null for one under a key that is gone; the others that were taken with it must still be heard. */
  const opened = async (address: string, sealed: string): Promise<JsonObject | null> => {
    try {
      return JSON.parse((await vault.open(sealed, place(address))).reveal()) as JsonObject;
    } catch (error) {
      log.warn({ err: error }, 'a message of an agent at another replica does not open');
      return null;
    }
  };

  const look = async (): Promise<void> => {
    const at = performance.now();
    const waiting = [...listeners]
      .filter(([, { since }]) => at - since >= MAIL_POLL_MS / 2)
      .map(([address]) => address);
    if (waiting.length > 0) {
      for (const { address, sealed } of await store.mail.take(waiting, now())) {
        const body = await opened(address, sealed);
        if (body !== null) listeners.get(address)?.take(body);
      }
    }
  };
  const schedule = (): void => {
    if (timer !== null || isClosed || listeners.size === 0) return;
    timer = setTimeout(() => {
      void look()
        .catch((error: unknown) => log.warn({ err: error }, 'messages of agents at other replicas could not be read'))
        .finally(() => {
          timer = null;
          schedule();
        });
    }, MAIL_POLL_MS);
    timer.unref();
  };

  return {
    listen(address, take) {
      const listener = { take, since: performance.now() };
      listeners.set(address, listener);
      schedule();
      return () => {
        if (listeners.get(address) === listener) listeners.delete(address);
      };
    },
    async leave(agentId, address, body) {
      if (!mayLeave(agentId)) return;
      try {
        const sealed = await vault.seal(new Secret(JSON.stringify(body)), place(address));
        await store.mail.leave({ address, sealed, expiresAt: now() + MAIL_LIFETIME_MS }, now());
      } catch (error) {
        log.warn({ err: error }, 'a message of an agent could not be left for another replica');
      }
    },
    close() {
      isClosed = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
}
