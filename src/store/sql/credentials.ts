// Credentials: one for each connector, owner and slot. Writers of one connector's credentials wait for
// each other (holdParent), so that what `put` and `promote` answer as replaced is what they replaced.

import type { RawBuilder } from 'kysely';
import { sql } from 'kysely';
import type { CredentialRecord, CredentialState } from '../records.ts';
import type { CredentialStore } from '../store.ts';
import type { Database, Db, Dialect } from './schema.ts';
import { credentialCodec } from './schema.ts';
import type { Trx } from './transaction.ts';
import { holdParent, inTransaction } from './transaction.ts';
import { by, PENDING, TROUBLED } from './troubled.ts';

const ownerOf = (agentId: string | null): string => agentId ?? '';

export function credentialStore(db: Db, dialect: Dialect): CredentialStore {
  const select = () => db.selectFrom('credentials').selectAll();
  return {
    async get(id) {
      const row = await select().where('id', '=', id).executeTakeFirst();
      return row === undefined ? null : recordOf(row);
    },
    async find(connectorId, agentId, slot) {
      const row = await select()
        .where('connectorId', '=', connectorId)
        .where('owner', '=', ownerOf(agentId))
        .where('slot', '=', slot)
        .executeTakeFirst();
      return row === undefined ? null : recordOf(row);
    },
    async listByConnector(connectorId) {
      return (await select().where('connectorId', '=', connectorId).orderBy('id').execute()).map(recordOf);
    },
    async listOfAgents(connectorId, limit) {
      const some = (isEnded: boolean, most: number) =>
        select()
          .where('connectorId', '=', connectorId)
          .where('owner', '>', '')
          .where('slot', '=', 'active')
          .where('state', isEnded ? '=' : '!=', 'reauthorization_required')
          .orderBy('owner')
          .limit(most)
          .execute();
      // In the order of the index that names the owners, so that nobody reads those of all agents to find one.
      const well = await some(false, limit);
      const rest = well.length < limit ? await some(true, limit - well.length) : [];
      return [...well, ...rest].map(recordOf);
    },
    async countByState() {
      // What is well is not read: it is all there is without the few that are not.
      const counted = async (from: RawBuilder<unknown>): Promise<number> => {
        const { rows } = await sql<{ count: number }>`select cast(count(*) as bigint) as count from ${from}`.execute(
          db,
        );
        return rows[0]?.count ?? 0;
      };
      const troubled = by(dialect, 'credentials', 'credentials_troubled');
      const inState = (state: CredentialState) => counted(sql`${troubled} where ${TROUBLED} and state = ${state}`);
      const [all, pending, reauthorization_required, needs_scope] = await Promise.all([
        counted(sql`credentials`),
        counted(sql`${by(dialect, 'credentials', 'credentials_pending')} where ${PENDING}`),
        inState('reauthorization_required'),
        inState('needs_scope'),
      ]);
      return { ok: all - pending - reauthorization_required - needs_scope, reauthorization_required, needs_scope };
    },
    async listPending(connectorId, limit) {
      const rows = await select()
        .where('connectorId', '=', connectorId)
        .where(PENDING)
        .orderBy('id')
        .limit(limit)
        .execute();
      return rows.map(recordOf);
    },
    async listByAgent(agentId) {
      return (await select().where('agentId', '=', agentId).orderBy('id').execute()).map(recordOf);
    },
    put: (credential) =>
      inTransaction(db, async (trx) => {
        await holdParent(trx, dialect, 'connectors', credential.connectorId);
        const replaced = await takeOut(trx, credential.connectorId, ownerOf(credential.agentId), credential.slot);
        await trx
          .insertInto('credentials')
          .values({ ...credentialCodec.toRow(credential), owner: ownerOf(credential.agentId) })
          .execute();
        return replaced;
      }),
    async update(id, generation, patch) {
      const columns = credentialCodec.toColumns(patch);
      const { numUpdatedRows } = await db
        .updateTable('credentials')
        .set({ ...columns, generation: columns.sealed === undefined ? generation : generation + 1 })
        .where('id', '=', id)
        .where('generation', '=', generation)
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },
    promote: (pendingId) =>
      inTransaction(db, async (trx) => {
        const lost = { promoted: false, replaced: null };
        const seen = await trx
          .selectFrom('credentials')
          .select(['connectorId', 'owner'])
          .where('id', '=', pendingId)
          .executeTakeFirst();
        if (seen === undefined) return lost;
        await holdParent(trx, dialect, 'connectors', seen.connectorId);
        const pending = trx
          .selectFrom('credentials')
          .select('id')
          .where('id', '=', pendingId)
          .where('slot', '=', 'pending');
        const held = await (dialect === 'postgres' ? pending.forUpdate() : pending).executeTakeFirst();
        if (held === undefined) return lost;
        const replaced = await takeOut(trx, seen.connectorId, seen.owner, 'active');
        await trx.updateTable('credentials').set({ slot: 'active' }).where('id', '=', pendingId).execute();
        return { promoted: true, replaced };
      }),
    async delete(id) {
      const { numDeletedRows } = await db.deleteFrom('credentials').where('id', '=', id).executeTakeFirst();
      return numDeletedRows > 0n;
    },
    async dueForRefresh(now, expiresBefore, limit, after) {
      const due = (state: CredentialState) => {
        const query = select()
          .where('slot', '=', 'active')
          .where('refreshable', '=', 1)
          .where('state', '=', state)
          .where('expiresAt', '<', expiresBefore)
          .where((where) => where.or([where('refreshAfter', 'is', null), where('refreshAfter', '<=', now)]))
          .orderBy('expiresAt')
          .orderBy('id')
          .limit(limit);
        if (after === undefined) return query.execute();
        return query
          .where(({ eb, refTuple, tuple }) => eb(refTuple('expiresAt', 'id'), '>', tuple(after.expiresAt, after.id)))
          .execute();
      };
      // One walk of the index for each state needs no sort, however many are due after an outage.
      const rows = [...(await due('ok')), ...(await due('needs_scope'))];
      return rows
        .sort((a, b) => (a.expiresAt ?? 0) - (b.expiresAt ?? 0) || (a.id < b.id ? -1 : 1))
        .slice(0, limit)
        .map(recordOf);
    },
  };
}

async function takeOut(trx: Trx, connectorId: string, owner: string, slot: 'active' | 'pending') {
  const row = await trx
    .deleteFrom('credentials')
    .where('connectorId', '=', connectorId)
    .where('owner', '=', owner)
    .where('slot', '=', slot)
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? null : recordOf(row);
}

function recordOf({ owner: _owner, ...row }: Database['credentials']): CredentialRecord {
  return credentialCodec.toRecord(row);
}
