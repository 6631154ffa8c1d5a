// What callers send and get for connectors.

import { z } from '@hono/zod-openapi';
import { callLimit, nullableTime, time } from './shapes.ts';

const authType = z.enum(['none', 'bearer', 'api_key_header', 'oauth']);
const credentialMode = z.enum(['shared', 'per_agent']);
const registrationKind = z.enum(['pre_registered', 'client_id_metadata_document', 'dynamic', 'manual']);
const authMethod = z.enum(['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt']);

const secretText = 'A secret, or a reference: env:CHATELAINE_SECRET_… or file:NAME. Never returned.';

const oauthInput = z
  .strictObject({
    grant: z.enum(['authorization_code', 'client_credentials']).optional(),
    issuer: z.string().nullable().optional(),
    authorizationEndpoint: z.string().nullable().optional(),
    tokenEndpoint: z.string().nullable().optional(),
    revocationEndpoint: z.string().nullable().optional(),
    clientId: z.string().nullable().optional(),
    clientSecret: z
      .string()
      .nullable()
      .optional()
      .openapi({ description: `${secretText} Blank keeps the stored one.` }),
    privateKey: z
      .string()
      .nullable()
      .optional()
      .openapi({ description: 'PKCS#8 PEM or JWK for private_key_jwt. Never returned.' }),
    privateKeyAlgorithm: z.string().nullable().optional(),
    privateKeyId: z.string().nullable().optional(),
    scope: z.string().nullable().optional(),
    scopeAllowList: z.string().nullable().optional(),
    resource: z
      .enum(['auto', 'always', 'never'])
      .optional()
      .openapi({ description: 'Whether the resource parameter (RFC 8707) is sent' }),
    tokenEndpointAuthMethod: authMethod.nullable().optional(),
    allowMissingPkce: z.boolean().optional(),
    allowLegacyDiscovery: z.boolean().optional(),
    offlineAccess: z.boolean().optional(),
  })
  .openapi('OAuthInput');

const limits = z.object({
  callsInFlight: callLimit('callsInFlight', 'Calls of all agents under way at once'),
  timeoutSeconds: callLimit('timeoutSeconds', 'A call may take this long'),
  breaker: z.boolean().openapi({
    description:
      'Whether calls are refused at once, with error code circuit_open, while the server keeps failing (unreachable, timed out, HTTP 5xx, broken answers); true unless said otherwise',
  }),
});
const toolReview = z.enum(['notify', 'hold']).openapi({
  description:
    'What happens when the server changes the definition of a granted tool: notify shows it, hold suspends the tool until the change is approved',
});

const capture = z.enum(['off', 'redacted']).openapi({
  description:
    'Whether the call log keeps arguments and results of tools/call: never, or without what looks like a secret, cut at 4 kB, encrypted, and as long as the call; GET /api/calls/{id} shows them to whoever may read the call log',
});

const inputFields = {
  name: z.string(),
  url: z.string(),
  authType: authType.optional(),
  credentialMode: credentialMode.nullable().optional(),
  headerName: z.string().nullable().optional(),
  secret: z.string().nullable().optional().openapi({ description: secretText }),
  oauth: oauthInput.nullable().optional(),
  toolReview: toolReview.optional(),
  limits: limits.partial().strict().optional(),
  capture: capture.optional(),
};

export const connectorInput = z
  .strictObject({ ...inputFields, headers: z.record(z.string(), z.string()).optional() })
  .openapi('ConnectorInput');

export const connectorChange = z
  .strictObject({
    ...inputFields,
    name: z.string().optional(),
    url: z.string().optional(),
    headers: z
      .record(z.string(), z.string().nullable())
      .optional()
      .openapi({ description: 'A string sets, null removes, absent stays' }),
  })
  .openapi('ConnectorChange');

const fault = z.object({ code: z.string(), message: z.string(), at: time });

export const connector = z
  .object({
    id: z.string(),
    key: z.string(),
    name: z.string(),
    url: z.string(),
    authType,
    credentialMode: credentialMode.nullable(),
    headerName: z.string().nullable(),
    headerNames: z.array(z.string()),
    credential: z.object({
      configured: z.boolean(),
      setAt: nullableTime,
      expiresAt: nullableTime,
      refreshedAt: nullableTime,
      refreshable: z.boolean(),
      scope: z.string().nullable(),
      state: z.string(),
      reason: z.string().nullable(),
      stateAt: nullableTime,
      missingScope: z.string().nullable(),
      pending: z.boolean().openapi({ description: 'A new authorization waits until it has listed the tools' }),
      agents: z.number().int().nullable().openapi({ description: 'Agents with a credential of their own (per_agent)' }),
    }),
    server: z.object({
      reachable: z.boolean().nullable(),
      checkedAt: nullableTime,
      error: fault.nullable(),
      name: z.string().nullable(),
      version: z.string().nullable(),
      protocolVersion: z.string().nullable(),
      transport: z.string().nullable(),
    }),
    tools: z.object({
      count: z.number().int(),
      syncedAt: nullableTime,
      lastError: fault.nullable(),
      nextSyncAt: nullableTime,
    }),
    toolReview,
    limits,
    capture,
    oauth: z
      .object({
        grant: z.string(),
        issuer: z.string().nullable(),
        resource: z.string().nullable(),
        discovery: z.string().nullable(),
        discoveredAt: nullableTime,
        scopesSupported: z.array(z.string()).nullable(),
        registration: registrationKind.nullable(),
        authorizationEndpoint: z.string().nullable(),
        tokenEndpoint: z.string().nullable(),
        revocationEndpoint: z.string().nullable(),
        pinnedIssuer: z.string().nullable(),
        clientConfigured: z.boolean(),
        clientSetAt: nullableTime,
        scope: z.string().nullable(),
        scopeAllowList: z.string().nullable(),
        resourcePolicy: z.string(),
        tokenEndpointAuthMethod: z.string().nullable(),
        allowMissingPkce: z.boolean(),
        allowLegacyDiscovery: z.boolean(),
        offlineAccess: z.boolean(),
      })
      .nullable(),
    createdAt: time,
    updatedAt: time,
  })
  .openapi('Connector');

const request = z.object({
  at: time,
  step: z.string(),
  method: z.string().nullable(),
  url: z.string().nullable(),
  status: z.number().int().nullable(),
  durationMs: z.number().nullable(),
  decision: z.string().nullable(),
});

export const consent = z
  .object({
    by: z.string().nullable().openapi({ description: 'Who gave it, as the audit log says' }),
    at: time,
    nextRefreshAt: nullableTime,
    refreshFailures: z.number().int(),
    issuer: z.string().nullable(),
    registration: registrationKind.nullable(),
  })
  .openapi('Consent');

export const transcriptEntry = request
  .extend({ id: z.string(), operation: z.string(), operationId: z.string(), agentId: z.string().nullable() })
  .openapi('TranscriptEntry');

export const probeResult = z
  .object({
    url: z.string(),
    reachable: z.boolean(),
    status: z.number().int().nullable(),
    protocol: z.object({ version: z.string(), era: z.string(), transport: z.string() }).nullable(),
    serverName: z.string().nullable(),
    suggestedAuthType: authType.nullable(),
    resource: z.string().nullable(),
    issuer: z.string().nullable(),
    authorizationEndpoint: z.string().nullable(),
    registration: registrationKind.nullable(),
    redirectUri: z.string(),
    scopes: z.array(z.string()),
    refreshTokenLikely: z.boolean().nullable(),
    pkce: z.boolean().nullable(),
    listsWithoutCredential: z.boolean(),
    toolCount: z.number().int().nullable(),
    findings: z.array(z.object({ severity: z.enum(['error', 'warning']), code: z.string(), message: z.string() })),
    requests: z.array(request),
  })
  .openapi('Probe');

export const syncResult = z
  .object({
    count: z.number().int(),
    added: z.array(z.string()),
    removed: z.array(z.string()),
    changed: z.array(z.string()),
    dropped: z
      .array(z.object({ name: z.string(), reason: z.string() }))
      .openapi({ description: 'Listed by the server but not offered, and why' }),
    syncedAt: time,
  })
  .openapi('SyncResult');
