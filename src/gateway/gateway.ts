// The gateway: `/mcp` and `/mcp/{key}` as one function from an agent's HTTP request to its answer. Lets in who
// has an agent key (RFC 6750, RFC 9728), reads the message, hands it to the face of its era.

import { isChatelaineError } from '../errors.ts';
import type { CallEntry } from '../hub/call-log.ts';
import type { HubContext } from '../hub/context.ts';
import type { Hub } from '../hub/hub.ts';
import { AGENT_REQUEST_MAX_BYTES } from '../limits.ts';
import type { RequestId } from '../mcp/json-rpc.ts';
import { INTERNAL_ERROR } from '../mcp/json-rpc.ts';
import { Secret } from '../secret.ts';
import type { AgentHeaders, AgentHttp, AgentRequest, Visit } from './agent-call.ts';
import type { AgentMessage } from './agent-message.ts';
import { idOf, parseBody, readMessage } from './agent-message.ts';
import { createOpenQuestions } from './agent-stream.ts';
import {
  type AgentAnswer,
  AgentRefusal,
  accepted,
  INVALID_REQUEST,
  json,
  REFUSED,
  refusalResponse,
} from './answers.ts';
import { answerBatch } from './batch.ts';
import { createCallLimits } from './call-limits.ts';
import { createCircuits } from './circuits.ts';
import { createConnections } from './connections.ts';
import type { FaceParts } from './face-parts.ts';
import { answerLegacy, endSession, initialize, listen, sessionOf, takeLegacy } from './legacy-face.ts';
import { createMailbox } from './mailbox.ts';
import { flawIn } from './message-text.ts';
import { createMissingCredentials } from './missing-credential.ts';
import { answerModern } from './modern-face.ts';
import { createOfferedTools } from './offered-tools.ts';
import { createLegacyRelay } from './relay-legacy.ts';
import type { Tracer } from './request-trace.ts';
import { createServerFacts } from './server-facts.ts';
import { createLogLevels, createSessionIds } from './session-id.ts';
import { traced } from './trace.ts';

const JSON_TYPE = /^application\/json\s*(?:;|$)/i;
const BEARER = /^Bearer +([\x21-\x7e]+)$/i;

export type Gateway = {
  /** Answers a request to `/mcp/{key}`, or with `key` null to `/mcp`. */
  handle(request: AgentHttp, key: string | null): Promise<AgentAnswer>;
  /** The protected resource metadata of an endpoint. @see RFC 9728 section 3 */
  metadata(key: string | null): AgentAnswer;
  /** Keys of the connectors whose server keeps failing, so that calls to it are refused for now. */
  openCircuits(): readonly string[];
  /** Ends the streams on which agents only listen, within a second: they are taken up again at another replica. */
  endStreams(): void;
  close(): Promise<void>;
};

export function createGateway(
  context: HubContext,
  hub: Pick<Hub, 'access' | 'connectors'>,
  record: (entry: CallEntry) => void,
  tracer: Tracer | null = null,
): Gateway {
  const connections = createConnections(context);
  const offered = createOfferedTools();
  let isEnding = false;
  const mailbox = createMailbox(context);
  const shared = { context, hub, record, connections, offered, tracer };
  const parts: FaceParts = {
    ...shared,
    questions: createOpenQuestions(mailbox),
    mailbox,
    logLevels: createLogLevels(),
    sessionIds: createSessionIds(context.vault, context.now),
    serverInfo: { name: context.clientName, version: context.version },
    missing: createMissingCredentials(shared),
    relay: createLegacyRelay(shared),
    underWay: new Map(),
    facts: createServerFacts(shared),
    limits: createCallLimits(context.now),
    circuits: createCircuits(context.now),
    async mayListen({ headers, endpoint }, credentialId) {
      const presented = presentedKey(headers);
      const access = presented && (await hub.access.byKey(presented));
      if (isEnding || access === null || endpoint === null || !access.connectors.has(endpoint)) return false;
      if (credentialId === null) return true;
      return (await context.store.credentials.get(credentialId))?.slot === 'active';
    },
    toolsNow: async ({ headers, endpoint }) => {
      const presented = presentedKey(headers);
      const access = presented && (await hub.access.byKey(presented));
      return isEnding || access === null ? null : offered.list(access, endpoint);
    },
  };

  return {
    async handle(request, key) {
      let id: RequestId | null = null;
      try {
        const presented = presentedKey(request.headers);
        const access = presented && (hub.access.known(presented) ?? (await hub.access.byKey(presented)));
        if (access === null) return unauthorized(context.baseUrl, key, request.headers.authorization !== undefined);
        if (key !== null && !access.connectors.has(key)) throw notThere();
        const visit: Visit = { access, endpoint: key, headers: request.headers, hangUp: request.hangUp };
        if (request.method !== 'POST') return await besidePosts(parts, visit, request.method);
        const text = await bodyOf(request);
        if (text === null) throw tooLarge();
        const body = parseBody(text);
        id = idOf(body);
        if (!Array.isArray(body)) return await answer(parts, visit, readMessage(body, request.headers), text);
        const { version } = await sessionOf(parts, visit);
        return await answerBatch(version, body, (message) => answerOfBatch(parts, visit, message));
      } catch (error) {
        return answerOfError(context, error, id);
      }
    },
    metadata: (key) =>
      json({
        resource: endpointUrl(context.baseUrl, key),
        resource_name: context.clientName,
        bearer_methods_supported: ['header'],
      }),
    openCircuits: () => parts.circuits.open(),
    endStreams() {
      isEnding = true;
    },
    close() {
      mailbox.close();
      return connections.close();
    },
  };
}

async function answerOfBatch(parts: FaceParts, visit: Visit, message: unknown): Promise<AgentAnswer> {
  try {
    const text = JSON.stringify(message);
    // Of the whole batch only its own two levels were judged.
    if (flawIn(text) !== null) throw new AgentRefusal(400, INVALID_REQUEST, 'The message holds a key twice.');
    return await answer(parts, visit, readMessage(message, visit.headers), text);
  } catch (error) {
    return answerOfError(parts.context, error, idOf(message));
  }
}

function answerOfError({ log }: Pick<HubContext, 'log'>, error: unknown, id: RequestId | null): AgentAnswer {
  if (error instanceof AgentRefusal) return refusalResponse(error, id);
  if (isChatelaineError(error, 'store_unavailable')) {
    const headers = { 'retry-after': '1' };
    return refusalResponse(new AgentRefusal(503, INTERNAL_ERROR, error.message, { headers }), id);
  }
  log.error({ err: error }, 'a request to the gateway failed');
  const message = 'Something went wrong in the hub; its log says more.';
  return refusalResponse(new AgentRefusal(500, INTERNAL_ERROR, message), id);
}

function answer(parts: FaceParts, visit: Visit, message: AgentMessage, text: string): Promise<AgentAnswer> {
  if (parts.tracer === null || message.kind !== 'request') return answerMessage(parts, visit, message, text);
  return traced(parts.tracer, visit, message, (trace) => answerMessage(parts, { ...visit, trace }, message, text));
}

async function answerMessage(
  parts: FaceParts,
  visit: Visit,
  message: AgentMessage,
  text: string,
): Promise<AgentAnswer> {
  if (message.era === 'modern') {
    if (message.kind !== 'request') return accepted();
    return answerModern(parts, { ...visit, ...message, text, session: null });
  }
  if (message.kind === 'request' && message.method === 'initialize')
    return initialize(parts, visit, message.id, message.params);
  const known = sessionOf(parts, visit);
  const session = known instanceof Promise ? await known : known;
  if (message.kind !== 'request') return takeLegacy(parts, visit, session, message);
  const request: AgentRequest = { ...visit, ...message, text, session, capabilities: session.capabilities };
  return answerLegacy(parts, request);
}

/** GET and DELETE, which only the older revisions have. */
async function besidePosts(parts: FaceParts, visit: Visit, method: string): Promise<AgentAnswer> {
  if (method === 'GET' && visit.headers['mcp-session-id'] !== undefined)
    return listen(parts, visit, await sessionOf(parts, visit));
  if (method === 'DELETE' && visit.headers['mcp-session-id'] !== undefined)
    return endSession(parts, visit, await sessionOf(parts, visit));
  throw new AgentRefusal(405, REFUSED, 'Method not allowed.', { headers: { allow: 'POST, GET, DELETE' } });
}

function presentedKey(headers: AgentHeaders): Secret | null {
  const presented = BEARER.exec(headers.authorization ?? '')?.[1];
  return presented === undefined ? null : new Secret(presented);
}

/** @see RFC 6750 section 3, RFC 9728 section 5.1 */
function unauthorized(baseUrl: string, key: string | null, hasPresented: boolean): AgentAnswer {
  const metadata = `resource_metadata="${baseUrl}/.well-known/oauth-protected-resource${pathOf(key)}"`;
  const error = hasPresented ? 'error="invalid_token", ' : '';
  const refusal = new AgentRefusal(401, REFUSED, 'Send Authorization: Bearer with an agent key of this hub.', {
    headers: { 'www-authenticate': `Bearer ${error}${metadata}` },
  });
  return refusalResponse(refusal, null);
}

/** The same for a connector that does not exist and for one of which the agent was granted nothing. */
function notThere(): AgentRefusal {
  return new AgentRefusal(404, REFUSED, 'There is no such connector.');
}

/** null for a body that is larger than any message may be. */
function bodyOf(request: AgentHttp): Promise<string | null> {
  if (!JSON_TYPE.test(request.headers['content-type'] ?? ''))
    throw new AgentRefusal(415, INVALID_REQUEST, 'Send JSON with Content-Type: application/json.');
  if (Number(request.headers['content-length']) > AGENT_REQUEST_MAX_BYTES) throw tooLarge();
  return request.text(AGENT_REQUEST_MAX_BYTES);
}

function tooLarge(): AgentRefusal {
  const megabytes = AGENT_REQUEST_MAX_BYTES / (1024 * 1024);
  return new AgentRefusal(413, INVALID_REQUEST, `The message is larger than ${megabytes} MiB.`, {
    headers: { connection: 'close' },
  });
}

function pathOf(key: string | null): string {
  return key === null ? '/mcp' : `/mcp/${key}`;
}

function endpointUrl(baseUrl: string, key: string | null): string {
  return `${baseUrl}${pathOf(key)}`;
}
