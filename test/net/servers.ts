// Real servers on loopback for the tests of src/net, and a resolver that answers what a test says.

import type { LookupAddress } from 'node:dns';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, isIP, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { parseAllowedHosts } from '../../src/net/address-policy.ts';
import type { Lookup } from '../../src/net/guarded-connect.ts';
import { createOutbound, type OutboundOptions } from '../../src/net/guarded-fetch.ts';

export type Upstream = { readonly url: string; readonly port: number; readonly sockets: ReadonlySet<Socket> };

/** An HTTP server that is gone when the test is. */
export function httpServer(listener: RequestListener): Promise<Upstream> {
  return listening(createServer(listener));
}

/** A server that speaks bytes. */
export function rawServer(onConnection: (socket: Socket) => void): Promise<Upstream> {
  return listening(
    createTcpServer((socket) => {
      socket.on('error', () => {});
      onConnection(socket);
    }) as Server,
  );
}

/** A raw server that waits for the request's headers and then writes what it is told. */
export function answering(write: (socket: Socket) => void): Promise<Upstream> {
  return rawServer((socket) => {
    socket.once('data', () => write(socket));
  });
}

/** Fetches that may reach 127.0.0.1 and are closed with the test. */
export function outbound(options: Partial<Omit<OutboundOptions, 'allowed'>> & { allowed?: string } = {}) {
  const { allowed = '127.0.0.1', ...others } = options;
  const made = createOutbound({ userAgent: 'Chatelaine/test', allowed: parseAllowedHosts(allowed), ...others });
  onTestFinished(() => made.close());
  return made;
}

/** Answers from a table of names; one list of addresses for each time a name is asked, the last for ever. */
export function resolver(table: { [name: string]: string[][] }): Lookup & { asked: string[] } {
  const asked: string[] = [];
  const lookup: Lookup = (hostname, _, callback) => {
    const answers = table[hostname];
    const times = asked.filter((name) => name === hostname).length;
    asked.push(hostname);
    const found = answers?.[Math.min(times, answers.length - 1)];
    const addresses: LookupAddress[] = (found ?? []).map((address) => ({ address, family: isIP(address) }));
    const failure = found === undefined ? Object.assign(new Error('unknown name'), { code: 'ENOTFOUND' }) : null;
    queueMicrotask(() => callback(failure, addresses));
  };
  return Object.assign(lookup, { asked });
}

export async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}

async function listening(server: Server): Promise<Upstream> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port, sockets };
}
