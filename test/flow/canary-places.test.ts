// Where no secret may be, after a life with every kind of them: the database's files while they are open and
// after a kill, PostgreSQL's whole folder, logs at the lowest level, traces, metrics, every answer and page, and
// the memory after all was disconnected.

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generateKey } from '../../src/vault/keyring.ts';
import { resultOf } from '../cli/run-cli.ts';
import { type OpenId, prepareOpenId } from '../support/openid.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { type RunningProvider, startProvider } from '../support/providers.ts';
import { canary, liveWithSecrets, type SecretLife } from '../support/secret-life.ts';
import { until } from '../support/until.ts';
import { startWatched, type Watched } from '../support/watched.ts';

const SEEN_IN_HEAP = canary('seen-in-heap');
/** Shorter ones may stand somewhere by chance. */
const SECRET_MIN_CHARACTERS = 12;

describe.each(['sqlite', 'postgres'] as const)('on %s', (kind) => {
  // Its name is longer than what is copied when it is cut out of a text.
  const keys = `a-key-with-a-long-name:${generateKey().split(':')[1]}`;
  const adminToken = canary('admin-token');
  const collectorToken = canary('collector-token');
  const collected: Buffer[] = [];
  const collector = createServer(async (request, response) => {
    for await (const chunk of request) collected.push(chunk as Buffer);
    // Refused, so that there is something to complain about in the log.
    response.writeHead(400, { 'content-type': 'application/json' }).end('{}');
  });
  let [sentry, render]: RunningProvider[] = [];
  let openId: OpenId;
  let postgres: TestPostgres | null = null;
  let folder = '';
  let server: Watched;
  let life: SecretLife;

  beforeAll(async () => {
    await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
    [sentry, render] = await Promise.all([startProvider('sentry'), startProvider('render')]);
    openId = await prepareOpenId();
    folder = await mkdtemp(join(tmpdir(), 'chatelaine-canary-'));
    if (kind === 'postgres') postgres = await startPostgres();
    server = await startWatched({
      CHATELAINE_PORT: '0',
      CHATELAINE_DATA: folder,
      ...(postgres === null ? {} : { CHATELAINE_DATABASE_URL: await postgres.createDatabase() }),
      CHATELAINE_ADMIN_TOKEN: adminToken,
      CHATELAINE_ENCRYPTION_KEYS: keys,
      CHATELAINE_ALLOWED_PRIVATE_HOSTS: '127.0.0.1',
      CHATELAINE_LOG_LEVEL: 'trace',
      CHATELAINE_OIDC_ISSUER: openId.issuer,
      CHATELAINE_OIDC_CLIENT_ID: openId.clientId,
      CHATELAINE_OIDC_CLIENT_SECRET: openId.clientSecret,
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`,
      OTEL_EXPORTER_OTLP_HEADERS: `authorization=${collectorToken}`,
      OTEL_BSP_SCHEDULE_DELAY: '50',
      SEEN_IN_HEAP,
    });
    if (sentry === undefined || render === undefined) throw new Error('no providers');
    life = await liveWithSecrets(server.url, { adminToken, setupCode: server.setupCode, sentry, render, openId });
    life.secrets.set('admin token', adminToken);
    life.secrets.set('encryption key', keys.split(':')[1] ?? '');
    life.secrets.set('client secret of single sign-on', openId.clientSecret);
    life.secrets.set('token of the collector', collectorToken);
  });
  afterAll(async () => {
    await server?.kill();
    await Promise.all([sentry?.close(), render?.close(), openId?.close(), postgres?.stop()]);
    collector.closeAllConnections();
    collector.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** The names of the secrets that stand in `place`. */
  const standingIn = (place: Buffer | string, but: readonly string[] = []): string[] => {
    const bytes = Buffer.isBuffer(place) ? place : Buffer.from(place);
    return [...life.secrets]
      .filter(([name, secret]) => secret.length >= SECRET_MIN_CHARACTERS && !but.includes(name))
      .filter(
        ([, secret]) =>
          bytes.includes(secret) || bytes.includes(secret, 0, 'utf16le') || bytes.includes(encodeURIComponent(secret)),
      )
      .map(([name]) => name);
  };
  async function standingInFiles(): Promise<string[]> {
    const found: string[] = [];
    for (const root of [folder, ...(postgres === null ? [] : [postgres.folder])]) {
      for (const entry of await readdir(root, { withFileTypes: true, recursive: true })) {
        // A file of the running database may go while it is looked at.
        const bytes = entry.isFile() ? await readFile(join(entry.parentPath, entry.name)).catch(() => null) : null;
        if (bytes !== null) found.push(...standingIn(bytes).map((name) => `${name} in ${entry.name}`));
      }
    }
    return found;
  }

  test('there are secrets of every kind to look for', () => {
    const names = [...life.secrets.keys()].join('\n');
    for (const name of [
      'set-up code',
      'cookie ',
      'invitation',
      'password link',
      'single sign-on cookie',
      'of single sign-on 2',
      'API token',
      'agent key',
      'render key',
      'header value',
      'API key',
      'bearer token of an agent',
      'client secret',
      'connect link',
      'state',
      'browser cookie',
      'PKCE verifier 3',
      'of the provider 8',
    ])
      expect(names).toContain(name);
    for (const [name, secret] of life.secrets)
      expect(secret.length, name).toBeGreaterThan(name.startsWith('set-up') ? 7 : 11);
  });

  test('the database’s files, while they are open', async () => {
    if (kind === 'sqlite')
      expect(await readdir(folder)).toEqual(
        expect.arrayContaining(['chatelaine.db', 'chatelaine.db-shm', 'chatelaine.db-wal']),
      );
    else {
      const client = new pg.Client({ connectionString: postgres?.url });
      await client.connect();
      // What PostgreSQL still had in memory alone.
      await client.query('checkpoint');
      await client.end();
    }
    expect(await standingInFiles()).toEqual([]);
  });

  test.runIf(kind === 'sqlite')('a backup', async () => {
    const file = join(folder, 'backup');
    await resultOf(['backup', file], { env: { CHATELAINE_DATA: folder, CHATELAINE_ENCRYPTION_KEYS: keys } });
    const bytes = await readFile(file);
    expect(bytes.includes('Bearer')).toBe(true);
    expect(standingIn(bytes)).toEqual([]);
    await rm(file);
  });

  test('the log at the lowest level', () => {
    expect(server.log()).toContain('a single sign-on failed');
    expect(server.log()).toMatch(/trace/);
    expect(standingIn(server.log())).toEqual([]);
    expect(server.log()).not.toContain(life.inAddress);
  });

  test('traces', async () => {
    const traces = await until('there are traces', () => {
      const all = Buffer.concat(collected);
      return all.includes('tools/call') && all;
    });
    expect(standingIn(traces)).toEqual([]);
    expect(traces.includes(life.inAddress)).toBe(false);
  });

  test('every answer of the API, of the gateway and of the pages: problems, audit, transcripts, metrics', () => {
    const answers = life.seen.join('\n');
    for (const place of [
      'application/problem+json',
      '"action":"connector.created"',
      'chatelaine_',
      'code_challenge_method',
      '<html',
    ])
      expect(answers).toContain(place);
    expect(standingIn(answers)).toEqual([]);
    const withoutAddresses = life.seen.filter((text) => !/^GET \/api\/(connectors|agents)/.test(text)).join('\n');
    expect(withoutAddresses).not.toContain(life.inAddress);
  });

  test('the memory, once everything is disconnected', { timeout: 300_000 }, async () => {
    await life.disconnect();
    const settings = ['admin token', 'client secret of single sign-on', 'token of the collector'];
    let heap = '';
    // Connections to servers and the short memory of credentials end within seconds.
    for (let looks = 0; looks < 6; looks += 1) {
      heap = await server.heap(join(folder, 'heap.heapsnapshot'));
      if (standingIn(heap, settings).length === 0) break;
    }
    // This search finds what is there: a text of one-byte characters and one of two-byte ones, and a setting.
    expect(heap).toContain(`"${SEEN_IN_HEAP}"`);
    expect(heap).toContain(`"${SEEN_IN_HEAP}-`);
    expect(standingIn(heap, settings)).toEqual([]);
  });

  test('the database’s files, after the process was killed in the midst of it', async () => {
    await server.kill('SIGKILL');
    if (kind === 'sqlite') expect(await readdir(folder)).toContain('chatelaine.db-wal');
    expect(await standingInFiles()).toEqual([]);
  });
});
