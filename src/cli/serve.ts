// `chatelaine serve`: the server until a signal ends it, and what the person who started it needs to know.

import { resolve } from 'node:path';
import { awaitingDatabase } from '../server/await-database.ts';
import { nodeOptions, readSettings, type Settings } from '../server/config.ts';
import { createLog } from '../server/log.ts';
import { memoryWeaknesses } from '../server/memory-guard.ts';
import { type RunningServer, startServer } from '../server/serve.ts';
import { VERSION } from '../server/version.ts';
import { command } from './command.ts';
import { commandLine } from './invocation.ts';
import { bold, pairs } from './output.ts';
import { SERVER_OPTIONS } from './setting-options.ts';
import { stopSignal } from './signals.ts';
import { keyFileOf, keyMadeNotice, keyPlaceOf, keysAreSet } from './with-hub.ts';

export const serve = command({
  details:
    'The log goes to standard error, one JSON object a line. SIGINT or SIGTERM finishes the requests under way\n' +
    'and ends the server; a second one ends it at once.',
  options: SERVER_OPTIONS,
  async run({ values }, output) {
    const settings = readSettings(undefined, values);
    const stop = stopSignal();
    const log = createLog(settings.logLevel, 'stderr');
    for (const weakness of memoryWeaknesses(nodeOptions())) log.warn({}, `memory is not shut: ${weakness}`);
    const stopped = new AbortController();
    void stop.then(() => stopped.abort());
    const server = await startServer(settings, log, stopped).catch(unlessStopped(stopped.signal));
    if (server === null) return 0;
    let noticeMs = 0;
    try {
      const facts = await awaitingDatabase(() => startFacts(settings, server), log, stopped.signal).catch(
        unlessStopped(stopped.signal),
      );
      if (facts === null) return 0;
      const { callers, setupCode } = facts;
      const { url, keyOrigin } = server;
      const data = { url, version: VERSION, ...placesOf(settings), keyOrigin, callers, setupCode };
      output.result(data, announcement(settings, server, callers, setupCode));
      noticeMs = noticeOf(await stop, settings);
      output.note('Finishing the requests under way; a second signal ends at once.');
    } finally {
      await server.close(noticeMs);
    }
    return 0;
  },
});

/** Whoever ends a server at its console is not waited for by a balancer. */
const noticeOf = (signal: NodeJS.Signals, { stopNoticeSeconds }: Settings): number =>
  signal === 'SIGTERM' ? stopNoticeSeconds * 1_000 : 0;

/** null for a start that a signal ended. @throws any other error */
const unlessStopped =
  (signal: AbortSignal) =>
  (error: unknown): null => {
    if (signal.aborted && error === signal.reason) return null;
    throw error;
  };

async function startFacts(settings: Settings, { embedded }: RunningServer) {
  const callers = settings.adminToken !== null || (await embedded.hub.apiTokens.count()) > 0;
  // Shown to whoever sees this console, and to nobody else: it makes the first owner.
  const setupCode = (await embedded.people.setup.newCode())?.reveal() ?? null;
  return { callers, setupCode };
}

function placesOf(settings: Settings): { dataFolder: string; database: 'sqlite' | 'postgres'; keyFile: string | null } {
  return {
    dataFolder: settings.dataFolder,
    database: settings.database.kind,
    keyFile: keysAreSet(settings) ? null : keyFileOf(settings),
  };
}

function announcement(
  settings: Settings,
  { url, keyOrigin }: RunningServer,
  callers: boolean,
  setupCode: string | null,
): string {
  const facts: [string, string][] = [
    ['address', url],
    ['API', `${url}/api/docs`],
    ['data', settings.database.kind === 'sqlite' ? settings.database.file : 'PostgreSQL (CHATELAINE_DATABASE_URL)'],
    ['key', keyPlaceOf(settings)],
  ];
  return [
    bold(`Chatelaine ${VERSION}`),
    pairs(facts),
    ...(keyOrigin === 'made' ? ['', keyMadeNotice(settings)] : []),
    ...(setupCode === null ? [] : ['', setupAdvice(url, setupCode)]),
    ...(callers ? [] : ['', tokenAdvice(settings)]),
  ].join('\n');
}

function setupAdvice(url: string, code: string): string {
  return `There is no owner yet. Open ${url}/setup and enter this code, which works once:\n  ${bold(code)}`;
}

function tokenAdvice(settings: Settings): string {
  const folder = settings.dataFolder === resolve('data') ? [] : ['--data', settings.dataFolder];
  const sameEnvironment = settings.database.kind === 'postgres' || keysAreSet(settings);
  return [
    `Nobody can call the API yet. Make a token${sameEnvironment ? ', with the environment of this server' : ''}:`,
    `  ${commandLine(['tokens', 'create', '--role', 'owner', ...folder])}`,
  ].join('\n');
}
