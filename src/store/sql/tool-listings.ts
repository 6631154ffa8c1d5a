// Which owner's last listing had which tool. A tool lives while at least one owner lists it.

import { chunksOf } from './rows.ts';
import type { Trx } from './transaction.ts';

/** Makes the owner's listing exactly `names`; writes only the difference. */
export async function replaceListing(
  trx: Trx,
  connectorId: string,
  owner: string,
  names: ReadonlySet<string>,
): Promise<void> {
  const rows = await trx
    .selectFrom('toolListings')
    .select('toolName')
    .where('connectorId', '=', connectorId)
    .where('owner', '=', owner)
    .execute();
  const before = new Set(rows.map((row) => row.toolName));
  const added = [...names].filter((name) => !before.has(name));
  for (const chunk of chunksOf(added)) {
    await trx
      .insertInto('toolListings')
      .values(chunk.map((toolName) => ({ connectorId, toolName, owner })))
      .execute();
  }
  const dropped = [...before].filter((name) => !names.has(name));
  for (const chunk of chunksOf(dropped)) {
    await trx
      .deleteFrom('toolListings')
      .where('connectorId', '=', connectorId)
      .where('owner', '=', owner)
      .where('toolName', 'in', chunk)
      .execute();
  }
}

/**
 * Drops what was listed by owners that hold no credential any more, and what strangers saw before the first
 * agent came: nobody will ever list it again.
 */
export async function forgetListingsWithoutCredential(trx: Trx, connectorId: string, lister: string): Promise<void> {
  await trx
    .deleteFrom('toolListings')
    .where('connectorId', '=', connectorId)
    .where('owner', '!=', lister)
    .where('owner', 'not in', (credentials) =>
      credentials
        .selectFrom('credentials')
        .select('owner')
        .where('connectorId', '=', connectorId)
        .where('owner', '!=', '')
        .where('slot', '=', 'active'),
    )
    .execute();
}

/** Turns active tools that no owner lists into gone ones; answers their names. */
export async function retireUnlisted(trx: Trx, connectorId: string, now: number): Promise<readonly string[]> {
  const rows = await trx
    .updateTable('tools')
    .set({ state: 'gone', goneAt: now })
    .where('connectorId', '=', connectorId)
    .where('state', '=', 'active')
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('toolListings')
            .select('toolListings.owner')
            .whereRef('toolListings.connectorId', '=', 'tools.connectorId')
            .whereRef('toolListings.toolName', '=', 'tools.name'),
        ),
      ),
    )
    .returning('name')
    .execute();
  return rows.map((row) => row.name);
}
