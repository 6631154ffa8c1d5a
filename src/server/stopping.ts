// How a server takes its leave: not ready first, while it still serves; then no new connections; what is under way is
// finished, and who still waits in the end is told rather than cut off.

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** What is under way is answered this long; then those who still wait are told. */
const ANSWER_MS = 10_000;
/** For the last words to reach them. */
const LAST_WORDS_MS = 500;
/** How often connections that fell idle are closed meanwhile. */
const LOOK_MS = 100;
const TOLD = { 'retry-after': '1', connection: 'close' };
const STOPPING = 'This server is stopping; try again.';
/** JSON-RPC's internal error. */
const RPC_STOPPING = JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32603, message: STOPPING } });

export type Stopping = {
  /** Keeps an eye on the answer; true when it was given here, because the server is stopping. */
  answers(request: IncomingMessage, response: ServerResponse): boolean;
  /** From now on not ready; resolves after `noticeMs`. */
  begin(noticeMs: number): Promise<void>;
  /** Closes the server; resolves when nobody is connected any more. */
  finish(server: Server): Promise<void>;
};

/** What a connection is at. */
type Turn = { request: IncomingMessage; response: ServerResponse };

export function createStopping(): Stopping {
  // By connection, because one lives for many requests: a collection of requests would make the garbage collector
  // take each of them for something that lasts.
  const turns = new Map<Socket, Turn>();
  let hasBegun = false;
  return {
    answers(request, response) {
      const { socket } = request;
      const turn = turns.get(socket);
      if (turn === undefined) {
        turns.set(socket, { request, response });
        socket.once('close', () => turns.delete(socket));
      } else {
        turn.request = request;
        turn.response = response;
      }
      if (!hasBegun) return false;
      // Whoever comes again goes to another server.
      response.shouldKeepAlive = false;
      if (!/\/readyz(?:\?|$)/.test(request.url ?? '')) return false;
      response.writeHead(503, { ...TOLD, 'content-type': 'text/plain' }).end('stopping\n');
      return true;
    },
    async begin(noticeMs) {
      hasBegun = true;
      for (const { response } of turns.values()) response.shouldKeepAlive = false;
      if (noticeMs > 0) await wait(noticeMs);
    },
    finish(server) {
      const closing = setInterval(() => server.closeIdleConnections(), LOOK_MS);
      const telling = setTimeout(() => {
        for (const turn of turns.values()) tell(turn);
      }, ANSWER_MS);
      const cutting = setTimeout(() => server.closeAllConnections(), ANSWER_MS + LAST_WORDS_MS);
      return new Promise((resolve) => {
        server.close(() => {
          clearInterval(closing);
          clearTimeout(telling);
          clearTimeout(cutting);
          resolve();
        });
      });
    },
  };
}

/** An answer that has begun cannot be taken back: its connection is cut. */
function tell({ request: { url }, response }: Turn): void {
  if (response.headersSent) return;
  const isRpc = /\/mcp(?:[/?]|$)/.test(url ?? '');
  const body = isRpc ? RPC_STOPPING : `${STOPPING}\n`;
  response.writeHead(503, { ...TOLD, 'content-type': isRpc ? 'application/json' : 'text/plain' });
  response.end(body, () => response.destroy());
}
