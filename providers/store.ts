// The authorization server's memory: an oidc-provider adapter over one Map per stand-in, so that a test can make
// tokens, grants or clients vanish, and the MCP side can look a token up where it was issued.
import type { Adapter, AdapterPayload } from 'oidc-provider';

type Entry = { payload: AdapterPayload; expiresAt: number };

export type TokenStore = {
  /** One oidc-provider model, such as AccessToken or Client. */
  adapter(model: string): Adapter;
  find(model: string, id: string): AdapterPayload | undefined;
  /** Forgets every record of a model. */
  forget(model: string): void;
};

export function createStore(): TokenStore {
  const entries = new Map<string, Entry>();

  const find = (model: string, id: string): AdapterPayload | undefined => {
    const key = `${model}:${id}`;
    const entry = entries.get(key);
    if (!entry) return undefined;
    if (entry.expiresAt > Date.now()) return entry.payload;
    entries.delete(key);
    return undefined;
  };

  const remove = (matches: (key: string, payload: AdapterPayload) => boolean): void => {
    for (const [key, entry] of entries) if (matches(key, entry.payload)) entries.delete(key);
  };

  const findBy = (model: string, matches: (payload: AdapterPayload) => boolean): AdapterPayload | undefined => {
    for (const [key, { payload }] of entries) {
      if (key.startsWith(`${model}:`) && matches(payload)) return find(model, key.slice(model.length + 1));
    }
    return undefined;
  };

  return {
    find,
    forget: (model) => remove((key) => key.startsWith(`${model}:`)),
    adapter: (model) => ({
      async upsert(id, payload, expiresIn) {
        const expiresAt = expiresIn === undefined ? Number.POSITIVE_INFINITY : Date.now() + expiresIn * 1000;
        entries.set(`${model}:${id}`, { payload, expiresAt });
      },
      async find(id) {
        return find(model, id);
      },
      async findByUid(uid) {
        return findBy(model, (payload) => payload.uid === uid);
      },
      async findByUserCode(userCode) {
        return findBy(model, (payload) => payload.userCode === userCode);
      },
      async consume(id) {
        const payload = find(model, id);
        if (payload) payload.consumed = Math.floor(Date.now() / 1000);
      },
      async destroy(id) {
        entries.delete(`${model}:${id}`);
      },
      async revokeByGrantId(grantId) {
        remove((key, payload) => key.startsWith(`${model}:`) && payload.grantId === grantId);
      },
    }),
  };
}
