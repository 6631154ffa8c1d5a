// What an operator does with a hub, and nothing an operator cannot do: calls of its HTTP API with a token,
// connect links opened in a browser that keeps cookies. One operator looks after one connector.

import { Browser } from '../test/support/browser.ts';

export type HubAddress = { readonly url: string; readonly adminToken: string };

export type ConnectorInput = {
  readonly name: string;
  readonly url: string;
  readonly authType?: string;
  readonly credentialMode?: string;
  readonly oauth?: Readonly<Record<string, string>>;
};

export type Tool = { readonly name: string; readonly inputSchema: Readonly<Record<string, unknown>> };

export type McpRequest = {
  readonly method: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly elicitation?: 'accept_defaults';
  readonly inputResponses?: Readonly<Record<string, unknown>>;
  readonly requestState?: string;
};

export type McpAnswer = {
  readonly resultType: 'complete' | 'input_required';
  readonly result: Readonly<Record<string, unknown>>;
};

/** Problems that a person mends at the provider's consent page. */
const ASKS_FOR_CONSENT = new Set(['connect_required', 'needs_scope', 'reauthorization_required']);

/** The first one, and one more when the server wants more scope or has moved to another authorization server. */
const CONSENTS_MAX = 2;

/** The hub said no: by a problem of its API, or by a page at the end of a flow. */
export class HubProblem extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'HubProblem';
    this.code = code;
  }
}

export class Operator {
  readonly #hub: HubAddress;
  readonly #path: string;
  readonly #browser = new Browser();
  #consents = 0;

  private constructor(hub: HubAddress, connectorId: string) {
    this.#hub = hub;
    this.#path = `/api/connectors/${connectorId}`;
  }

  /** Pastes the URL of a server. @throws HubProblem */
  static async addConnector(hub: HubAddress, input: ConnectorInput): Promise<Operator> {
    const { id } = await call<{ id: string }>(hub, 'POST', '/api/connectors', input);
    return new Operator(hub, id);
  }

  /** Lists the server's tools anew, consenting where the hub asks for it. @throws HubProblem */
  async sync(): Promise<Tool[]> {
    await this.#insist(() => call(this.#hub, 'POST', `${this.#path}/sync`, {}));
    return (await call<{ items: Tool[] }>(this.#hub, 'GET', `${this.#path}/tools`)).items;
  }

  /** Sends one MCP request through the hub, consenting where it asks for it. @throws HubProblem */
  async request(request: McpRequest): Promise<McpAnswer> {
    return this.#insist(() => call<McpAnswer>(this.#hub, 'POST', `${this.#path}/requests`, request));
  }

  /** Every step that the hub noted, oldest first, one a line. */
  async transcript(): Promise<string[]> {
    type Entry = { operation: string; step: string; method: string | null; url: string | null };
    type Noted = Entry & { status: number | null; decision: string | null };
    const { items } = await call<{ items: Noted[] }>(this.#hub, 'GET', `${this.#path}/transcript?limit=100`);
    return items
      .map(({ operation, step, method, url, status, decision }) =>
        [operation, step, method, url, status, decision].filter((part) => part !== null).join(' '),
      )
      .reverse();
  }

  async #insist<T>(what: () => Promise<T>): Promise<T> {
    try {
      return await what();
    } catch (error) {
      const isMendable = error instanceof HubProblem && ASKS_FOR_CONSENT.has(error.code);
      if (!isMendable || this.#consents === CONSENTS_MAX) throw error;
    }
    this.#consents += 1;
    // The first listing with the new token may show at once that another consent is needed.
    await this.#insist(() => this.#consent());
    return this.#insist(what);
  }

  async #consent(): Promise<void> {
    const { connectUrl } = await call<{ connectUrl: string }>(this.#hub, 'POST', `${this.#path}/connect`, {});
    const end = await this.#browser.follow(connectUrl);
    if (end.url.searchParams.has('connected')) return;
    const error = end.url.searchParams.get('error');
    if (error === 'sync_failed') {
      type Listing = { tools: { lastError: { code: string; message: string } | null } };
      const { lastError } = (await call<Listing>(this.#hub, 'GET', this.#path)).tools;
      throw new HubProblem(lastError?.code ?? error, lastError?.message ?? wordsOf(end.text));
    }
    throw new HubProblem(error ?? (await this.#refusal()), wordsOf(end.text));
  }

  /** A page for people names no code; the transcript does. */
  async #refusal(): Promise<string> {
    const noted = /refused the response: (\w+)/.exec((await this.transcript()).join('\n'));
    return noted?.[1] ?? 'refused';
  }
}

/** Heading and first sentence of one of the hub's plain pages. */
function wordsOf(page: string): string {
  const [, heading = '', message = ''] = /<h1>(.*?)<\/h1><p>(.*?)<\/p>/s.exec(page) ?? [];
  return `${heading}: ${message}`.replaceAll('&quot;', '"');
}

async function call<T>(hub: HubAddress, method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(`${hub.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${hub.adminToken}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = (await response.json()) as T & { code: string; detail: string };
  if (!response.ok) throw new HubProblem(answer.code, answer.detail);
  return answer;
}
