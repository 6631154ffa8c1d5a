// The store, telling the change feed what is written through it: one place instead of a call in every use case.
// A write that fails tells nothing.

import type { Store } from '../store/store.ts';
import { type Change, type ChangeFeed, changeOf } from './change-feed.ts';

export function watchStore(store: Store, feed: Pick<ChangeFeed, 'publish' | 'wrote'>): Store {
  const { agents, audit, calls, connectors, credentials, grants, tools, transcripts } = store;
  const connector = (id: string | null): Change => ({ type: 'connector', id });
  const agent = (id: string): Change => ({ type: 'agent', id });
  const toolsOf = (id: string): Change => ({ type: 'tools', id });
  /** The same method, telling of a change once it has ended well. */
  const telling =
    <A extends unknown[], R>(method: (...values: A) => Promise<R>, changed: (...values: A) => Change) =>
    async (...values: A): Promise<R> => {
      const answer = await method(...values);
      feed.publish(changed(...values));
      return answer;
    };

  return {
    ...store,
    connectors: {
      ...connectors,
      insert: telling(connectors.insert, ({ id }) => connector(id)),
      update: telling(connectors.update, (id) => connector(id)),
      delete: telling(connectors.delete, (id) => connector(id)),
    },
    credentials: {
      ...credentials,
      put: telling(credentials.put, ({ connectorId }) => connector(connectorId)),
      update: telling(credentials.update, () => connector(null)),
      promote: telling(credentials.promote, () => connector(null)),
      delete: telling(credentials.delete, () => connector(null)),
    },
    tools: {
      ...tools,
      saveSnapshot: telling(tools.saveSnapshot, (id) => toolsOf(id)),
      approve: telling(tools.approve, (id) => toolsOf(id)),
      clear: telling(tools.clear, (id) => toolsOf(id)),
    },
    agents: {
      ...agents,
      insert: telling(agents.insert, ({ id }) => agent(id)),
      update: telling(agents.update, (id) => agent(id)),
      delete: telling(agents.delete, (id) => agent(id)),
      insertKey: telling(agents.insertKey, ({ agentId }) => agent(agentId)),
      deleteKey: telling(agents.deleteKey, (id) => agent(id)),
    },
    grants: {
      ...grants,
      replace: telling(grants.replace, (id) => agent(id)),
      setConnector: telling(grants.setConnector, (id) => agent(id)),
    },
    calls: {
      ...calls,
      async append(records, hours, captures) {
        await calls.append(records, hours, captures);
        for (const { id } of records) feed.wrote(id);
        feed.publish({ type: 'calls', id: null });
      },
    },
    audit: {
      ...audit,
      async append(record) {
        feed.wrote(record.id);
        await audit.append(record);
        feed.publish(changeOf(record));
      },
    },
    transcripts: {
      ...transcripts,
      async append(entries, keep) {
        for (const { id } of entries) feed.wrote(id);
        await transcripts.append(entries, keep);
        const [first] = entries;
        if (first !== undefined) feed.publish(connector(first.connectorId));
      },
    },
  };
}
