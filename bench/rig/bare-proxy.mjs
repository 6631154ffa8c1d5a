// The practical limit: a reverse proxy that does nothing but set Authorization and copy bytes. Runs by itself:
//   node bare-proxy.mjs http|undici ORIGIN TOKEN
// `http` is node:http with an agent and pipe, the usual way; `undici` is Pool.dispatch with the request buffered
// and the reply streamed in raw chunks, the fast way. What is measured beside these is only as honest as these
// are fast; plain JavaScript, because stripping types would add 17 MiB to their memory.

import { Agent, createServer, request } from 'node:http';
import { Pool } from 'undici';

const BODY_MAX_BYTES = 16 * 1024 * 1024;
const SOCKETS_MAX = 256;
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'te',
  'trailer',
  'proxy-authorization',
  'proxy-connection',
  'host',
]);

/** @typedef {Record<string, string | string[]>} HeaderValues */

const [client = '', origin = '', token = ''] = process.argv.slice(2);
const authorization = `Bearer ${token}`;

/**
 * @param {Readonly<Record<string, string | string[] | undefined>>} from
 * @param {HeaderValues} to
 */
function copied(from, to) {
  for (const name in from) {
    const value = from[name];
    if (value !== undefined && !HOP_BY_HOP.has(name)) to[name] = value;
  }
  return to;
}

/**
 * @param {import('node:http').IncomingMessage} incoming
 * @param {HeaderValues} own
 */
function requestHeaders(incoming, own) {
  const headers = copied(incoming.headers, own);
  headers.authorization = authorization;
  return headers;
}

/** @returns {import('node:http').RequestListener} */
function undiciListener() {
  const pool = new Pool(origin, { connections: SOCKETS_MAX, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
  return (incoming, response) => {
    const headers = requestHeaders(incoming, {});
    /** @type {import('undici').Dispatcher.DispatchController | undefined} */
    let control;
    /** @param {Buffer | null} body */
    const send = (body) => {
      pool.dispatch(
        {
          method: /** @type {import('undici').Dispatcher.HttpMethod} */ (incoming.method),
          path: incoming.url ?? '/',
          headers,
          body,
        },
        {
          onRequestStart(controller) {
            control = controller;
          },
          onResponseStart(_, status, received) {
            response.writeHead(status, copied(received, {}));
          },
          onResponseData(controller, chunk) {
            if (!response.write(chunk)) {
              controller.pause();
              response.once('drain', () => controller.resume());
            }
          },
          onResponseEnd() {
            control = undefined;
            response.end();
          },
          onResponseError() {
            control = undefined;
            if (!response.headersSent) response.writeHead(502);
            response.end();
          },
        },
      );
    };
    /** @type {Buffer[]} */
    const chunks = [];
    let bytes = 0;
    incoming.on('data', (/** @type {Buffer} */ chunk) => {
      bytes += chunk.length;
      if (bytes > BODY_MAX_BYTES) incoming.destroy();
      else chunks.push(chunk);
    });
    incoming.on('end', () =>
      send(bytes === 0 ? null : chunks.length === 1 ? (chunks[0] ?? null) : Buffer.concat(chunks)),
    );
    response.on('close', () => control?.abort(new Error('client gone')));
  };
}

/** @returns {import('node:http').RequestListener} */
function httpListener() {
  const agent = new Agent({ keepAlive: true, maxSockets: SOCKETS_MAX, maxFreeSockets: SOCKETS_MAX });
  const { hostname, port, host } = new URL(origin);
  return (incoming, response) => {
    const headers = requestHeaders(incoming, { host });
    const options = { agent, host: hostname, port, method: incoming.method, path: incoming.url, headers };
    const outgoing = request(options, (answer) => {
      response.writeHead(answer.statusCode ?? 502, copied(answer.headers, {}));
      answer.pipe(response);
    });
    outgoing.on('error', () => {
      if (!response.headersSent) response.writeHead(502);
      response.end();
    });
    response.on('close', () => {
      if (!response.writableFinished) outgoing.destroy();
    });
    incoming.pipe(outgoing);
  };
}

const server = createServer(client === 'undici' ? undiciListener() : httpListener());
server.keepAliveTimeout = 120_000;
server.requestTimeout = 0;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  process.stdout.write(`${JSON.stringify({ origin: `http://127.0.0.1:${port}` })}\n`);
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(0));
