// The front door of the library: store, vault, network and HTTP face put together into one hub that
// mounts wherever a web-standard fetch handler mounts.

import { hash } from 'node:crypto';
import { hostname } from 'node:os';
import { ChatelaineError } from '../errors.ts';
import { createGateway } from '../gateway/gateway.ts';
import { createApp } from '../http/app.ts';
import type { RequestFacts, WebPage } from '../http/environment.ts';
import { createAgentAccess } from '../hub/agent-access.ts';
import { browserRoutes } from '../hub/browser-routes.ts';
import { createChangeFeed } from '../hub/change-feed.ts';
import type { HubContext, Log } from '../hub/context.ts';
import { createCredentialCache, createSingleFlight } from '../hub/credential-cache.ts';
import { assembleHub, type Hub } from '../hub/hub.ts';
import { newId } from '../hub/ids.ts';
import { createLateSaves } from '../hub/late-saves.ts';
import { createListingRoom } from '../hub/listing-room.ts';
import { createRefusalTrials } from '../hub/refusal-trials.ts';
import { createTokenLanes } from '../hub/token-lanes.ts';
import { createViews } from '../hub/views.ts';
import { watchStore } from '../hub/watched-store.ts';
import { CALL_LOG_DAYS_DEFAULT } from '../limits.ts';
import { type AllowedHosts, addressPolicy, parseAllowedHosts } from '../net/address-policy.ts';
import { createOutbound } from '../net/guarded-fetch.ts';
import { redactUrl, tracedFetch } from '../net/request-log.ts';
import type { FetchLike } from '../outbound.ts';
import type { OpenIdSettings } from '../people/openid-provider.ts';
import { createPeople, type People } from '../people/people.ts';
import { Secret } from '../secret.ts';
import { openStore, type StoreLocation } from '../store/open-store.ts';
import type { Store } from '../store/store.ts';
import type { Keyring } from '../vault/keyring.ts';
import { parseKeyring } from '../vault/keyring.ts';
import { openVault } from './encryption-keys.ts';
import { gatewayDoor, type NodeDoor } from './gateway-door.ts';
import { silentLog } from './log.ts';
import { createMetrics } from './metrics.ts';
import type { ExportingTracer } from './open-telemetry.ts';
import { referenceReader } from './secret-references.ts';
import { openSharedClock, type SharedClock } from './shared-clock.ts';
import type { TraceSettings } from './trace-settings.ts';
import { VERSION } from './version.ts';

export type CreateHubOptions = {
  /** Public base URL under which browsers reach the fetch handler; a path in it is the mount point. */
  readonly url: string;
  /** Where records live: a file, a PostgreSQL, or a store that is open already. */
  readonly database: StoreLocation | Store;
  /** `id:base64key[,id:base64key…]`: the first encrypts, all decrypt. 32 bytes each. */
  readonly encryptionKeys: string | Keyring;
  /** Hosts or CIDRs in private ranges that connectors may use, comma-separated; none by default. */
  readonly allowedPrivateHosts?: string | AllowedHosts;
  /** A static bearer token with the owner role for `/api`. */
  readonly adminToken?: Secret | string | null;
  /** The name by which providers show us to people. */
  readonly clientName?: string;
  /** A Client ID Metadata Document hosted elsewhere (https). */
  readonly clientMetadataUrl?: string | null;
  /** Folder of `file:NAME` references. */
  readonly secretsFolder?: string;
  /** How long calls stay in the call log; 30 unless said otherwise. */
  readonly callLogDays?: number;
  /** Single sign-on of people by OpenID Connect; none by default. */
  readonly openId?: OpenIdSettings | null;
  /** The collector of OpenTelemetry traces. */
  readonly traces?: TraceSettings | null;
  /** The built web page; without one, `/` leads to the documents of the API. */
  readonly webPage?: WebPage | null;
  readonly log?: Log;
  /** Milliseconds since the epoch; by default the database's clock, which all processes on it share. */
  readonly now?: () => number;
  /** Refresh ahead of time, scheduled sync and listening for changes; on by default. */
  readonly background?: boolean;
};

export type EmbeddedHub = {
  /** Every use case as a function. */
  readonly hub: Hub;
  /** API, connect links, callback, gateway: mount it at the path of `url`. */
  readonly fetch: (request: Request, facts?: RequestFacts) => Promise<Response>;
  /** The gateway alone, straight on Node's HTTP server: faster, and optional. */
  readonly gatewayDoor: NodeDoor;
  /** Who may sign in: set-up codes, invitations, roles. */
  readonly people: People;
  /** Ends what would keep a server from closing: streams of news to open pages, and those on which agents listen. */
  readonly endStreams: () => void;
  readonly close: () => Promise<void>;
};

/**
 * Opens a hub.
 *
 * @throws invalid_settings, store_unavailable, encryption_key_missing
 */
export async function createHub(options: CreateHubOptions): Promise<EmbeddedHub> {
  const base = baseUrlOf(options.url);
  const keyring =
    typeof options.encryptionKeys === 'string' ? parseKeyring(options.encryptionKeys) : options.encryptionKeys;
  const allowed =
    typeof options.allowedPrivateHosts === 'object'
      ? options.allowedPrivateHosts
      : parseAllowedHosts(options.allowedPrivateHosts ?? '');
  const log = options.log ?? silentLog;
  const opened = 'connectors' in options.database ? options.database : await openStore(options.database);
  const clock = await clockOf(options, opened, log);
  const { now } = clock;
  const changes = createChangeFeed(opened, log, now);
  const store = watchStore(opened, changes);
  const outbound = createOutbound({ allowed, userAgent: `chatelaine/${VERSION}` });
  try {
    const policy = addressPolicy(allowed);
    const metrics = createMetrics(now);
    const holder = `${hostname()}-${process.pid}`.replace(/[^A-Za-z0-9-]/g, '').slice(0, 40);
    const tracer = options.traces == null ? null : await loadTracer(options.traces, log);
    const context: HubContext = {
      store,
      vault: await openVault(store, keyring),
      outbound,
      trace: (fetch: FetchLike, onRequest, clock) => tracedFetch(fetch, onRequest, clock),
      redactUrl,
      now,
      baseUrl: base,
      redirectUri: `${base}${browserRoutes.callback}`,
      clientMetadataUrl:
        options.clientMetadataUrl ?? (base.startsWith('https:') ? `${base}${browserRoutes.clientMetadata}` : null),
      clientName: options.clientName ?? 'Chatelaine',
      version: VERSION,
      readReference: referenceReader(options.secretsFolder ?? '/run/secrets'),
      mayUsePlainHttp: policy.mayUsePlainHttp,
      urlRefusal: policy.urlRefusal,
      log,
      meter: metrics.meter,
      callLogDays: options.callLogDays ?? CALL_LOG_DAYS_DEFAULT,
      holder,
      credentialCache: createCredentialCache(now),
      listings: createListingRoom(),
      agentAccess: createAgentAccess(store, (key) => hash('sha256', key.reveal(), 'base64url'), log, now),
      singleFlight: createSingleFlight(),
      tokenLanes: createTokenLanes({ store, now, holder: newId(holder, now()) }),
      lateSaves: createLateSaves(),
      refusalTrials: createRefusalTrials(now),
    };
    const hub = assembleHub(context);
    const adminToken =
      typeof options.adminToken === 'string' ? new Secret(options.adminToken) : (options.adminToken ?? null);
    const gateway = createGateway(context, hub, hub.calls.record, tracer);
    const people = createPeople(context, { openId: options.openId ?? null });
    const views = createViews(context, changes);
    metrics.watch(hub, views, gateway);
    const app = createApp({
      hub,
      people,
      views,
      webPage: options.webPage ?? null,
      gateway,
      version: VERSION,
      adminToken,
      metrics,
      log,
      now,
    });
    if (options.background !== false) hub.start();
    return {
      hub,
      people,
      fetch: async (request, facts = {}) => app.fetch(belowBase(request, base), facts),
      gatewayDoor: gatewayDoor(gateway, { metrics, log, baseUrl: base }),
      endStreams: () => {
        changes.close();
        gateway.endStreams();
      },
      close: async () => {
        clock.close();
        await views.close();
        await gateway.close();
        await tracer?.close();
        await hub.close();
        await outbound.close();
      },
    };
  } catch (error) {
    clock.close();
    await outbound.close();
    if (!('connectors' in options.database)) await opened.close();
    throw error;
  }
}

async function clockOf(options: CreateHubOptions, store: Store, log: Log): Promise<SharedClock> {
  if (options.now !== undefined) return { now: options.now, close: () => undefined };
  try {
    return await openSharedClock(store, log);
  } catch (error) {
    if (!('connectors' in options.database)) await store.close();
    throw error;
  }
}

/** Not even read where nobody wants traces. */
async function loadTracer(settings: TraceSettings, log: Log): Promise<ExportingTracer> {
  const { openTracer } = await import('./open-telemetry.ts');
  return openTracer(settings, log);
}

function baseUrlOf(text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new ChatelaineError(
      'invalid_settings',
      'url: must be the whole public address of the hub, such as https://hub.example.com.',
    );
  }
  if (!/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '' || url.username !== '') {
    throw new ChatelaineError('invalid_settings', 'url: must be http(s), without query, fragment or user name.');
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

/** Whether a proxy or framework cut the mount path off or left it on, the routes see what follows it. */
function belowBase(request: Request, base: string): Request {
  const prefix = new URL(base).pathname;
  if (prefix === '/') return request;
  const url = new URL(request.url);
  if (url.pathname !== prefix && !url.pathname.startsWith(`${prefix}/`)) return request;
  url.pathname = url.pathname.slice(prefix.length) || '/';
  return new Request(url, request);
}
