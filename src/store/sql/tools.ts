// The tool snapshot of a connector, whole definitions. A listing is compared with what stands before
// anything is written, so that the hourly sync of an unchanged server costs reads alone.

import type { ToolRecord } from '../records.ts';
import type { ToolSnapshotChange, ToolStore } from '../store.ts';
import { raiseAccess, raiseTools } from './access.ts';
import { chunksOf } from './rows.ts';
import type { Database, Db, Dialect } from './schema.ts';
import { forgetListingsWithoutCredential, replaceListing, retireUnlisted } from './tool-listings.ts';
import type { Trx } from './transaction.ts';
import { holdParent, inTransaction } from './transaction.ts';

type ToolRow = Database['tools'];
type Listed = { readonly name: string; readonly definition: string; readonly digest: string };

export function toolStore(db: Db, dialect: Dialect): ToolStore {
  return {
    async list(connectorId, owner) {
      const rows = await db
        .selectFrom('tools')
        .selectAll()
        .where('connectorId', '=', connectorId)
        .orderBy('position')
        .orderBy('name')
        .execute();
      const listings = await listingsOf(db, connectorId, { owner });
      return rows.map((row) => ({ ...row, listedBy: listings.get(row.name) ?? [] }));
    },
    async get(connectorId, name) {
      const row = await db
        .selectFrom('tools')
        .selectAll()
        .where('connectorId', '=', connectorId)
        .where('name', '=', name)
        .executeTakeFirst();
      if (row === undefined) return null;
      const listings = await listingsOf(db, connectorId, { name });
      return { ...row, listedBy: listings.get(name) ?? [] };
    },
    async counts(connectorIds) {
      const counts = new Map(connectorIds.map((id) => [id, 0]));
      for (const chunk of chunksOf([...counts.keys()])) {
        const rows = await db
          .selectFrom('tools')
          .select((select) => ['connectorId', select.fn.countAll<number | string>().as('count')])
          .where('connectorId', 'in', chunk)
          .where('state', '=', 'active')
          .groupBy('connectorId')
          .execute();
        for (const row of rows) counts.set(row.connectorId, Number(row.count));
      }
      return counts;
    },
    saveSnapshot: (connectorId, owner, tools, now, others = 'all') =>
      inTransaction(db, async (trx) => {
        // An owner has no foreign key, so it is held: a listing must not be left by an agent that is gone.
        if (owner !== '') await holdParent(trx, dialect, 'agents', owner);
        await holdParent(trx, dialect, 'connectors', connectorId);
        return saveSnapshot(trx, connectorId, owner, tools, now, others);
      }),
    approve: (connectorId, name, digest) =>
      inTransaction(db, async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable('tools')
          .set({ approvedDigest: null, approvedDefinition: null })
          .where('connectorId', '=', connectorId)
          .where('name', '=', name)
          .where('digest', '=', digest)
          .where('approvedDigest', 'is not', null)
          .executeTakeFirst();
        if (numUpdatedRows === 0n) return false;
        await raiseTools(trx, connectorId);
        await raiseAccess(trx);
        return true;
      }),
    clear: (connectorId) =>
      inTransaction(db, async (trx) => {
        await holdParent(trx, dialect, 'connectors', connectorId);
        await trx.deleteFrom('tools').where('connectorId', '=', connectorId).execute();
        await raiseTools(trx, connectorId);
        await raiseAccess(trx);
      }),
  };
}

async function saveSnapshot(
  trx: Trx,
  connectorId: string,
  owner: string,
  tools: readonly Listed[],
  now: number,
  others: 'all' | 'with_credential',
): Promise<ToolSnapshotChange> {
  const rows = await trx
    .selectFrom('tools')
    .select(['name', 'digest', 'state', 'position', 'firstSeenAt', 'changedAt', 'approvedDigest', 'approvedDefinition'])
    .where('connectorId', '=', connectorId)
    .execute();
  const before = new Map(rows.map((row) => [row.name, row]));
  // A name listed twice is one tool, the first.
  const listed = new Map<string, Listed>();
  for (const tool of tools) if (!listed.has(tool.name)) listed.set(tool.name, tool);

  const added: string[] = [];
  const changed: string[] = [];
  const former = await formerDefinitions(
    trx,
    connectorId,
    [...listed.values()]
      .filter((tool) => {
        const old = before.get(tool.name);
        return old !== undefined && old.digest !== tool.digest && old.approvedDigest === null;
      })
      .map((tool) => tool.name),
  );
  const written: ToolRow[] = [];
  let position = 0;
  for (const tool of listed.values()) {
    const old = before.get(tool.name);
    const sameDigest = old?.digest === tool.digest;
    if (old?.state !== 'active') added.push(tool.name);
    else if (!sameDigest) changed.push(tool.name);
    if (old?.state !== 'active' || !sameDigest || old.position !== position) {
      written.push({
        connectorId,
        name: tool.name,
        definition: tool.definition,
        digest: tool.digest,
        state: 'active',
        position,
        firstSeenAt: old?.firstSeenAt ?? now,
        changedAt: old !== undefined && sameDigest ? old.changedAt : now,
        goneAt: null,
        ...approvedAfter(old, tool, former.get(tool.name)),
      });
    }
    position += 1;
  }
  for (const chunk of chunksOf(written)) await upsert(trx, chunk);
  await replaceListing(trx, connectorId, owner, new Set(listed.keys()));
  if (others === 'with_credential') await forgetListingsWithoutCredential(trx, connectorId, owner);
  const removed = await retireUnlisted(trx, connectorId, now);
  if (written.length + removed.length > 0) {
    await raiseTools(trx, connectorId);
    await raiseAccess(trx);
  }
  const activeBefore = rows.filter((row) => row.state === 'active').length;
  return { added, removed, changed, count: activeBefore + added.length - removed.length };
}

type Approved = Pick<ToolRow, 'approvedDigest' | 'approvedDefinition'>;

/** What stays approved when a server lists `tool` in place of `old`. */
function approvedAfter(
  old: (Approved & Pick<ToolRow, 'digest'>) | undefined,
  tool: Listed,
  formerDefinition: string | undefined,
): Approved {
  const none = { approvedDigest: null, approvedDefinition: null };
  if (old === undefined || old.approvedDigest === tool.digest) return none;
  if (formerDefinition !== undefined) return { approvedDigest: old.digest, approvedDefinition: formerDefinition };
  return { approvedDigest: old.approvedDigest, approvedDefinition: old.approvedDefinition };
}

/** The stored definitions of those of the tools that some agent was granted. */
async function formerDefinitions(
  trx: Trx,
  connectorId: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const chunk of chunksOf(names)) {
    const rows = await trx
      .selectFrom('tools')
      .select(['name', 'definition'])
      .where('connectorId', '=', connectorId)
      .where('name', 'in', chunk)
      .where(({ or, exists, selectFrom }) =>
        or([
          exists(
            selectFrom('grants')
              .select('grants.agentId')
              .whereRef('grants.connectorId', '=', 'tools.connectorId')
              .whereRef('grants.toolName', '=', 'tools.name'),
          ),
          exists(
            selectFrom('connectorGrants')
              .select('connectorGrants.agentId')
              .whereRef('connectorGrants.connectorId', '=', 'tools.connectorId'),
          ),
        ]),
      )
      .execute();
    for (const row of rows) found.set(row.name, row.definition);
  }
  return found;
}

async function upsert(trx: Trx, rows: readonly ToolRow[]): Promise<void> {
  await trx
    .insertInto('tools')
    .values(rows)
    .onConflict((conflict) =>
      conflict.columns(['connectorId', 'name']).doUpdateSet(({ ref }) => ({
        definition: ref('excluded.definition'),
        digest: ref('excluded.digest'),
        state: ref('excluded.state'),
        position: ref('excluded.position'),
        changedAt: ref('excluded.changedAt'),
        goneAt: ref('excluded.goneAt'),
        approvedDigest: ref('excluded.approvedDigest'),
        approvedDefinition: ref('excluded.approvedDefinition'),
      })),
    )
    .execute();
}

async function listingsOf(
  db: Db,
  connectorId: string,
  only: { readonly owner?: string | undefined; readonly name?: string },
): Promise<ReadonlyMap<string, ToolRecord['listedBy']>> {
  let query = db.selectFrom('toolListings').select(['toolName', 'owner']).where('connectorId', '=', connectorId);
  if (only.owner !== undefined) query = query.where('owner', '=', only.owner);
  if (only.name !== undefined) query = query.where('toolName', '=', only.name);
  const owners = new Map<string, string[]>();
  for (const row of await query.orderBy('owner').execute()) {
    const known = owners.get(row.toolName);
    if (known === undefined) owners.set(row.toolName, [row.owner]);
    else known.push(row.owner);
  }
  return owners;
}
