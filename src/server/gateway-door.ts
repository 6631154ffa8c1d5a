// The gateway's door on Node's own HTTP server: agents' requests go in and answers come out without a
// standard Request and Response in between, which would cost more than all the gateway does for a call.
// What it does not know it leaves to the other routes.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AgentHeaders, AgentHttp } from '../gateway/agent-call.ts';
import type { AgentAnswer } from '../gateway/answers.ts';
import type { Gateway } from '../gateway/gateway.ts';
import { HangUp } from '../hang-up.ts';
import type { Metrics } from '../http/environment.ts';
import { hostAndOriginJudge } from '../http/request-guard.ts';
import type { Log } from '../hub/context.ts';
import { bodyOfStream } from '../net/stream-body.ts';

/** For this agent only, and never taken for anything but what it says it is. */
const OWN_HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };
const KEY = /^[a-z0-9_]{1,64}$/;
const BYTE_ORDER_MARK = 0xfeff;
const ONE_WRITE_MAX_BYTES = 16 * 1024;

/** Answers the request, or says false and leaves it alone. */
export type NodeDoor = (request: IncomingMessage, response: ServerResponse) => boolean;

/** @param baseUrl public; a path in it may or may not have been cut off on the way here */
export function gatewayDoor(
  gateway: Pick<Gateway, 'handle'>,
  { metrics, log, baseUrl }: { metrics: Pick<Metrics, 'observe'>; log: Pick<Log, 'error'>; baseUrl: string },
): NodeDoor {
  const judge = hostAndOriginJudge(baseUrl);
  const prefix = new URL(baseUrl).pathname.replace(/\/$/, '');
  return (request, response) => {
    const { headers } = request;
    const key = keyOf(request.url ?? '', prefix);
    if (key === undefined || judge(headers.host, headers.origin) !== null) return false;
    const startedAt = performance.now();
    const hangUp = new HangUp();
    response.on('close', () => {
      if (!response.writableFinished) hangUp.abort();
      const route = key === null ? '/mcp' : '/mcp/:key';
      metrics.observe(route, request.method ?? '', response.statusCode, performance.now() - startedAt);
    });
    const asked: AgentHttp = {
      method: request.method ?? '',
      // Of the fields that Node may give as lists, none is read here.
      headers: headers as AgentHeaders,
      text: (maxBytes) => readText(request, maxBytes),
      hangUp,
    };
    gateway
      .handle(asked, key)
      .then((answer) => send(answer, response))
      .catch((error: unknown) => {
        log.error({ err: error }, 'an answer of the gateway could not be sent');
        response.destroy();
      });
    return true;
  };
}

/** null for the endpoint with every tool, undefined for another route. */
function keyOf(url: string, prefix: string): string | null | undefined {
  const query = url.indexOf('?');
  let path = query < 0 ? url : url.slice(0, query);
  if (prefix !== '' && path.startsWith(`${prefix}/`)) path = path.slice(prefix.length);
  if (path === '/mcp') return null;
  const key = path.startsWith('/mcp/') ? path.slice(5) : '';
  return KEY.test(key) ? key : undefined;
}

function readText(request: IncomingMessage, maxBytes: number): Promise<string | null> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= maxBytes) chunks.push(chunk);
      else {
        request.pause();
        resolve(null);
      }
    });
    request.on('end', () => {
      const [first, ...more] = chunks;
      const text = first === undefined ? '' : (more.length === 0 ? first : Buffer.concat(chunks)).toString('utf8');
      resolve(text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text);
    });
    // Nobody is there any more to hear the answer.
    request.on('error', () => resolve(''));
  });
}

function send({ status, headers, body }: AgentAnswer, response: ServerResponse): void {
  if (response.destroyed) {
    if (typeof body === 'object' && body !== null && 'cancel' in body) void body.cancel();
    return;
  }
  if (body === null) {
    response.writeHead(status, { ...OWN_HEADERS, ...headers });
    response.end();
  } else if (typeof body === 'string' || body instanceof Uint8Array) {
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength;
    response.writeHead(status, { ...OWN_HEADERS, ...headers, 'content-length': length });
    // Text goes out in one piece with the headers; in latin1 it stands for the very bytes.
    if (Buffer.isBuffer(body) && length <= ONE_WRITE_MAX_BYTES) response.end(body.toString('latin1'), 'latin1');
    else response.end(body);
  } else {
    response.writeHead(status, { ...OWN_HEADERS, ...headers });
    response.flushHeaders();
    const flow = body instanceof ReadableStream ? bodyOfStream(body) : body;
    response.on('drain', () => flow.resume());
    response.on('close', () => {
      if (!response.writableFinished) flow.cancel();
    });
    flow.pipe({
      write: (chunk) => response.write(chunk),
      end: () => response.end(),
      fail: () => response.destroy(),
    });
  }
}
