// The self-hosted server: settings in, a listening hub out. It listens first and answers when the hub is
// ready, because its public address may depend on the port that the system chose.

import { mkdir } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { ChatelaineError } from '../errors.ts';
import type { WebPage } from '../http/environment.ts';
import type { Log } from '../hub/context.ts';
import { openStore } from '../store/open-store.ts';
import type { Store } from '../store/store.ts';
import { awaitingDatabase } from './await-database.ts';
import { publicUrlOf, type Settings } from './config.ts';
import { createHub, type EmbeddedHub } from './create-hub.ts';
import { type KeyOrigin, loadKeys } from './encryption-keys.ts';
import { silentLog } from './log.ts';
import { takeServingLock } from './serving-lock.ts';
import { createStopping } from './stopping.ts';
import type { TraceSettings } from './trace-settings.ts';
import { readWebPage } from './web-page-files.ts';

export type RunningServer = {
  readonly url: string;
  readonly port: number;
  readonly embedded: EmbeddedHub;
  readonly keyOrigin: KeyOrigin;
  /**
   * Says that it is not ready any more and goes on serving for `noticeMs`, so that balancers notice; then finishes
   * the requests under way, tells those who still wait after ten seconds, and closes everything.
   */
  close(noticeMs?: number): Promise<void>;
};

/** Opens the store that the settings name. @throws store_unavailable, invalid_settings */
export async function openStoreOf(settings: Settings): Promise<Store> {
  const { database } = settings;
  if (database.kind === 'postgres') return openStore({ kind: 'postgres', url: database.url.reveal() });
  await mkdir(settings.dataFolder, { recursive: true, mode: 0o700 });
  return openStore(database);
}

/** The hub of these settings without a listening port, for the command line. */
export async function openHubOf(
  settings: Settings,
  given: {
    readonly url: string;
    readonly log?: Log;
    readonly background: boolean;
    readonly webPage?: WebPage | null;
    readonly traces?: TraceSettings | null;
  },
): Promise<EmbeddedHub & { readonly keyOrigin: KeyOrigin; readonly store: Store }> {
  const store = await openStoreOf(settings);
  try {
    const { keyring, origin } = await loadKeys(store, settings, given.log ?? silentLog);
    const embedded = await createHub({
      url: given.url,
      database: store,
      encryptionKeys: keyring,
      allowedPrivateHosts: settings.allowedPrivateHosts,
      adminToken: settings.adminToken,
      clientName: settings.clientName,
      clientMetadataUrl: settings.clientMetadataUrl,
      secretsFolder: settings.secretsFolder,
      callLogDays: settings.callLogDays,
      background: given.background,
      webPage: given.webPage ?? null,
      openId: settings.openId,
      traces: given.traces ?? null,
      ...(given.log === undefined ? {} : { log: given.log }),
    });
    return { ...embedded, keyOrigin: origin, store };
  } catch (error) {
    await store.close();
    throw error;
  }
}

type ServerOptions = {
  /** false leaves refreshing ahead of time and scheduled syncs to others. */
  readonly background?: boolean;
  /** false lets several servers run on one embedded database, which nothing but a test wants. */
  readonly alone?: boolean;
  /** Ends the wait for the database. */
  readonly signal?: AbortSignal;
};

/**
 * Listens, waits for the database, and serves; on an embedded database it is the only server that does.
 *
 * @throws invalid_settings when another server has the data folder, when the port is taken or not permitted;
 *   what opening the hub throws; the signal's reason
 */
export async function startServer(settings: Settings, log: Log, options: ServerOptions = {}): Promise<RunningServer> {
  const mustBeAlone = settings.database.kind === 'sqlite' && options.alone !== false;
  const lock = mustBeAlone ? takeServingLock(settings.dataFolder) : null;
  try {
    const running = await listenAndServe(settings, log, options);
    return {
      ...running,
      async close(noticeMs) {
        await running.close(noticeMs).finally(() => lock?.release());
      },
    };
  } catch (error) {
    lock?.release();
    throw error;
  }
}

async function listenAndServe(settings: Settings, log: Log, options: ServerOptions): Promise<RunningServer> {
  let ready: EmbeddedHub | null = null;
  const stopping = createStopping();
  const listener = getRequestListener((request, { incoming }) =>
    ready === null ? whileStarting(request) : ready.fetch(request, { address: incoming.socket.remoteAddress }),
  );
  const server = createServer(
    {
      requestTimeout: 60_000,
      headersTimeout: 30_000,
      // Longer than the idle time of common load balancers, which must be the ones to close.
      keepAliveTimeout: 75_000,
      maxHeaderSize: 16 * 1024,
    },
    (request, response) => {
      if (stopping.answers(request, response)) return;
      if (ready?.gatewayDoor(request, response) !== true) void listener(request, response);
    },
  );
  const port = await listen(server, settings);
  const url = publicUrlOf(settings, port);
  try {
    const webPage = await readWebPage();
    const background = options.background ?? true;
    const open = () => openHubOf(settings, { traces: settings.traces, url, log, background, webPage });
    const embedded = await awaitingDatabase(open, log, options.signal);
    ready = embedded;
    void embedded.hub.keys.markUnreadable().catch((error: unknown) => {
      log.warn({ err: error }, 'the stored secrets could not be checked at the start');
    });
    return {
      url,
      port,
      embedded,
      keyOrigin: embedded.keyOrigin,
      async close(noticeMs = 0) {
        await stopping.begin(noticeMs);
        embedded.endStreams();
        await stopping.finish(server);
        await embedded.close();
      },
    };
  } catch (error) {
    server.closeAllConnections();
    server.close();
    throw error;
  }
}

/** Alive, and not ready: whoever looks after processes need not start another one. */
function whileStarting(request: Request): Response {
  const isAlive = new URL(request.url).pathname === '/healthz';
  return new Response('starting\n', {
    status: isAlive ? 200 : 503,
    headers: { 'retry-after': '1', 'cache-control': 'no-store' },
  });
}

function listen(server: Server, settings: Settings): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'EADDRINUSE'
          ? 'is in use by another program'
          : `cannot be listened on (${error.code ?? 'unknown'})`;
      reject(
        new ChatelaineError(
          'invalid_settings',
          `CHATELAINE_PORT: ${settings.host}:${settings.port} ${why}; choose another port.`,
          {
            cause: error,
          },
        ),
      );
    });
    server.listen(settings.port, settings.host, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : settings.port);
    });
  });
}
