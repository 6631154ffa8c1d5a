// Lists a connector's tools and keeps them, whole. Only a complete listing is written; a failure is told
// beside the last good snapshot and takes nothing away.

import { isChatelaineError } from '../errors.ts';

import type { ToolListing } from '../mcp/list-tools.ts';
import { listTools } from '../mcp/list-tools.ts';
import { toolDigest } from '../mcp/tool-digest.ts';
import type { ConnectorRecord } from '../store/records.ts';
import type { ToolSnapshotChange } from '../store/store.ts';
import { SYNC_BACKOFF_MAX_MS, SYNC_INTERVAL_MIN_MS, SYNC_INTERVAL_MS } from '../work-limits.ts';
import type { Actor } from './audit.ts';
import { audit, SYSTEM } from './audit.ts';
import type { HubContext } from './context.ts';
import type { Hide } from './echo.ts';
import type { Recorder } from './transcript.ts';
import { createRecorder } from './transcript.ts';
import { withUpstream } from './upstream-session.ts';

const LISTERS_MAX = 50;

export type SyncResult = ToolSnapshotChange & {
  /** Tools the server listed but that cannot be offered, with the reason. */
  readonly dropped: readonly { readonly name: string; readonly reason: string }[];
  readonly syncedAt: number;
};

export type SyncOptions = {
  readonly slot?: 'active' | 'pending';
  readonly recorder?: Recorder;
  readonly signal?: AbortSignal;
};

/** Whose credential lists the tools when nobody said: the shared one, or the first agent that is connected. */
async function lister(
  context: HubContext,
  connector: ConnectorRecord,
  agentId: string | null,
): Promise<{ agentId: string | null; anonymous: boolean }> {
  if (connector.authType === 'none') return { agentId: null, anonymous: false };
  if (
    connector.authType === 'oauth' &&
    connector.oauth?.grant === 'client_credentials' &&
    connector.credentialMode === 'shared'
  ) {
    return { agentId: null, anonymous: false };
  }
  if (connector.credentialMode === 'per_agent') {
    if (agentId !== null) return { agentId, anonymous: false };
    // Each in turn, by chance: what one agent may see, another may not, and every view goes stale.
    const agents = await context.store.credentials.listOfAgents(connector.id, LISTERS_MAX);
    const alive = agents.filter((credential) => credential.state !== 'reauthorization_required');
    const chosen = alive[Math.floor(Math.random() * alive.length)] ?? agents[0];
    return { agentId: chosen?.agentId ?? null, anonymous: chosen === undefined };
  }
  return { agentId: null, anonymous: (await context.store.credentials.find(connector.id, null, 'active')) === null };
}

/**
 * Lists the tools now, with the credential of `agentId`, or the connector's own.
 *
 * @throws the reason of the failure, which is kept as the connector's `toolsError` too
 */
export async function syncTools(
  context: HubContext,
  connector: ConnectorRecord,
  agentId: string | null,
  actor: Actor,
  options: SyncOptions = {},
): Promise<SyncResult> {
  const recorder = options.recorder ?? createRecorder(context, 'sync');
  const who = options.slot === 'pending' ? { agentId, anonymous: false } : await lister(context, connector, agentId);
  try {
    const listing = await context.listings.run((through) =>
      withUpstream(
        context,
        connector,
        who.agentId,
        recorder,
        {
          anonymous: who.anonymous,
          through,
          ...(options.slot === undefined ? {} : { slot: options.slot }),
          ...(options.signal === undefined ? {} : { signal: options.signal }),
        },
        async (upstream, hide) =>
          withoutEchoes(await listTools(upstream, (step, text) => recorder.note(step, hide(text))), hide),
      ),
    );
    const tools = await Promise.all(
      listing.tools.map(async (tool) => ({
        name: tool.name,
        definition: JSON.stringify(tool),
        digest: await toolDigest(tool),
      })),
    );
    const now = context.now();
    const owner = connector.credentialMode === 'per_agent' ? (who.agentId ?? '') : '';
    const change = await context.store.tools.saveSnapshot(
      connector.id,
      owner,
      tools,
      now,
      owner === '' ? 'all' : 'with_credential',
    );
    context.agentAccess.recheck();
    await context.store.connectors.update(connector.id, {
      toolsSyncedAt: now,
      toolsError: null,
      syncFailures: 0,
      syncDueAt: now + jittered(Math.max(SYNC_INTERVAL_MIN_MS, listing.ttlMs ?? SYNC_INTERVAL_MS)),
    });
    recorder.note(
      'list_tools',
      `${change.count} tools; ${change.added.length} added, ${change.removed.length} removed, ${change.changed.length} changed`,
    );
    const { added, removed, changed } = change;
    const changes = { added: added.length, removed: removed.length, changed: changed.length };
    // A listing that somebody asked for used a secret; one on schedule is told when it found something.
    if (actor !== SYSTEM || added.length + removed.length + changed.length > 0) {
      await audit(context, actor, 'tools.synced', { connectorId: connector.id, agentId: who.agentId, detail: changes });
    }
    context.meter.toolSync('ok');
    return { ...change, dropped: listing.dropped, syncedAt: now };
  } catch (error) {
    const isWaiting = isChatelaineError(error, 'connect_required', 'secret_required');
    context.meter.toolSync(isWaiting ? 'waiting' : 'failed');
    await rememberFailure(context, connector, error);
    throw error;
  } finally {
    await recorder.save(connector.id, who.agentId);
  }
}

/** A tool is kept and shown to every agent; one with the credential in its very name is left out. */
function withoutEchoes(listing: ToolListing, hide: Hide): ToolListing {
  const named = listing.tools.filter((tool) => hide(tool.name) === tool.name);
  const left = listing.tools.filter((tool) => hide(tool.name) !== tool.name);
  return {
    ...listing,
    tools: named.map((tool) => JSON.parse(hide(JSON.stringify(tool)))),
    dropped: [
      ...listing.dropped.map(({ name, reason }) => ({ name: hide(name), reason: hide(reason) })),
      ...left.map((tool) => ({ name: hide(tool.name), reason: 'its name holds the credential' })),
    ],
  };
}

async function rememberFailure(context: HubContext, connector: ConnectorRecord, error: unknown): Promise<void> {
  const now = context.now();
  const present = await context.store.connectors.get(connector.id);
  if (present === null) return;
  const waiting = isChatelaineError(error, 'connect_required', 'secret_required') && present.toolsSyncedAt === null;
  const failures = present.syncFailures + 1;
  const backoff = Math.min(SYNC_INTERVAL_MIN_MS * 2 ** Math.min(failures, 10), SYNC_BACKOFF_MAX_MS);
  await context.store.connectors.update(connector.id, {
    syncFailures: failures,
    syncDueAt: now + jittered(backoff),
    // Not yet connected is no failure of the listing; the credential's own state tells it.
    ...(waiting
      ? {}
      : {
          toolsError: {
            code: isChatelaineError(error) ? error.code : 'internal_error',
            message: isChatelaineError(error) ? error.message : 'The tools could not be listed.',
            at: now,
          },
        }),
  });
}

/** Spread by a tenth, so that connectors added together are not listed together for ever. */
function jittered(milliseconds: number): number {
  return Math.round(milliseconds * (0.95 + 0.1 * Math.random()));
}
