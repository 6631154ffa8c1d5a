// Transcripts of what was asked of a provider. Each append drops what is beyond the newest `keep`; the
// index finds that border in `keep` steps, whatever else the table holds.

import type { TranscriptStore } from '../store.ts';
import { chunksOf, pageOf } from './rows.ts';
import type { Db } from './schema.ts';
import { inTransaction } from './transaction.ts';

export function transcriptStore(db: Db): TranscriptStore {
  return {
    async append(entries, keep) {
      if (entries.length === 0) return;
      await inTransaction(db, async (trx) => {
        for (const chunk of chunksOf(entries)) await trx.insertInto('transcripts').values(chunk).execute();
        for (const connectorId of new Set(entries.map((entry) => entry.connectorId))) {
          const border = trx
            .selectFrom('transcripts')
            .select('id')
            .where('connectorId', '=', connectorId)
            .orderBy('id', 'desc')
            .limit(1)
            .offset(keep);
          await trx
            .deleteFrom('transcripts')
            .where('connectorId', '=', connectorId)
            .where('id', '<=', border)
            .execute();
        }
      });
    },
    async list(connectorId, page) {
      const query = db
        .selectFrom('transcripts')
        .selectAll()
        .where('connectorId', '=', connectorId)
        .orderBy('id', 'desc')
        .limit(page.limit + 1);
      return pageOf(await (page.cursor === undefined ? query : query.where('id', '<', page.cursor)).execute(), page);
    },
  };
}
