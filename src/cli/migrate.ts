// `chatelaine migrate`: from the embedded database to PostgreSQL, and what is left to do by hand.

import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readSettings, type Settings } from '../server/config.ts';
import { KEY_FILE } from '../server/encryption-keys.ts';
import { createLog } from '../server/log.ts';
import { type Move, moveToPostgres } from '../server/move.ts';
import { command, UsageError } from './command.ts';
import { table } from './output.ts';
import { keyPlaceOf, keysAreSet } from './with-hub.ts';

const DATABASE_FILE = 'chatelaine.db';

export const migrate = command({
  details: [
    'Stop the hub first. The target is an empty database; the embedded one keeps what it has. Everything arrives in',
    'one transaction: every row is read back and compared, every secret opened, or nothing was moved. The encryption',
    'keys do not move: it says what else has to.',
  ].join('\n'),
  options: {
    from: {
      type: 'string',
      value: 'sqlite|PATH',
      help: 'the embedded database: of the data folder (sqlite, the default), or its folder or file',
    },
    to: {
      type: 'string',
      value: 'postgres|URL',
      help: 'the database of CHATELAINE_DATABASE_URL (postgres, the default: a URL here shows its password to others)',
    },
    data: { type: 'string', value: 'FOLDER', help: 'the data folder (CHATELAINE_DATA; ./data)' },
  },
  async run({ values }, output) {
    const given = values.to === undefined || values.to === 'postgres' ? undefined : values.to;
    const settings = readSettings(undefined, { data: values.data, 'database-url': given });
    const { database } = settings;
    if (database.kind !== 'postgres') {
      throw new UsageError('--to is missing: name the target, or set CHATELAINE_DATABASE_URL.', 'migrate');
    }
    const file = embeddedFile(settings, values.from ?? 'sqlite');
    const log = createLog(settings.logLevel, 'stderr');
    const move = await moveToPostgres(settings, file, database.url, log);
    const rows = move.tables.reduce((total, each) => total + each.rows, 0);
    const { secrets } = move;
    output.result(
      { from: file, to: 'postgres', rows, tables: move.tables, secrets },
      report(settings, file, rows, move),
    );
    return 0;
  },
});

function embeddedFile({ dataFolder }: Settings, from: string): string {
  if (/^postgres(ql)?(:|$)/.test(from)) {
    throw new UsageError(
      '--from takes sqlite, a folder or a file: a move goes from SQLite to PostgreSQL only.',
      'migrate',
    );
  }
  const path = from === 'sqlite' ? dataFolder : resolve(from);
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true ? path : join(path, DATABASE_FILE);
}

function report(settings: Settings, file: string, rows: number, { tables, secrets }: Move): string {
  const keys = keysAreSet(settings) ? keyPlaceOf(settings) : join(file, '..', KEY_FILE);
  const unreadable = secrets.unreadable.length;
  return [
    table(
      ['TABLE', 'ROWS'],
      tables.map((each) => [each.table, String(each.rows)]),
    ),
    '',
    `${rows} rows moved. Each was read back and is the same; ${
      unreadable === 0
        ? `all ${secrets.count} secrets open there`
        : `${secrets.count - unreadable} of ${secrets.count} secrets open there, and the same ${unreadable} as before do not`
    } (keys ${secrets.keyIds.join(', ')}).`,
    '',
    'What does not lie in the database, and every server needs:',
    '  1. CHATELAINE_DATABASE_URL, this target.',
    `  2. The encryption keys, from ${keys}: as CHATELAINE_ENCRYPTION_KEYS, or the key file in its data folder.`,
    '  3. The other settings as they are (CHATELAINE_URL above all, for it stands in the registrations at providers), and',
    '     the files and variables that file: and env: references name.',
    `The embedded database is as it was. Put ${file} away, apart from the keys: a hub started on it again`,
    'would present refresh tokens a second time, which providers take for theft.',
  ].join('\n');
}
