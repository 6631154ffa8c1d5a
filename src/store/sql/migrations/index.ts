// Every migration there is, imported by name: a bundled build has no folder to read. A released
// migration is never edited; the next one gets the next number.

import type { Migration } from 'kysely/migration';
import type { Dialect } from '../schema.ts';
import { initialMigration } from './0001-initial.ts';
import { agentAccessMigration } from './0002-agent-access.ts';
import { callLogMigration } from './0003-call-log.ts';
import { peopleMigration } from './0004-people.ts';
import { mailMigration } from './0005-mail.ts';
import { callCaptureMigration } from './0006-call-capture.ts';
import { apiTokenMakerMigration } from './0007-api-token-maker.ts';
import { growthMigration } from './0008-growth.ts';

/**
 * The newest migration of the version before this one: whoever has it may serve beside this version, until all are
 * replaced. It moves on with each release, and no migration since then may take away or rename what it knows.
 */
export const SERVES_FROM = '0007-api-token-maker';

export function migrationsFor(dialect: Dialect): Record<string, Migration> {
  return {
    '0001-initial': initialMigration(dialect),
    '0002-agent-access': agentAccessMigration(dialect),
    '0003-call-log': callLogMigration(dialect),
    '0004-people': peopleMigration(dialect),
    '0005-mail': mailMigration(dialect),
    '0006-call-capture': callCaptureMigration(dialect),
    '0007-api-token-maker': apiTokenMakerMigration(dialect),
    '0008-growth': growthMigration(dialect),
  };
}
