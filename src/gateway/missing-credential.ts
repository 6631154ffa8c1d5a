// What an agent hears when a person must act before its call can be done: a link that the person opens, said
// in the way that the agent's revision knows (MCP 2026-07-28 input_required; 2025-11-25 error -32042).

import { type ChatelaineError, isChatelaineError } from '../errors.ts';
import { isUnopened } from '../hub/authorize.ts';
import { CONNECT_LINK_REUSE_MS } from '../limits.ts';
import type { JsonObject } from '../mcp/json.ts';
import { isObject } from '../mcp/json.ts';
import type { ConnectorRecord } from '../store/records.ts';
import type { AgentCall, GatewayParts } from './agent-call.ts';
import { AgentRefusal, URL_ELICITATION_REQUIRED } from './answers.ts';

/** Under this name the gateway asks; the answer to it stays here. */
export const CONNECT_REQUEST = 'chatelaine_connect';

/** Methods whose result may be `input_required`. */
const MAY_ASK_BACK: ReadonlySet<string> = new Set(['tools/call', 'prompts/get', 'resources/read']);

type Invitation = { readonly message: string; readonly url: string | null };

export type MissingCredentials = {
  /** A result for the agent; null when `error` is about something else. @throws AgentRefusal */
  resultFor(call: AgentCall, error: unknown): Promise<JsonObject | null>;
};

export function createMissingCredentials({ context, hub }: Pick<GatewayParts, 'context' | 'hub'>): MissingCredentials {
  const links = new Map<string, { readonly url: string; readonly until: number }>();

  const linkFor = async (call: AgentCall): Promise<string> => {
    const now = context.now();
    for (const [key, { until }] of links) if (until <= now) links.delete(key);
    const agentId = call.access.agent.id;
    const key = `${call.connector.id} ${agentId}`;
    const known = links.get(key);
    if (known !== undefined && (await isUnopened(context, known.url))) return known.url;
    const owner = call.connector.credentialMode === 'per_agent' ? agentId : null;
    const request = { agentId: owner, returnTo: null };
    const { connectUrl } = await hub.connectors.connect(call.connector.id, request, { name: `agent:${agentId}` });
    links.set(key, { url: connectUrl, until: now + CONNECT_LINK_REUSE_MS });
    return connectUrl;
  };

  const invite = async (call: AgentCall, error: ChatelaineError): Promise<Invitation> => {
    const { connector } = call;
    const signsIn = connector.authType === 'oauth' && connector.oauth?.grant !== 'client_credentials';
    // A shared account is the operator's to choose, not that of whoever sits in some agent's conversation.
    if (!signsIn || connector.credentialMode !== 'per_agent') {
      return { message: whoMustAct(call, error, context.baseUrl), url: null };
    }
    try {
      const url = await linkFor(call);
      return { message: `${error.message} The link is good for one sign-in within ten minutes.`, url };
    } catch (fault) {
      const why = isChatelaineError(fault) ? fault.message : 'the sign-in could not be prepared.';
      return { message: `${error.message} No link could be made: ${why}`, url: null };
    }
  };

  return {
    async resultFor(call, error) {
      const isMissing = isChatelaineError(
        error,
        'connect_required',
        'secret_required',
        'reauthorization_required',
        'needs_scope',
        'secret_unreadable',
      );
      if (!isMissing) return null;
      const { message, url } = await invite(call, error);
      const text = url === null ? message : `${message} Open: ${url}`;
      if (url !== null && canOpenUrls(call)) {
        if (call.era === 'legacy') {
          const elicitation = { mode: 'url', elicitationId: crypto.randomUUID(), url, message };
          throw new AgentRefusal(200, URL_ELICITATION_REQUIRED, text, { data: { elicitations: [elicitation] } });
        }
        if (MAY_ASK_BACK.has(call.method) && !isInConversation(call)) {
          const request = { method: 'elicitation/create', params: { mode: 'url', message, url } };
          return { resultType: 'input_required', inputRequests: { [CONNECT_REQUEST]: request } };
        }
      }
      if (call.method === 'tools/call') return { content: [{ type: 'text', text }], isError: true };
      throw new AgentRefusal(200, -32603, text);
    },
  };
}

function canOpenUrls({ capabilities, era, session }: AgentCall): boolean {
  const declared = isObject(capabilities.elicitation) && isObject(capabilities.elicitation.url);
  return declared && (era === 'modern' || session?.version === '2025-11-25');
}

/** The server has asked already; its state would be lost with a question of our own in between. */
function isInConversation({ params }: AgentCall): boolean {
  const names = isObject(params.inputResponses) ? Object.keys(params.inputResponses) : [];
  return params.requestState !== undefined || names.some((name) => name !== CONNECT_REQUEST);
}

function whoMustAct({ connector, access }: AgentCall, error: ChatelaineError, hubUrl: string): string {
  const whose = connector.credentialMode === 'per_agent' ? ` for the agent ${access.agent.name}` : '';
  return `${error.message} An operator of ${hubUrl} must ${act(connector)} of the connector ${connector.key}${whose}.`;
}

function act(connector: ConnectorRecord): string {
  if (connector.authType === 'bearer') return 'enter the token';
  if (connector.authType === 'api_key_header') return 'enter the API key';
  return connector.oauth?.grant === 'client_credentials' ? 'look at the client credentials' : 'click Connect';
}
