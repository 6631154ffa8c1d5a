// One request to a connector's server with the right credential, for trying a tool and for finding out
// what is wrong. It goes the way every call goes: resolver, refusals, states.

import { TRY_REQUEST_TIMEOUT_MS } from '../limits.ts';
import { callMethod } from '../mcp/call-tool.ts';
import { acceptWithDefaults, answerInputRequests } from '../mcp/elicitation.ts';
import { listTools } from '../mcp/list-tools.ts';
import type { ElicitationHandler, ToolDefinition } from '../mcp/types.ts';
import type { Upstream } from '../mcp/upstream.ts';
import type { ConnectorRecord } from '../store/records.ts';
import type { Actor } from './audit.ts';
import { audit } from './audit.ts';
import type { HubContext } from './context.ts';
import { createRecorder } from './transcript.ts';
import { withUpstream } from './upstream-session.ts';

export const TRY_METHODS = [
  'tools/list',
  'tools/call',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'prompts/list',
  'prompts/get',
  'completion/complete',
] as const;

export type TryRequest = {
  readonly method: (typeof TRY_METHODS)[number];
  readonly params?: Readonly<Record<string, unknown>> | undefined;
  readonly agentId?: string | null | undefined;
  /** Answers of the person to an earlier `input_required`, with its `requestState` byte for byte. */
  readonly inputResponses?: Readonly<Record<string, unknown>> | undefined;
  readonly requestState?: string | undefined;
  /**
   * `accept_defaults` fills forms with their defaults (SEP-1034); `ask` hands a modern server's questions
   * (forms, and pages to open) back as `input_required`, to be answered with `inputResponses`; otherwise no form is offered to be filled.
   */
  readonly elicitation?: 'decline' | 'accept_defaults' | 'ask' | undefined;
  /** Speaks exactly this revision instead of finding out. */
  readonly protocolVersion?: string | undefined;
};

export type TryResult = {
  readonly resultType: 'complete' | 'input_required';
  readonly result: Record<string, unknown>;
};

/** Forms, and pages that the person opens. */
const ANSWERED_BY_A_PERSON = { elicitation: { form: {}, url: {} } };

/** @throws what withUpstream throws; rpc_error with the server's own error */
export async function tryRequest(
  context: HubContext,
  connector: ConnectorRecord,
  request: TryRequest,
  actor: Actor,
): Promise<TryResult> {
  const agentId = request.agentId ?? null;
  const recorder = createRecorder(context, 'request');
  const onElicitation = elicitationHandler(request.elicitation ?? 'decline');
  await audit(context, actor, 'request.tried', {
    connectorId: connector.id,
    agentId,
    detail: { method: request.method, name: nameIn(request.params) },
  });
  try {
    return await withUpstream(
      context,
      connector,
      agentId,
      recorder,
      {
        ...(onElicitation === undefined ? {} : { onElicitation }),
        ...(request.elicitation === 'ask' ? { clientCapabilities: ANSWERED_BY_A_PERSON } : {}),
        ...(request.protocolVersion === undefined ? {} : { pinnedVersion: request.protocolVersion }),
        signal: AbortSignal.timeout(TRY_REQUEST_TIMEOUT_MS),
      },
      (upstream) => run(context, connector, request, upstream, onElicitation),
    );
  } finally {
    await recorder.save(connector.id, agentId);
  }
}

function elicitationHandler(mode: NonNullable<TryRequest['elicitation']>): ElicitationHandler | undefined {
  switch (mode) {
    case 'decline':
      return undefined;
    case 'ask':
      // Modern servers get their answers from the caller; an older one asks in mid-call, where nobody can be asked.
      return async () => ({ action: 'decline' });
    case 'accept_defaults':
      return async (params) => ({
        action: 'accept',
        content: acceptWithDefaults((params as { requestedSchema?: unknown }).requestedSchema),
      });
  }
}

const nameIn = (params: TryRequest['params']): string | null => {
  const name = params?.name ?? params?.uri;
  return typeof name === 'string' ? name.slice(0, 200) : null;
};

async function run(
  context: HubContext,
  connector: ConnectorRecord,
  request: TryRequest,
  upstream: Upstream,
  onElicitation: ElicitationHandler | undefined,
): Promise<TryResult> {
  const params = { ...request.params };
  const tool =
    request.method === 'tools/call' && typeof params.name === 'string'
      ? await knownTool(context, connector, params.name)
      : undefined;
  const call = {
    method: request.method,
    params,
    ...(tool === undefined ? {} : { tool }),
    ...(request.inputResponses === undefined ? {} : { inputResponses: request.inputResponses }),
    ...(request.requestState === undefined ? {} : { requestState: request.requestState }),
    relist: async () => (await listTools(upstream)).tools.find((candidate) => candidate.name === params.name),
  };
  if (onElicitation !== undefined && request.elicitation !== 'ask')
    return { resultType: 'complete', result: await answerInputRequests(upstream, call, onElicitation) };
  return callMethod(upstream, call);
}

/** The definition decides which arguments are mirrored into headers. */
async function knownTool(
  context: HubContext,
  connector: ConnectorRecord,
  name: string,
): Promise<ToolDefinition | undefined> {
  const stored = await context.store.tools.get(connector.id, name);
  return stored === null || stored.state === 'gone' ? undefined : (JSON.parse(stored.definition) as ToolDefinition);
}
