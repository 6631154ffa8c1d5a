// The connection to a legacy server over Streamable HTTP (MCP 2025-03-26 to 2025-11-25): initialize, the
// session id that may come with it, requests whose answers may arrive piecewise, and the end of it.

import { ChatelaineError } from '../errors.ts';
import { ANSWER_TIMEOUT_MS, CONNECT_TIMEOUT_MS, LISTENING_STREAM_WAIT_MS, MCP_ANSWER_MAX_BYTES } from '../limits.ts';
import { legacyPost, sessionDelete, streamGet } from './build-request.ts';
import type { Connection, ConnectionContext, RequestOptions } from './connection.ts';
import { brokenOff, ConnectionLost, resultOf, withProgressToken } from './connection.ts';
import { anySignal, asFault, discardBody, pause } from './fault.ts';
import type { Greeting, Offer } from './handshake.ts';
import { initializeParams, readGreeting, tellsToolChanges } from './handshake.ts';
import { isVisibleAscii } from './header-value.ts';
import type { Receive } from './inbox.ts';
import { createInbox, inboxOf, withProgress } from './inbox.ts';
import type { JsonObject } from './json.ts';
import type { AnswerMessage } from './json-rpc.ts';
import { UNSUPPORTED_PROTOCOL_VERSION } from './json-rpc.ts';
import type { Refusal } from './refusal.ts';
import { readRefusal } from './refusal.ts';
import { readResumableAnswer } from './resume-answer.ts';
import { acceptStream, keepServerStream, readServerStream } from './server-stream.ts';
import { startOfStream } from './sse.ts';
import type { Protocol } from './types.ts';
import { UpstreamStatusError } from './types.ts';

/**
 * Initializes a session.
 *
 * @throws UpstreamStatusError, RpcError, protocol_version_unsupported, upstream_* faults
 */
export async function openLegacySession(context: ConnectionContext, offer: Offer): Promise<Connection> {
  const session = new LegacySession(context);
  try {
    await session.initialize(offer);
    return session;
  } catch (error) {
    await session.close();
    throw error instanceof ConnectionLost ? error.fault : error;
  }
}

class LegacySession implements Connection {
  readonly #context: ConnectionContext;
  readonly #receive: Receive;
  readonly #closing = new AbortController();
  #greeting: Greeting | null = null;
  #sessionId: string | null = null;
  #lastId = 0;

  constructor(context: ConnectionContext) {
    this.#context = context;
    this.#receive = createInbox({
      onNotification: context.onNotification,
      onElicitation: context.onElicitation,
      reply: (answer) => this.#postWithoutAnswer(answer, context.signal),
    });
  }

  get protocol(): Protocol {
    const { version, serverName, serverVersion } = this.#greeted();
    return { version, transport: 'streamable_http', serverName, serverVersion };
  }

  get capabilities(): JsonObject {
    return this.#greeted().capabilities;
  }

  get instructions(): string | null {
    return this.#greeted().instructions;
  }

  async initialize(offer: Offer): Promise<void> {
    const signal = anySignal(this.#context.signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS));
    const answer = await this.#exchange('initialize', initializeParams(this.#context, offer), {}, signal);
    this.#greeting = readGreeting(resultOf(answer), offer);
    const { version } = this.#greeting;
    const session = this.#sessionId === null ? 'no session id' : 'a session id';
    this.#context.note('initialize', `the server agreed on revision ${version} and gave ${session}`);
    await this.#postWithoutAnswer({ method: 'notifications/initialized' }, signal);
    if (this.#context.onElicitation !== null) await this.#startServerStream();
  }

  async request(
    method: string,
    params: Readonly<Record<string, unknown>>,
    options: RequestOptions,
  ): Promise<JsonObject> {
    const signal = anySignal(this.#context.signal, options.signal, this.#closing.signal);
    return resultOf(await this.#exchange(method, params, options, signal));
  }

  async listen(onReady: () => void, onChange: () => void, ended: AbortSignal): Promise<'unsupported' | 'closed'> {
    if (!tellsToolChanges(this.capabilities)) return 'unsupported';
    const signal = anySignal(this.#context.signal, ended, this.#closing.signal);
    let isReady = false;
    try {
      const stream = await acceptStream(await this.#get(null, signal));
      if (stream === null) return 'unsupported';
      if ('kind' in stream) {
        if ([400, 404, 405].includes(stream.status)) return 'unsupported';
        throw stream.error;
      }
      isReady = true;
      onReady();
      await readServerStream(stream, startOfStream(), (message) => {
        if (message.method === 'notifications/tools/list_changed') onChange();
        else this.#receive(message);
      });
      return 'closed';
    } catch (error) {
      if (isReady || ended.aborted) return 'closed';
      throw asFault(error, signal);
    }
  }

  async close(): Promise<void> {
    this.#closing.abort(new ChatelaineError('upstream_unreachable', 'The connection was closed.'));
    if (this.#sessionId === null) return;
    const end = sessionDelete(this.#context.headers, this.#session());
    this.#sessionId = null;
    try {
      const signal = AbortSignal.timeout(CONNECT_TIMEOUT_MS);
      await discardBody(await this.#context.fetch(this.#context.url, { ...end, signal }));
    } catch {
      // A server that does not let sessions be ended will end them by itself.
    }
  }

  #receiverFor({ peer }: RequestOptions): Receive {
    return peer === undefined
      ? this.#receive
      : inboxOf(peer, (answer) => this.#postWithoutAnswer(answer, this.#context.signal));
  }

  #greeted(): Greeting {
    if (this.#greeting === null) throw new Error('The session is not initialized.');
    return this.#greeting;
  }

  #session(): { version: string | null; sessionId: string | null } {
    return { version: this.#greeting?.version ?? null, sessionId: this.#sessionId };
  }

  async #exchange(
    method: string,
    params: Readonly<Record<string, unknown>>,
    options: RequestOptions,
    signal: AbortSignal | undefined,
  ): Promise<AnswerMessage> {
    this.#lastId += 1;
    const id = this.#lastId;
    try {
      const response = await this.#post({ id, method, ...withParams(withProgressToken(params, id, options)) }, signal);
      if (!response.ok) throw this.#refused(await readRefusal(response, id));
      if (method === 'initialize') this.#sessionId = await sessionIdOf(response);
      const reading = {
        id,
        maxBytes: options.maxBytes ?? MCP_ANSWER_MAX_BYTES,
        onMessage: withProgress(id, options.onProgress, this.#receiverFor(options)),
        onBytes: options.onBytes,
        position: startOfStream(),
      };
      return await readResumableAnswer(response, reading, {
        reopen: (lastEventId) => this.#reopen(lastEventId, signal),
        signal,
      });
    } catch (error) {
      if (signal?.aborted === true && method !== 'initialize') this.#cancel(id);
      throw asFault(error, signal);
    }
  }

  /** 404 is the word for a lost session; 400 is what many servers say instead. */
  #refused(refusal: Refusal): unknown {
    const { status, rpc, isAddressed, error } = refusal;
    if (rpc?.code === UNSUPPORTED_PROTOCOL_VERSION && this.#greeting !== null) {
      return new ConnectionLost(false, 'probe', error);
    }
    const isLost = this.#sessionId !== null && (status === 404 || (status === 400 && !isAddressed));
    return isLost ? new ConnectionLost(isAddressed, 'reopen', error) : error;
  }

  async #reopen(lastEventId: string, signal: AbortSignal | undefined): Promise<Response> {
    const stream = await acceptStream(await this.#get(lastEventId, signal));
    if (stream !== null && !('kind' in stream)) return stream;
    if (stream?.error instanceof UpstreamStatusError && stream.status !== 404 && stream.status !== 405) {
      throw stream.error;
    }
    throw stream?.status === 404 ? new ConnectionLost(true, 'reopen', brokenOff()) : brokenOff();
  }

  async #startServerStream(): Promise<void> {
    const { signal } = this.#closing;
    const attempted = new AbortController();
    const open = (lastEventId: string | null) => this.#get(lastEventId, anySignal(signal, this.#context.signal));
    void keepServerStream(open, this.#receive, () => attempted.abort(), signal);
    await pause(LISTENING_STREAM_WAIT_MS, AbortSignal.any([attempted.signal, signal])).catch(() => undefined);
  }

  /** Best effort: the caller has gone already. @see MCP 2025-11-25, "Cancellation" */
  #cancel(requestId: number): void {
    const cancelled = { method: 'notifications/cancelled', params: { requestId } };
    this.#postWithoutAnswer(cancelled, AbortSignal.timeout(CONNECT_TIMEOUT_MS)).catch(() => undefined);
  }

  /** @throws UpstreamStatusError for refused access; other statuses show at the next request */
  async #postWithoutAnswer(message: Readonly<Record<string, unknown>>, signal: AbortSignal | undefined): Promise<void> {
    try {
      const response = await this.#post(message, signal);
      if (response.status === 401 || response.status === 403) throw (await readRefusal(response, null)).error;
      await discardBody(response);
    } catch (error) {
      throw asFault(error, signal);
    }
  }

  #post(message: Readonly<Record<string, unknown>>, signal: AbortSignal | undefined): Promise<Response> {
    const post = legacyPost(this.#context.headers, this.#session(), message);
    return this.#context.fetch(this.#context.url, { ...post, signal: signal ?? null });
  }

  #get(lastEventId: string | null, signal: AbortSignal | undefined): Promise<Response> {
    const get = streamGet(this.#context.headers, this.#session(), lastEventId);
    return this.#context.fetch(this.#context.url, { ...get, signal: signal ?? null });
  }
}

/** @throws upstream_invalid_response for an id that cannot be echoed safely */
async function sessionIdOf(response: Response): Promise<string | null> {
  const id = response.headers.get('mcp-session-id');
  if (id === null || isVisibleAscii(id)) return id;
  await discardBody(response);
  throw new ChatelaineError(
    'upstream_invalid_response',
    'The server gave a session id that is empty, too long, or not visible ASCII.',
  );
}

/** Legacy schemas want no `params` where there is nothing to say. */
function withParams(params: Readonly<Record<string, unknown>>): { params?: Readonly<Record<string, unknown>> } {
  return Object.keys(params).length === 0 ? {} : { params };
}
