// The connection to a server of the oldest HTTP transport (MCP 2024-11-05, "HTTP with SSE"): one GET
// stream carries everything the server says, its first event names the address for our POSTs.

import { ChatelaineError, quoteForeign } from '../errors.ts';
import { ANSWER_TIMEOUT_MS, CONNECT_TIMEOUT_MS, MCP_ANSWER_MAX_BYTES } from '../limits.ts';
import { legacyPost, streamGet } from './build-request.ts';
import type { Connection, ConnectionContext, RequestOptions } from './connection.ts';
import { brokenOff, ConnectionLost, resultOf, withProgressToken } from './connection.ts';
import { anySignal, asFault, discardBody } from './fault.ts';
import type { Greeting, Offer } from './handshake.ts';
import { initializeParams, readGreeting, tellsToolChanges } from './handshake.ts';
import type { Receive } from './inbox.ts';
import { createInbox, inboxOf, withProgress } from './inbox.ts';
import type { JsonObject } from './json.ts';
import type { AnswerMessage, Message, RequestId } from './json-rpc.ts';
import { messagesOfEvent } from './read-answer.ts';
import { tooLarge } from './read-body.ts';
import { readRefusal } from './refusal.ts';
import { acceptStream } from './server-stream.ts';
import type { SseEvent } from './sse.ts';
import { readEvents, startOfStream } from './sse.ts';
import type { Peer, Protocol } from './types.ts';

type Waiting = {
  readonly receive: Receive;
  readonly peer: Peer | undefined;
  readonly maxBytes: number;
  readonly onBytes: ((bytes: number) => void) | undefined;
  readonly resolve: (answer: AnswerMessage) => void;
  readonly reject: (fault: unknown) => void;
};

/**
 * Opens the stream and initializes.
 *
 * @throws UpstreamStatusError, RpcError, protocol_version_unsupported, address_refused, upstream_* faults
 */
export async function openHttpSse(context: ConnectionContext, offer: Offer): Promise<Connection> {
  const connection = new HttpSseConnection(context);
  try {
    await connection.open(offer);
    return connection;
  } catch (error) {
    await connection.close();
    throw error instanceof ConnectionLost ? error.fault : error;
  }
}

class HttpSseConnection implements Connection {
  readonly #context: ConnectionContext;
  readonly #inbox: Receive;
  readonly #receiveFor: (peer: Peer) => Receive;
  readonly #closing = new AbortController();
  readonly #waiting = new Map<RequestId, Waiting>();
  readonly #ended = Promise.withResolvers<void>();
  #greeting: Greeting | null = null;
  #address: string | null = null;
  #isOpen = false;
  #lastId = 0;
  #onChange: (() => void) | null = null;

  constructor(context: ConnectionContext) {
    this.#context = context;
    const reply = (answer: Readonly<Record<string, unknown>>) => this.#post(answer, context.signal);
    this.#inbox = createInbox({
      onNotification: (method, params) => {
        if (method === 'notifications/tools/list_changed') this.#onChange?.();
        (this.#newestPeer()?.notify ?? context.onNotification)(method, params);
      },
      onElicitation: context.onElicitation,
      reply,
    });
    this.#receiveFor = (peer) => inboxOf(peer, reply);
  }

  get protocol(): Protocol {
    const { version, serverName, serverVersion } = this.#greeted();
    return { version, transport: 'http_sse', serverName, serverVersion };
  }

  get capabilities(): JsonObject {
    return this.#greeted().capabilities;
  }

  get instructions(): string | null {
    return this.#greeted().instructions;
  }

  async open(offer: Offer): Promise<void> {
    const timeout = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
    await this.#openStream(timeout);
    const result = await this.#request('initialize', initializeParams(this.#context, offer), {}, timeout);
    this.#greeting = readGreeting(result, offer);
    this.#context.note('initialize', `the server agreed on revision ${this.#greeting.version} over HTTP with SSE`);
    await this.#post({ method: 'notifications/initialized' }, timeout);
  }

  request(method: string, params: Readonly<Record<string, unknown>>, options: RequestOptions): Promise<JsonObject> {
    return this.#request(method, params, options, options.signal);
  }

  async listen(onReady: () => void, onChange: () => void, signal: AbortSignal): Promise<'unsupported' | 'closed'> {
    if (!tellsToolChanges(this.capabilities)) return 'unsupported';
    this.#onChange = onChange;
    onReady();
    const aborted = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => aborted.resolve(), { once: true });
    if (signal.aborted) aborted.resolve();
    await Promise.race([this.#ended.promise, aborted.promise]);
    this.#onChange = null;
    return 'closed';
  }

  async close(): Promise<void> {
    this.#closing.abort(new ChatelaineError('upstream_unreachable', 'The connection was closed.'));
  }

  #greeted(): Greeting {
    if (this.#greeting === null) throw new Error('The connection is not initialized.');
    return this.#greeting;
  }

  /** Resolves when the server has named the address for POSTs; the stream is read on behind. */
  async #openStream(timeout: AbortSignal): Promise<void> {
    const { url, headers, fetch, signal: outer } = this.#context;
    // The timeout bounds the wait for the first event only; the stream itself lives on.
    const signal = anySignal(this.#closing.signal, outer);
    const endpoint = Promise.withResolvers<string>();
    const giveUp = (): void => endpoint.reject(timeout.reason);
    timeout.addEventListener('abort', giveUp, { once: true });
    const get = streamGet(headers, { version: null, sessionId: null }, null);
    try {
      const opened = fetch(url, { ...get, signal: signal ?? null }).then(acceptStream);
      const stream = await Promise.race([opened, endpoint.promise.then(() => null)]);
      if (stream === null) {
        throw new ChatelaineError('upstream_invalid_response', 'The server answered GET without an event stream.');
      }
      if ('kind' in stream) throw stream.error;
      this.#isOpen = true;
      void this.#readStream(stream, (data) => endpoint.resolve(data)).catch((fault: unknown) => endpoint.reject(fault));
      this.#address = addressFor(await endpoint.promise, url);
    } catch (error) {
      throw asFault(error, signal);
    } finally {
      timeout.removeEventListener('abort', giveUp);
    }
  }

  async #readStream(stream: Response, onEndpoint: (data: string) => void): Promise<void> {
    let fault: unknown = brokenOff();
    try {
      for await (const event of readEvents(stream.body, startOfStream(), { maxEventBytes: MCP_ANSWER_MAX_BYTES })) {
        if (event.type === 'endpoint') onEndpoint(event.data);
        else this.#take(event);
      }
    } catch (error) {
      fault = asFault(error, this.#closing.signal);
    }
    this.#isOpen = false;
    for (const waiting of this.#waiting.values()) waiting.reject(new ConnectionLost(true, 'reopen', fault));
    this.#waiting.clear();
    this.#ended.resolve();
    throw fault;
  }

  #take(event: SseEvent): void {
    for (const message of messagesOfEvent(event.type, event.data)) {
      if (message.kind === 'result' || message.kind === 'error') this.#settle(message, event.data.length);
      else this.#receiverOf(message)(message);
    }
  }

  #settle(answer: AnswerMessage, size: number): void {
    const waiting = answer.id === null ? undefined : this.#waiting.get(answer.id);
    if (waiting === undefined) return;
    waiting.onBytes?.(size);
    if (size > waiting.maxBytes) waiting.reject(tooLarge(waiting.maxBytes));
    else waiting.resolve(answer);
  }

  /** Progress goes to the request that it is about. */
  #receiverOf(message: Message): Receive {
    const params = message.kind === 'notification' ? (message.params as { progressToken?: unknown } | undefined) : null;
    const token = params?.progressToken;
    const waiting = typeof token === 'number' ? this.#waiting.get(token) : undefined;
    if (waiting !== undefined) return waiting.receive;
    const peer = message.kind === 'request' ? this.#newestPeer() : undefined;
    return peer === undefined ? this.#inbox : this.#receiveFor(peer);
  }

  /** The one stream does not say which request a message belongs to; the latest is the likeliest. */
  #newestPeer(): Peer | undefined {
    return [...this.#waiting.values()].findLast(({ peer }) => peer !== undefined)?.peer;
  }

  async #request(
    method: string,
    params: Readonly<Record<string, unknown>>,
    options: RequestOptions,
    callerSignal: AbortSignal | undefined,
  ): Promise<JsonObject> {
    if (!this.#isOpen) throw new ConnectionLost(false, 'reopen', brokenOff());
    this.#lastId += 1;
    const id = this.#lastId;
    const signal = anySignal(this.#context.signal, callerSignal, this.#closing.signal);
    const answer = Promise.withResolvers<AnswerMessage>();
    answer.promise.catch(() => undefined);
    const abandon = (): void => answer.reject(signal?.reason);
    signal?.addEventListener('abort', abandon, { once: true });
    this.#waiting.set(id, {
      receive: withProgress(id, options.onProgress, this.#inbox),
      peer: options.peer,
      maxBytes: options.maxBytes ?? MCP_ANSWER_MAX_BYTES,
      onBytes: options.onBytes,
      resolve: answer.resolve,
      reject: answer.reject,
    });
    try {
      await this.#post({ id, method, params: withProgressToken(params, id, options) }, signal);
      return resultOf(await answer.promise);
    } catch (error) {
      if (signal?.aborted === true && method !== 'initialize') this.#cancel(id);
      throw asFault(error, signal);
    } finally {
      signal?.removeEventListener('abort', abandon);
      this.#waiting.delete(id);
    }
  }

  #cancel(requestId: RequestId): void {
    const cancelled = { method: 'notifications/cancelled', params: { requestId } };
    this.#post(cancelled, AbortSignal.timeout(CONNECT_TIMEOUT_MS)).catch(() => undefined);
  }

  async #post(message: Readonly<Record<string, unknown>>, signal: AbortSignal | undefined): Promise<void> {
    if (this.#address === null) throw brokenOff();
    const session = { version: this.#greeting?.version ?? null, sessionId: null };
    const post = legacyPost(this.#context.headers, session, message);
    const response = await this.#context.fetch(this.#address, { ...post, signal: signal ?? null });
    if (response.ok) return discardBody(response);
    const refusal = await readRefusal(response, null);
    const isForgotten = refusal.status === 404 || refusal.status === 400;
    throw isForgotten && this.#greeting !== null ? new ConnectionLost(false, 'reopen', refusal.error) : refusal.error;
  }
}

/**
 * The address for POSTs, which the credential is sent to: so it must be the server's own origin.
 *
 * @throws address_refused
 */
function addressFor(endpoint: string, streamUrl: string): string {
  const address = URL.canParse(endpoint, streamUrl) ? new URL(endpoint, streamUrl) : null;
  if (address !== null && address.origin === new URL(streamUrl).origin) return address.href;
  throw new ChatelaineError(
    'address_refused',
    `The server wants messages sent to ${quoteForeign(endpoint)}, which is not on its own origin; the credential stays here.`,
  );
}
