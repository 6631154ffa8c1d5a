// Connectors as records: made, changed, removed. A change of place (another origin) lets go of every
// secret that was meant for the old place, and says so.

import { ChatelaineError, isChatelaineError } from '../errors.ts';
import { CONNECTOR_CHANGE_LEASE_MS, CREATE_SYNC_WAIT_MS } from '../limits.ts';
import { connectorKeyFrom } from '../mcp/tool-name.ts';
import type { Secret } from '../secret.ts';
import type { ConnectorPatch, ConnectorRecord } from '../store/records.ts';
import type { Actor } from './audit.ts';
import { audit } from './audit.ts';
import { mergeLimits, NO_CONNECTOR_LIMITS } from './call-limits.ts';
import type { ConnectorChange, ConnectorInput } from './connector-input.ts';
import {
  checkHeaders,
  checkName,
  checkSecret,
  checkShape,
  checkUrl,
  invalid,
  mergeClient,
  mergeOAuth,
} from './connector-input.ts';
import { clientAfter, entersClient, headersAfter } from './connector-secrets.ts';
import type { HubContext } from './context.ts';
import { disconnect, setStaticSecret } from './credentials.ts';
import { newId } from './ids.ts';
import { withLease } from './lease.ts';
import { suggestAuthentication } from './probe.ts';
import { sealHeaders, sealManualClient } from './sealed-values.ts';
import { syncTools } from './tool-sync.ts';

/** @throws not_found */
export async function getConnector(context: HubContext, id: string): Promise<ConnectorRecord> {
  const found = (await context.store.connectors.get(id)) ?? (await context.store.connectors.getByKey(id));
  if (found === null) throw new ChatelaineError('not_found', 'There is no such connector.');
  return found;
}

/**
 * Makes a connector. Without `authType` the server is looked at and the choice made from what it answers.
 *
 * @throws invalid_request naming the field; conflict when the name is taken; address_refused
 */
export async function createConnector(
  context: HubContext,
  input: ConnectorInput,
  actor: Actor,
): Promise<ConnectorRecord> {
  const name = checkName(input.name);
  const url = checkUrl(context, input.url);
  const suggested = input.authType === undefined ? await suggestAuthentication(context, url, input) : null;
  const authType = input.authType ?? suggested?.authType ?? 'none';
  const now = context.now();
  const id = newId('con', now);
  const shape = {
    authType,
    credentialMode:
      input.credentialMode ?? (input.authType === undefined && authType !== 'none' ? ('shared' as const) : null),
    headerName: input.headerName ?? null,
  };
  checkShape(shape, input);
  const headers = present(checkHeaders(input.headers, shape));
  const secret = (input.secret ?? '').trim() === '' ? null : checkSecret(authType, input.secret ?? '');
  const client = authType === 'oauth' ? mergeClient(null, input.oauth) : null;
  const connector: ConnectorRecord = {
    id,
    key: '',
    name,
    url,
    ...shape,
    headerNames: [...headers.keys()].sort(),
    sealedHeaders: headers.size === 0 ? null : await sealHeaders(context.vault, headers, id),
    oauth: authType === 'oauth' ? mergeOAuth(context, null, input.oauth) : null,
    sealedClient: client === null ? null : await sealManualClient(context.vault, client, id),
    clientSetAt: client === null ? null : now,
    discovery: suggested?.discovery ?? null,
    protocol: suggested?.protocol ?? null,
    reachability: null,
    toolReview: input.toolReview ?? 'notify',
    limits: mergeLimits(NO_CONNECTOR_LIMITS, input.limits),
    capture: input.capture ?? 'off',
    toolsRevision: 0,
    toolsSyncedAt: null,
    toolsError: null,
    syncDueAt: now,
    syncFailures: 0,
    createdAt: now,
    updatedAt: now,
  };
  const stored = await insertWithKey(context, connector);
  await suggested?.recorder?.save(id, null);
  await audit(context, actor, 'connector.created', {
    connectorId: id,
    detail: {
      ...{ name, url: context.redactUrl(url), authType, credentialMode: shape.credentialMode },
      ...(stored.capture === 'off' ? {} : { capture: stored.capture }),
    },
  });
  if (secret !== null) await setStaticSecret(context, stored, null, secret, actor);
  await firstSync(context, stored, suggested?.listsWithoutCredential ?? null, secret !== null, actor);
  return getConnector(context, id);
}

const present = (headers: Map<string, Secret | null>): Map<string, Secret> =>
  new Map([...headers].filter((entry): entry is [string, Secret] => entry[1] !== null));

/** Two names never share a key: a taken one gets a number. */
async function insertWithKey(context: HubContext, connector: ConnectorRecord): Promise<ConnectorRecord> {
  const wanted = connectorKeyFrom(connector.name);
  for (let attempt = 1; ; attempt += 1) {
    const taken = new Set(await context.store.connectors.keys());
    let key = wanted;
    for (let n = 2; taken.has(key); n += 1) key = `${wanted}_${n}`;
    try {
      const complete = { ...connector, key };
      await context.store.connectors.insert(complete);
      return complete;
    } catch (error) {
      const raced = isChatelaineError(error, 'conflict') && error.details.field === 'key' && attempt < 20;
      if (raced) continue;
      if (isChatelaineError(error, 'conflict'))
        throw new ChatelaineError('conflict', `name: there is a connector named ${connector.name} already.`, {
          details: { field: 'name' },
        });
      throw error;
    }
  }
}

/** Lists the tools where that is possible without a person; a failure is the listing's own and is kept there. */
async function firstSync(
  context: HubContext,
  connector: ConnectorRecord,
  listsWithoutCredential: boolean | null,
  hasSecret: boolean,
  actor: Actor,
): Promise<void> {
  const machine = connector.oauth?.grant === 'client_credentials';
  const worthwhile =
    connector.authType === 'none' ||
    hasSecret ||
    (connector.authType === 'oauth' ? machine : listsWithoutCredential !== false);
  if (!worthwhile) return;
  const work = syncTools(context, connector, null, actor).then(
    () => undefined,
    (error: unknown) => {
      if (!isChatelaineError(error))
        context.log.error({ err: error, connectorId: connector.id }, 'a first sync failed');
    },
  );
  let timer: ReturnType<typeof setTimeout> | undefined;
  await Promise.race([
    work,
    new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CREATE_SYNC_WAIT_MS);
    }),
  ]);
  clearTimeout(timer);
}

export type ConnectorUpdate = { readonly connector: ConnectorRecord; readonly droppedSecrets: readonly string[] };

/**
 * Changes a connector. A blank or absent secret keeps the stored one; a URL on another origin drops the
 * stored credentials and header values, and the answer names what was dropped.
 *
 * @throws not_found, invalid_request naming the field, conflict, address_refused
 */
export async function updateConnector(
  context: HubContext,
  id: string,
  change: ConnectorChange,
  actor: Actor,
): Promise<ConnectorUpdate> {
  const { id: connectorId } = await getConnector(context, id);
  // A change is made of what was read before it, so that two at once would undo each other.
  const { relist, droppedSecrets } = await withLease(
    context,
    `change:${connectorId}`,
    CONNECTOR_CHANGE_LEASE_MS,
    async () => applyChange(context, await getConnector(context, connectorId), change, actor),
  );
  const connector = await getConnector(context, connectorId);
  if (relist !== null) await firstSync(context, connector, null, relist === 'with_secret', actor);
  return { connector: relist === null ? connector : await getConnector(context, connectorId), droppedSecrets };
}

async function applyChange(
  context: HubContext,
  before: ConnectorRecord,
  change: ConnectorChange,
  actor: Actor,
): Promise<{ relist: 'with_secret' | 'anew' | null; droppedSecrets: readonly string[] }> {
  const url = change.url === undefined ? before.url : checkUrl(context, change.url);
  const authType = change.authType ?? before.authType;
  const shape = {
    authType,
    credentialMode:
      change.credentialMode === undefined
        ? authType === 'none'
          ? null
          : before.credentialMode
        : change.credentialMode,
    headerName:
      change.headerName === undefined ? (authType === 'api_key_header' ? before.headerName : null) : change.headerName,
  };
  checkShape(shape, change);
  const moved = new URL(url).origin !== new URL(before.url).origin;
  const dropped: string[] = [];

  const headers = await headersAfter(context, before, moved, checkHeaders(change.headers, shape));
  if (moved) dropped.push(...before.headerNames.map((name) => `headers.${name}`));
  const client =
    authType === 'oauth'
      ? await clientAfter(context, before, moved, change.oauth)
      : { sealedClient: null, clientSetAt: null };
  if (moved && before.sealedClient !== null) dropped.push('oauth.clientId', 'oauth.clientSecret');
  const secret = (change.secret ?? '').trim() === '' ? null : checkSecret(authType, change.secret ?? '');
  if (change.secret === null)
    throw invalid('secret', 'cannot be removed by a change; disconnect instead (DELETE …/credential).');

  const now = context.now();
  const name = change.name === undefined ? before.name : checkName(change.name);
  const patch: ConnectorPatch = {
    url,
    ...shape,
    ...headers,
    ...client,
    oauth:
      authType === 'oauth'
        ? mergeOAuth(
            context,
            moved && before.oauth !== null ? { ...before.oauth, clientIssuer: null } : before.oauth,
            change.oauth,
          )
        : null,
    ...(change.toolReview === undefined ? {} : { toolReview: change.toolReview }),
    ...(change.capture === undefined ? {} : { capture: change.capture }),
    ...(change.limits === undefined ? {} : { limits: mergeLimits(before.limits, change.limits) }),
    ...(url === before.url ? {} : { protocol: null, discovery: null, reachability: null, syncDueAt: now }),
    updatedAt: now,
  };

  // The one thing that may be refused here; what follows cannot be taken back.
  if (name !== before.name) await context.store.connectors.update(before.id, { name });
  // Flipping the mode keeps what still has an owner: agents' own credentials wait for the flip back.
  // What a machine's client was given is the client's: another proof asks for it anew, and nobody need consent.
  const machine = before.oauth?.grant === 'client_credentials' && entersClient(change.oauth);
  const letGo = moved || machine || authType !== before.authType;
  if (letGo) dropped.push(...(await disconnectAll(context, before, actor)));
  const connector = await context.store.connectors.update(before.id, differences(before, patch));
  if (connector === null) throw new ChatelaineError('not_found', 'There is no such connector.');
  // A sign-in for the old place may have ended in between.
  if (letGo) dropped.push(...(await disconnectAll(context, before, actor)));
  context.credentialCache.forgetConnector(before.id);
  if (moved) await context.store.tools.clear(before.id, now);
  context.agentAccess.recheck();
  await audit(context, actor, 'connector.changed', {
    connectorId: before.id,
    detail: {
      fields: Object.keys(change).sort(),
      droppedSecrets: dropped,
      ...(connector.capture === before.capture ? {} : { capture: connector.capture }),
    },
  });
  if (secret !== null) await setStaticSecret(context, connector, null, secret, actor);
  const relist = secret !== null ? 'with_secret' : url !== before.url ? 'anew' : null;
  return { relist, droppedSecrets: [...new Set(dropped)] };
}

/** What stays as it was is not written: it may have been encrypted anew meanwhile. */
function differences(before: ConnectorRecord, patch: ConnectorPatch): ConnectorPatch {
  return Object.fromEntries(
    Object.entries(patch).filter(([field, value]) => before[field as keyof ConnectorRecord] !== value),
  );
}

async function disconnectAll(context: HubContext, connector: ConnectorRecord, actor: Actor): Promise<string[]> {
  const credentials = await context.store.credentials.listByConnector(connector.id);
  const owners = [...new Set(credentials.map((credential) => credential.agentId))];
  for (const owner of owners) await disconnect(context, connector, owner, actor);
  return owners.map((owner) => (owner === null ? 'credential' : `credential of agent ${owner}`));
}

/** Removes a connector with everything that hangs on it; its tokens are revoked at the provider first. @throws not_found */
export async function deleteConnector(context: HubContext, id: string, actor: Actor): Promise<void> {
  const connector = await getConnector(context, id);
  await disconnectAll(context, connector, actor);
  await context.store.connectors.delete(connector.id);
  context.agentAccess.recheck();
  context.credentialCache.forgetConnector(connector.id);
  await audit(context, actor, 'connector.deleted', {
    connectorId: connector.id,
    detail: { name: connector.name, url: context.redactUrl(connector.url) },
  });
}
