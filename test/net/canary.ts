// A listener that nobody may touch: it counts connections, on every address of this machine.

import { connect, createServer } from 'node:net';
import { until } from '../support/until.ts';

export type Canary = {
  readonly port: number;
  /** Connections so far. */
  readonly touched: number;
  /** Whether a connection to `host` would be noticed. */
  hears(host: string): Promise<boolean>;
  close(): Promise<void>;
};

export async function startCanary(): Promise<Canary> {
  let touched = 0;
  const server = createServer((socket) => {
    touched += 1;
    socket.on('error', () => undefined);
    socket.destroy();
  });
  // Without an address: all of IPv6 and IPv4, or of IPv4 where there is no IPv6.
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    port,
    get touched() {
      return touched;
    },
    async hears(host) {
      const before = touched;
      const reached = await new Promise<boolean>((resolve) => {
        const socket = connect({ host, port, timeout: 500 });
        const end = (answer: boolean) => () => {
          socket.destroy();
          resolve(answer);
        };
        socket.once('connect', end(true)).once('error', end(false)).once('timeout', end(false));
      });
      if (reached) await until('the canary was touched', () => touched > before);
      touched = before;
      return reached;
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
