// Any load balancer: hands each request to one of the replicas that said they are ready, no matter what came before.

import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { Replica } from './replica.ts';

const LOOK_MS = 250;

export type Balancer = {
  readonly url: string;
  /** Whose turn it is comes from the replicas that this answers. */
  use(replicas: readonly Replica[]): void;
  close(): Promise<void>;
};

/** @param publicUrl what requests are told they came to; this balancer's own address unless given */
export async function startBalancer(host: string, publicUrl: string | null = null): Promise<Balancer> {
  let replicas: readonly Replica[] = [];
  const ready = new Set<Replica>();
  let turn = 0;
  let publicHost = '';
  const look = async (replica: Replica): Promise<void> => {
    if (await replica.isReady()) ready.add(replica);
    else ready.delete(replica);
  };
  const looking = setInterval(() => void Promise.all(replicas.map(look)), LOOK_MS);

  /** The next ones in turn; all of them when none is known to be ready. */
  const candidates = (): Replica[] => {
    const usable = replicas.filter((replica) => ready.has(replica));
    const all = usable.length > 0 ? usable : [...replicas];
    turn += 1;
    const first = turn % Math.max(1, all.length);
    return [...all.slice(first), ...all.slice(0, first)];
  };

  const hand = (incoming: IncomingMessage, response: ServerResponse, body: Buffer, [next, ...others]: Replica[]) => {
    if (next === undefined) return void response.writeHead(503).end('no replica');
    const headers = { ...incoming.headers, host: publicHost, connection: 'close' };
    const { method } = incoming;
    const onward = request(`${next.url}${incoming.url}`, { ...(method ? { method } : {}), headers, agent: false });
    response.on('close', () => onward.destroy());
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      response.flushHeaders();
      answer.on('error', () => response.destroy());
      answer.pipe(response);
    });
    onward.on('error', (error: NodeJS.ErrnoException) => {
      // Nobody was there: nothing was sent, so another may have it.
      if (error.code === 'ECONNREFUSED' && !response.headersSent) return hand(incoming, response, body, others);
      if (response.headersSent) response.destroy();
      else response.writeHead(502).end('bad gateway');
    });
    onward.end(body);
  };
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('error', () => undefined);
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    hand(incoming, response, Buffer.concat(chunks), candidates());
  });
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  const url = `http://${host}:${typeof address === 'object' ? address?.port : 0}`;
  publicHost = new URL(publicUrl ?? url).host;
  return {
    url,
    use(given) {
      replicas = given;
    },
    async close() {
      clearInterval(looking);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
