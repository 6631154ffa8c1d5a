// The hub: every use case as one object. HTTP, command line and embedders speak to this and to nothing
// behind it.

import { ChatelaineError } from '../errors.ts';
import { WATCH_RECONCILE_MS } from '../limits.ts';
import { clientMetadata } from '../oauth/client-metadata.ts';
import type { Secret } from '../secret.ts';
import type {
  ApiTokenRecord,
  AuditRecord,
  ConnectorRecord,
  FlowRecord,
  Page,
  PageRequest,
  TranscriptRecord,
} from '../store/records.ts';
import type { AuditFilter } from '../store/store.ts';
import { hashToken } from '../vault/hash.ts';
import { ownerOf, type ResolvedCredential, type ResolveOptions, resolveCredential } from './access-token.ts';
import { type AgentConnector, agentConnector, agentConnectors } from './agent-view.ts';
import {
  type AgentChange,
  type AgentInput,
  createAgent,
  createAgentKey,
  deleteAgent,
  deleteAgentKey,
  getAgent,
  updateAgent,
} from './agents.ts';
import { createApiToken, deleteApiToken, findApiToken } from './api-tokens.ts';
import type { Actor } from './audit.ts';
import { audit } from './audit.ts';
import { authorize } from './authorize.ts';
import { type CallEntry, createCallLog } from './call-log.ts';
import { callback } from './callback.ts';
import { type CallQuery, type CallStatsRequest, callStats, getCall, listCalls } from './calls.ts';
import { type ConfigClient, gatewayConfig, upstreamConfig } from './client-config.ts';
import { type ConnectRequest, connect } from './connect.ts';
import type { ConnectorChange, ConnectorInput } from './connector-input.ts';
import { checkSecret, invalid } from './connector-input.ts';
import type { ConnectorView } from './connector-view.ts';
import { connectorViews } from './connector-view.ts';
import { createConnector, deleteConnector, getConnector, updateConnector } from './connectors.ts';
import type { HubContext } from './context.ts';
import { disconnectByHand, setStaticSecret } from './credentials.ts';
import { setAllTools, setGrants } from './grants.ts';
import { rotateKeys, verifyKeys } from './keys.ts';
import { createListWatch } from './list-watch.ts';
import type { Maintenance } from './maintenance.ts';
import { startMaintenance } from './maintenance.ts';
import { overdueWork } from './overdue-work.ts';
import { probe } from './probe.ts';
import { registerAgain } from './registration.ts';
import { approveTool, reviewOf } from './tool-review.ts';
import { syncTools } from './tool-sync.ts';
import { type TryRequest, tryRequest } from './try-request.ts';

export type Hub = ReturnType<typeof assembleHub>;

/** Puts the use cases together over one context. Nothing runs by itself until `start()`. */
export function assembleHub(context: HubContext) {
  const callLog = createCallLog(context);
  let maintenance: Maintenance | null = null;
  let stopWatching: (() => Promise<void>) | null = null;

  const view = async (connector: ConnectorRecord): Promise<ConnectorView> => {
    const [only] = await connectorViews(context, [connector]);
    if (only === undefined) throw new ChatelaineError('internal_error', 'A connector could not be shown.');
    return only;
  };

  return {
    baseUrl: context.baseUrl,
    connectors: {
      probe: (input: { url: string; headers?: Record<string, string> | undefined }) => probe(context, input),
      create: async (input: ConnectorInput, actor: Actor) => view(await createConnector(context, input, actor)),
      get: async (id: string) => view(await getConnector(context, id)),
      list: async (page: PageRequest): Promise<Page<ConnectorView>> => {
        const { items, nextCursor } = await context.store.connectors.list(page);
        return { items: await connectorViews(context, items), nextCursor };
      },
      update: async (id: string, change: ConnectorChange, actor: Actor) => {
        const { connector, droppedSecrets } = await updateConnector(context, id, change, actor);
        return { ...(await view(connector)), droppedSecrets };
      },
      delete: (id: string, actor: Actor) => deleteConnector(context, id, actor),
      connect: async (id: string, request: ConnectRequest, actor: Actor) =>
        connect(context, await getConnector(context, id), request, actor),
      sync: async (id: string, agentId: string | null, actor: Actor) => {
        const connector = await getConnector(context, id);
        if (agentId !== null) await getAgent(context, agentId);
        return syncTools(context, connector, agentId, actor);
      },
      /** The snapshot in the server's order; the cursor is the name of the last tool of the page before. */
      tools: async (id: string, page: { limit?: number | undefined; cursor?: string | undefined } = {}) => {
        const connector = await getConnector(context, id);
        const all = await context.store.tools.list(connector.id, '');
        const start = page.cursor === undefined ? 0 : all.findIndex((tool) => tool.name === page.cursor) + 1;
        if (page.cursor !== undefined && start === 0) throw invalid('cursor', 'names no tool of this connector.');
        const items = all.slice(start, page.limit === undefined ? undefined : start + page.limit);
        const more = start + items.length < all.length;
        return {
          connector,
          items: items.map((tool) => reviewOf(connector, tool)),
          nextCursor: more ? (items.at(-1)?.name ?? null) : null,
        };
      },
      approveTool: async (id: string, name: string, digest: string | null, actor: Actor) =>
        approveTool(context, await getConnector(context, id), name, digest, actor),
      transcript: async (id: string, page: PageRequest): Promise<Page<TranscriptRecord>> =>
        context.store.transcripts.list((await getConnector(context, id)).id, page),
      registerAgain: async (id: string, actor: Actor) => registerAgain(context, await getConnector(context, id), actor),
      disconnect: async (id: string, actor: Actor) =>
        disconnectByHand(context, await getConnector(context, id), null, actor),
      request: async (id: string, request: TryRequest, actor: Actor) => {
        const connector = await getConnector(context, id);
        if (request.agentId != null) await getAgent(context, request.agentId);
        return tryRequest(context, connector, request, actor);
      },
    },

    agents: {
      create: (input: AgentInput, actor: Actor) => createAgent(context, input, actor),
      get: (id: string) => getAgent(context, id),
      list: (page: PageRequest) => context.store.agents.list(page),
      update: (id: string, change: AgentChange, actor: Actor) => updateAgent(context, id, change, actor),
      delete: (id: string, actor: Actor) => deleteAgent(context, id, actor),
      connectors: async (id: string, page: PageRequest): Promise<Page<AgentConnector>> =>
        agentConnectors(context, await getAgent(context, id), page),
      setTools: async (id: string, names: readonly string[], actor: Actor) =>
        setGrants(context, await getAgent(context, id), names, actor),
      setAllTools: async (id: string, connectorId: string, allTools: boolean, actor: Actor) => {
        const agent = await getAgent(context, id);
        const connector = await getConnector(context, connectorId);
        await setAllTools(context, agent, connector, allTools, actor);
        return agentConnector(context, agent, connector);
      },
      setCredential: async (id: string, connectorId: string, secret: string, actor: Actor) => {
        const agent = await getAgent(context, id);
        const connector = await getConnector(context, connectorId);
        if (connector.authType === 'oauth' || connector.authType === 'none') {
          throw invalid('secret', `${connector.name} takes no static secret (authType ${connector.authType}).`);
        }
        if (connector.credentialMode !== 'per_agent')
          throw invalid('secret', `${connector.name} has one shared secret; change the connector instead.`);
        const credential = await setStaticSecret(
          context,
          connector,
          agent.id,
          checkSecret(connector.authType, secret),
          actor,
        );
        // A connector without tools learns them from the first agent that can ask.
        if (connector.toolsSyncedAt === null)
          await syncTools(context, connector, agent.id, actor).catch(() => undefined);
        return credential;
      },
      disconnect: async (id: string, connectorId: string, actor: Actor) => {
        const agent = await getAgent(context, id);
        const connector = await getConnector(context, connectorId);
        if (connector.credentialMode !== 'per_agent')
          throw invalid(
            'connectorId',
            `${connector.name} has one shared credential; disconnect the connector instead.`,
          );
        return disconnectByHand(context, connector, agent.id, actor);
      },
      createKey: (
        id: string,
        input: { label?: string | undefined; expiresAt?: number | null | undefined },
        actor: Actor,
      ) => createAgentKey(context, id, input, actor),
      keys: async (id: string, page: PageRequest) =>
        context.store.agents.listKeys((await getAgent(context, id)).id, page),
      deleteKey: (id: string, keyId: string, actor: Actor) => deleteAgentKey(context, id, keyId, actor),
      gatewayConfig: async (id: string, client: ConfigClient) => {
        await getAgent(context, id);
        return gatewayConfig(context, client, null);
      },
      /** The same file with a key filled in that was made just now: afterwards nobody has it. */
      keyConfig: (client: ConfigClient, key: Secret) => gatewayConfig(context, client, key),
      upstreamConfig: async (id: string, client: ConfigClient, actor: Actor) =>
        upstreamConfig(context, await getAgent(context, id), client, actor),
    },

    /** What agents may do, decided in memory for every call. */
    access: context.agentAccess,

    apiTokens: {
      create: (
        input: { label?: string | undefined; role: ApiTokenRecord['role']; expiresAt?: number | null | undefined },
        actor: Actor,
      ) => createApiToken(context, input, actor),
      list: (page: PageRequest) => context.store.apiTokens.list(page),
      delete: (id: string, actor: Actor) => deleteApiToken(context, id, actor),
      find: (presented: Secret) => findApiToken(context, presented),
      count: () => context.store.apiTokens.count(),
    },

    /** The browser's part of a flow. */
    browser: {
      authorize: (ticket: string, browser: Secret) => authorize(context, ticket, browser),
      callback: (parameters: URLSearchParams, browser: Secret | null) => callback(context, parameters, browser),
      /** How a flow of this very browser ended, for the page it lands on. */
      outcome: async (flowId: string, browser: Secret | null): Promise<FlowRecord['outcome']> => {
        const flow = await context.store.flows.get(flowId);
        if (flow === null || browser === null || flow.browserHash !== (await hashToken(browser))) return null;
        return flow.outcome;
      },
      clientMetadata: () =>
        clientMetadata({
          redirectUri: context.redirectUri,
          clientName: context.clientName,
          clientUri: context.baseUrl,
          ...(context.clientMetadataUrl === null ? {} : { clientId: context.clientMetadataUrl }),
        }),
    },

    audit: {
      list: (filter: AuditFilter, page: PageRequest): Promise<Page<AuditRecord>> =>
        context.store.audit.list(filter, page),
      record: (actor: Actor, action: string, detail: Record<string, unknown> = {}) =>
        audit(context, actor, action, { detail }),
    },

    /**
     * The headers with which an agent may speak to a connector now (agentId null: only shared connectors).
     * @throws connect_required, secret_required, reauthorization_required
     */
    resolve: async (
      connectorId: string,
      agentId: string | null,
      options: ResolveOptions = {},
    ): Promise<ResolvedCredential> =>
      resolveCredential(context, await getConnector(context, connectorId), agentId, options),
    ownerOf,
    /** The call log. */
    calls: {
      /** Never blocks, never throws. */
      record: (entry: CallEntry): void => callLog.record(entry),
      queued: (): number => callLog.queued(),
      list: (query: CallQuery, page: PageRequest) => listCalls(context, query, page),
      /** With what was captured of it, if anything. @throws not_found */
      get: (id: string) => getCall(context, id),
      stats: (request: CallStatsRequest) => callStats(context, request),
    },

    /** For monitoring: active credentials in each state, and what waits too long. */
    credentialStates: () => context.store.credentials.countByState(),
    overdueWork: () => overdueWork(context),
    keys: {
      rotate: (actor: Actor, onProgress?: (kind: string, checked: number) => void) =>
        rotateKeys(context, actor, onProgress),
      verify: () => verifyKeys(context),
      /** Marks credentials that no longer open, so that the page tells before an agent fails. */
      markUnreadable: () => verifyKeys(context, ['credential.secret']),
    },

    /** @throws store_unavailable */
    ping: () => context.store.ping(),
    /** When this process last looked for due work; null before the first time, and where others do it. */
    lookedForWorkAt: () => maintenance?.lookedAt() ?? null,
    /** Starts what happens by itself: refresh ahead of time, scheduled sync, listening for changes. */
    start(): void {
      if (maintenance !== null) return;
      maintenance = startMaintenance(context);
      const watch = createListWatch(context);
      const reconcile = (): void => {
        void watch
          .reconcile()
          .catch((error: unknown) => context.log.warn({ err: error }, 'listening for changes could not be arranged'));
      };
      const timer = setInterval(reconcile, WATCH_RECONCILE_MS);
      timer.unref();
      stopWatching = async () => {
        clearInterval(timer);
        await watch.stop();
      };
      void maintenance.round();
      reconcile();
    },

    /** One round of background work now. */
    maintain: async (): Promise<void> => {
      maintenance ??= startMaintenance(context);
      await maintenance.round();
    },

    /** Ends background work and the store; requests under way should be finished first. */
    async close(): Promise<void> {
      await stopWatching?.();
      await maintenance?.stop();
      await callLog.close();
      await context.agentAccess.close();
      await context.lateSaves.close();
      await context.store.close();
    },
  };
}
