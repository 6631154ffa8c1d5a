// Plumbing between node:http, handlers written for it (oidc-provider) and web-standard handlers (the MCP package):
// everything becomes an `Answer`, which faults may change before `send` writes it.
import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { IncomingMessage } from 'node:http';

/** Larger requests are cut off: no client of a stand-in has reason to send more. */
const MAX_BODY_BYTES = 4_000_000;

export type Answer = { status: number; headers: OutgoingHttpHeaders; body: Buffer | ReadableStream<Uint8Array> };

export type NodeHandler = (request: IncomingMessage, response: ServerResponse) => unknown;

export function textAnswer(status: number, type: string, body: string, headers: OutgoingHttpHeaders = {}): Answer {
  return { status, headers: { 'content-type': type, ...headers }, body: Buffer.from(body) };
}

export function jsonAnswer(status: number, body: unknown, headers: OutgoingHttpHeaders = {}): Answer {
  return textAnswer(status, 'application/json', JSON.stringify(body), headers);
}

export const notFound = (): Answer => jsonAnswer(404, { error: 'not_found' });

/** The JSON object in a text; `undefined` for anything else. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** The JSON object in an answer; `undefined` when it is a stream, or something else. */
export function jsonBody(answer: Answer): Record<string, unknown> | undefined {
  return Buffer.isBuffer(answer.body) ? parseObject(answer.body.toString()) : undefined;
}

export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) throw new Error('request body too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** The same request anew, unread, with another URL, headers or body where given. */
export function replay(
  request: IncomingMessage,
  change: { url?: string; headers?: IncomingHttpHeaders; body: string },
): IncomingMessage & { originalUrl?: string } {
  const copy = new IncomingMessage(request.socket);
  copy.method = request.method ?? 'GET';
  copy.url = change.url ?? request.url ?? '/';
  copy.httpVersion = request.httpVersion;
  // Otherwise reading to the end counts as an abort, which would close the real connection.
  copy.complete = true;
  copy.headers = { ...(change.headers ?? request.headers) };
  if (change.body !== '') {
    copy.headers['content-length'] = String(Buffer.byteLength(change.body));
    delete copy.headers['transfer-encoding'];
    copy.push(change.body);
  }
  copy.push(null);
  return copy;
}

/** Runs a node handler and catches what it writes instead of sending it. */
export function capture(handler: NodeHandler, request: IncomingMessage, response: ServerResponse): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const keep = (chunk: unknown) => {
      if (typeof chunk === 'string' || chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk as Uint8Array));
    };
    const hooks = {
      write(chunk: unknown) {
        keep(chunk);
        return true;
      },
      end(chunk?: unknown) {
        keep(chunk);
        const answer = {
          status: response.statusCode,
          headers: { ...response.getHeaders() },
          body: Buffer.concat(chunks),
        };
        for (const name of response.getHeaderNames()) response.removeHeader(name);
        response.statusCode = 200;
        // The own properties hide the real methods; without them the response can be used as ever.
        for (const method of ['write', 'end'] as const) Reflect.deleteProperty(response, method);
        resolve(answer);
        return response;
      },
    };
    Object.assign(response, hooks);
    Promise.resolve()
      .then(() => handler(request, response))
      .catch(reject);
  });
}

/** Aborted when the client goes away before its answer is complete. */
export function toWebRequest(request: IncomingMessage, response: ServerResponse, url: string, body: string): Request {
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) gone.abort();
  });
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    for (const one of [value ?? []].flat()) headers.append(name, one);
  }
  const method = request.method ?? 'GET';
  const hasBody = method !== 'GET' && method !== 'HEAD' && body !== '';
  return new Request(url, { method, headers, signal: gone.signal, ...(hasBody ? { body } : {}) });
}

export async function fromWebResponse(response: Response): Promise<Answer> {
  const headers = Object.fromEntries(response.headers);
  const streams = response.headers.get('content-type')?.startsWith('text/event-stream') && response.body;
  const body = streams ? response.body : Buffer.from(await response.arrayBuffer());
  return { status: response.status, headers, body: body ?? Buffer.alloc(0) };
}

export async function send(response: ServerResponse, answer: Answer): Promise<void> {
  response.writeHead(answer.status, withoutLength(answer.headers));
  if (Buffer.isBuffer(answer.body)) {
    response.end(answer.body);
    return;
  }
  response.flushHeaders();
  const reader = answer.body.getReader();
  response.once('close', () => void reader.cancel().catch(() => {}));
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) response.write(part.value);
    response.end();
  } catch {
    response.destroy();
  }
}

/** Faults change bodies, so the length is left to node. */
function withoutLength(headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !['content-length', 'transfer-encoding'].includes(name.toLowerCase())),
  );
}
