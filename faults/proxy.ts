// A wire that can be cut: TCP from one replica to the database, handed on, held up, dropped or closed.

import { connect, createServer, type Server, type Socket } from 'node:net';

export type Wire = {
  readonly port: number;
  /** Everything open breaks, and nothing new is let through. */
  cut(): void;
  /** Nothing gets through any more, and nobody is told. */
  mute(): void;
  /** Every piece comes this much later, in both directions. */
  slow(delayMs: number): void;
  /** What was muted is lost: those connections break, as they would on a network that forgot them. */
  mend(): void;
  close(): Promise<void>;
};

type Mode = { readonly kind: 'open' | 'cut' | 'mute' } | { readonly kind: 'slow'; readonly delayMs: number };

export async function startWire(host: string, target: { readonly host: string; readonly port: number }): Promise<Wire> {
  let mode: Mode = { kind: 'open' };
  const open = new Set<Socket>();
  const lost = new Set<Socket>();

  const pass = (from: Socket, to: Socket): void => {
    open.add(from);
    // A delay must not let a later piece overtake an earlier one.
    let last: Promise<unknown> = Promise.resolve();
    from.on('data', (piece) => {
      const held = mode;
      if (held.kind === 'mute') {
        lost.add(from).add(to);
        return;
      }
      const wait = held.kind === 'slow' ? pause(held.delayMs) : null;
      if (wait === null) last = last.then(() => void to.write(piece));
      else last = Promise.all([last, wait]).then(() => void to.write(piece));
    });
    from.on('error', () => undefined);
    from.on('close', () => {
      open.delete(from);
      if (mode.kind !== 'mute') void last.then(() => to.destroy());
    });
  };
  const server: Server = createServer((socket) => {
    if (mode.kind === 'cut') return void socket.destroy();
    if (mode.kind === 'mute') {
      open.add(socket);
      lost.add(socket);
      socket.on('error', () => undefined);
      return;
    }
    const far = connect(target.port, target.host);
    far.setNoDelay(true);
    socket.setNoDelay(true);
    pass(socket, far);
    pass(far, socket);
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  const breakAll = (sockets: Iterable<Socket>): void => {
    for (const socket of [...sockets]) socket.destroy();
  };
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    cut() {
      mode = { kind: 'cut' };
      breakAll(open);
    },
    mute() {
      mode = { kind: 'mute' };
    },
    slow(delayMs) {
      mode = { kind: 'slow', delayMs };
    },
    mend() {
      mode = { kind: 'open' };
      breakAll(lost);
      lost.clear();
    },
    async close() {
      breakAll(open);
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
