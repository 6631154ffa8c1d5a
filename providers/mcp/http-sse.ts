// HTTP+SSE of revision 2024-11-05, which the official package no longer has: GET opens a stream whose first event
// names the URL to POST to; every POST is answered 202 and its result comes on the stream.
import { randomUUID } from 'node:crypto';
import type { AuthInfo, JSONRPCMessage, Server, Transport } from '@modelcontextprotocol/server';

const encoder = new TextEncoder();

type Stream = { transport: SseTransport; server: Server };

export type HttpSse = {
  handle(request: Request, path: string, body: unknown, authInfo: AuthInfo | undefined): Promise<Response>;
  toolsChanged(): void;
  close(): Promise<void>;
};

/** `messagesPath` is where clients are told to POST. */
export function createHttpSse(createServer: () => Server, messagesPath: string): HttpSse {
  const streams = new Map<string, Stream>();

  const openStream = async (request: Request): Promise<Response> => {
    const id = randomUUID();
    const server = createServer();
    const transport = new SseTransport(() => void streams.delete(id));
    streams.set(id, { transport, server });
    await server.connect(transport);
    request.signal.addEventListener('abort', () => void transport.close());
    transport.event('endpoint', `${messagesPath}?sessionId=${id}`);
    return new Response(transport.body, {
      headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' },
    });
  };

  return {
    async handle(request, path, body, authInfo) {
      if (path !== messagesPath) {
        return request.method === 'GET' ? openStream(request) : new Response('Method not allowed', { status: 405 });
      }
      const stream = streams.get(new URL(request.url).searchParams.get('sessionId') ?? '');
      if (!stream) return new Response('Session not found', { status: 404 });
      if (request.method !== 'POST') return new Response('Method not allowed', { status: 405 });
      if (body === undefined) return new Response('Invalid message', { status: 400 });
      for (const message of [body].flat()) stream.transport.receive(message as JSONRPCMessage, request, authInfo);
      return new Response('Accepted', { status: 202 });
    },
    toolsChanged() {
      for (const { server } of streams.values()) void server.sendToolListChanged().catch(() => {});
    },
    async close() {
      await Promise.all([...streams.values()].map(({ transport }) => transport.close()));
    },
  };
}

class SseTransport implements Transport {
  onclose?: () => void;
  onmessage?: NonNullable<Transport['onmessage']>;
  readonly body: ReadableStream<Uint8Array>;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  readonly #forget: () => void;

  constructor(forget: () => void) {
    this.#forget = forget;
    this.body = new ReadableStream({
      start: (controller) => {
        this.#controller = controller;
      },
      cancel: () => this.close(),
    });
  }

  async start(): Promise<void> {}

  event(name: string, data: string): void {
    this.#controller?.enqueue(encoder.encode(`event: ${name}\ndata: ${data}\n\n`));
  }

  receive(message: JSONRPCMessage, request: Request, authInfo: AuthInfo | undefined): void {
    this.onmessage?.(message, { request, ...(authInfo ? { authInfo } : {}) });
  }

  async send(message: JSONRPCMessage): Promise<void> {
    this.event('message', JSON.stringify(message));
  }

  async close(): Promise<void> {
    const controller = this.#controller;
    if (!controller) return;
    this.#controller = undefined;
    this.#forget();
    // Already closed when the reader went away first.
    try {
      controller.close();
    } catch {}
    this.onclose?.();
  }
}
