// What the page reads: one entry for each resource, with the key under which its answer is kept.

import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, everyItem, firstItems, type Schemas, unwrap } from './client.ts';
import type { paths } from './schema.d.ts';

const PAGE = 200;

/** What a GET of this path answers. */
type Got<P extends keyof paths> = paths[P] extends {
  get: { responses: { 200: { content: { 'application/json': infer T } } } };
}
  ? T
  : never;

export type ConnectorSummary = Got<'/api/connectors/summary'>['items'][number];
export type AgentSummary = Got<'/api/agents/summary'>['items'][number];
export type ConnectorAgent = Got<'/api/connectors/{id}/agents'>['items'][number];
export type Warning = Got<'/api/health/forecast'>['items'][number];
export type CatalogueEntry = Got<'/api/catalogue'>['items'][number];
export type Person = Got<'/api/people'>['items'][number];
export type Connector = Got<'/api/connectors/{id}'>;
export type Agent = Schemas['Agent'];
export type AgentConnector = Schemas['AgentConnector'];
export type AgentTool = AgentConnector['tools'][number];
export type AgentKey = Schemas['AgentKey'];
export type Tool = Schemas['Tool'];
export type TranscriptEntry = Schemas['TranscriptEntry'];
export type Probe = Schemas['Probe'];
export type CallStats = Schemas['CallStats'];
export type CallGroup = CallStats['groups'][number];
export type ConnectorInput = Schemas['ConnectorInput'];
export type ConnectorChange = Schemas['ConnectorChange'];

export const connectorsQuery = queryOptions({
  queryKey: ['connectors', 'summary'],
  queryFn: ({ signal }) =>
    firstItems((cursor) => unwrap(api.GET('/api/connectors/summary', { params: { query: { cursor } }, signal }))),
});

/** The same from all connectors there are, for a list that is longer than the page keeps. */
export const foundConnectorsQuery = (search: string) =>
  queryOptions({
    queryKey: ['connectors', 'found', search],
    queryFn: async ({ signal }) =>
      (await unwrap(api.GET('/api/connectors/summary', { params: { query: { search } }, signal }))).items,
  });

export const connectorSummaryQuery = (id: string) =>
  queryOptions({
    queryKey: ['connectors', id, 'summary'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/connectors/{id}/summary', { params: { path: { id } }, signal })),
  });

export const connectorQuery = (id: string) =>
  queryOptions({
    queryKey: ['connectors', id],
    queryFn: ({ signal }) => unwrap(api.GET('/api/connectors/{id}', { params: { path: { id } }, signal })),
  });

export const toolsQuery = (id: string) =>
  queryOptions({
    queryKey: ['connectors', id, 'tools'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/connectors/{id}/tools', { params: { path: { id } }, signal })),
  });

export const transcriptQuery = (id: string) =>
  queryOptions({
    queryKey: ['connectors', id, 'transcript'],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/connectors/{id}/transcript', { params: { path: { id }, query: { limit: PAGE } }, signal })),
  });

export const agentsQuery = queryOptions({
  queryKey: ['agents', 'summary'],
  queryFn: async ({ signal }) =>
    (await firstItems((cursor) => unwrap(api.GET('/api/agents/summary', { params: { query: { cursor } }, signal }))))
      .items,
});

export const foundAgentsQuery = (search: string) =>
  queryOptions({
    queryKey: ['agents', 'found', search],
    queryFn: async ({ signal }) =>
      (await unwrap(api.GET('/api/agents/summary', { params: { query: { search } }, signal }))).items,
  });

export const connectorAgentsQuery = (id: string) =>
  queryOptions({
    queryKey: ['connectors', id, 'agents'],
    queryFn: ({ signal }) =>
      everyItem((cursor) =>
        unwrap(
          api.GET('/api/connectors/{id}/agents', { params: { path: { id }, query: { limit: PAGE, cursor } }, signal }),
        ),
      ),
  });

export const agentQuery = (id: string) =>
  queryOptions({
    queryKey: ['agents', id],
    queryFn: ({ signal }) => unwrap(api.GET('/api/agents/{id}', { params: { path: { id } }, signal })),
  });

export const agentConnectorsQuery = (id: string) =>
  queryOptions({
    queryKey: ['agents', id, 'connectors'],
    queryFn: ({ signal }) =>
      everyItem((cursor) =>
        unwrap(
          api.GET('/api/agents/{id}/connectors', {
            params: { path: { id }, query: { limit: PAGE, cursor } },
            signal,
          }),
        ),
      ),
  });

export const agentKeysQuery = (id: string) =>
  queryOptions({
    queryKey: ['agents', id, 'keys'],
    queryFn: ({ signal }) =>
      everyItem((cursor) =>
        unwrap(api.GET('/api/agents/{id}/keys', { params: { path: { id }, query: { limit: PAGE, cursor } }, signal })),
      ),
  });

export type Client = 'claude-code' | 'claude-desktop' | 'cursor' | 'vscode' | 'json';

export const clientConfigQuery = (id: string, client: Client) =>
  queryOptions({
    queryKey: ['agents', id, 'config', client],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/agents/{id}/mcp-config', { params: { path: { id }, query: { client } }, signal })),
    staleTime: Number.POSITIVE_INFINITY,
  });

export type StatsFilter = {
  groupBy: 'all' | 'agent' | 'connector' | 'tool' | 'hour';
  agentId?: string;
  connectorId?: string;
  toolName?: string;
  /** Hours back from now. */
  hours?: number;
  limit?: number;
};

export const statsQuery = ({ hours = 24, ...filter }: StatsFilter) =>
  queryOptions({
    queryKey: ['calls', 'stats', { hours, ...filter }],
    queryFn: ({ signal }) => {
      const since = new Date(Date.now() - hours * 3_600_000).toISOString();
      return unwrap(api.GET('/api/calls/stats', { params: { query: { ...filter, since } }, signal }));
    },
    placeholderData: keepPreviousData,
  });

export type CallFilter = {
  agentId?: string;
  connectorId?: string;
  toolName?: string;
  outcome?: 'ok' | 'tool_error' | 'error' | 'refused' | 'cancelled';
  limit?: number;
};

export const callsQuery = (filter: CallFilter) =>
  queryOptions({
    queryKey: ['calls', 'list', filter],
    queryFn: ({ signal }) => unwrap(api.GET('/api/calls', { params: { query: { limit: 50, ...filter } }, signal })),
    placeholderData: keepPreviousData,
  });

export const auditQuery = (filter: { connectorId?: string; agentId?: string; limit?: number }) =>
  queryOptions({
    queryKey: ['audit', filter],
    queryFn: ({ signal }) => unwrap(api.GET('/api/audit', { params: { query: { limit: 50, ...filter } }, signal })),
    placeholderData: keepPreviousData,
  });

export const tokensQuery = queryOptions({
  queryKey: ['tokens'],
  queryFn: ({ signal }) =>
    everyItem((cursor) => unwrap(api.GET('/api/tokens', { params: { query: { limit: PAGE, cursor } }, signal }))),
});

export const offeredQuery = (id: string) =>
  queryOptions({
    queryKey: ['agents', id, 'offered'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/agents/{id}/offered', { params: { path: { id } }, signal })),
  });

export const healthQuery = queryOptions({
  queryKey: ['health'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/health/forecast', { signal })),
});

export const catalogueQuery = queryOptions({
  queryKey: ['catalogue'],
  queryFn: async ({ signal }) => (await unwrap(api.GET('/api/catalogue', { signal }))).items,
  staleTime: Number.POSITIVE_INFINITY,
});

export const flowQuery = (flow: string) =>
  queryOptions({
    queryKey: ['flows', flow],
    queryFn: ({ signal }) => unwrap(api.GET('/api/flows/{flow}', { params: { path: { flow } }, signal })),
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  });

export const aboutQuery = queryOptions({
  queryKey: ['about'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/about', { signal })),
  staleTime: Number.POSITIVE_INFINITY,
});

export const syncQuery = queryOptions({
  queryKey: ['sync'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/sync', { signal })),
});
