import { resolve } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { isChatelaineError } from '../../src/errors.ts';
import { publicUrlOf, readSettings, secretFromEnvironment } from '../../src/server/config.ts';

const TOKEN = 'correct-horse-battery-staple-0123456789';
const MATERIAL = Buffer.alloc(32, 'm').toString('base64');

function failureOf(run: () => unknown): { code: string; message: string } {
  try {
    run();
  } catch (error) {
    if (isChatelaineError(error)) return { code: error.code, message: error.message };
    throw error;
  }
  return expect.unreachable('nothing was refused');
}

describe('settings', () => {
  test('without any variable the hub listens on loopback and keeps everything in ./data', () => {
    const settings = readSettings({});
    expect(settings).toMatchObject({
      host: '127.0.0.1',
      port: 4100,
      publicUrl: null,
      dataFolder: resolve('data'),
      database: { kind: 'sqlite', file: resolve('data/chatelaine.db') },
      encryptionKeys: null,
      secretsFolder: '/run/secrets',
      adminToken: null,
      clientMetadataUrl: null,
      clientName: 'Chatelaine',
      logLevel: 'info',
    });
    expect(settings.allowedPrivateHosts).toEqual({ names: new Set(), ranges: [] });
  });

  test('a variable that is set but blank counts as not set', () => {
    expect(readSettings({ CHATELAINE_PORT: '', CHATELAINE_URL: '  ', CHATELAINE_ADMIN_TOKEN: '' })).toEqual(
      readSettings({}),
    );
  });

  test.each([
    ['CHATELAINE_HOST', 'LOCALHOST', { host: 'localhost' }],
    ['CHATELAINE_HOST', '[::1]', { host: '::1' }],
    ['CHATELAINE_PORT', '0', { port: 0 }],
    ['CHATELAINE_PORT', '65535', { port: 65_535 }],
    ['CHATELAINE_URL', 'https://Hub.Example.com/', { publicUrl: 'https://hub.example.com' }],
    ['CHATELAINE_URL', 'https://example.com:8443/hub//', { publicUrl: 'https://example.com:8443/hub' }],
    ['CHATELAINE_URL', 'http://localhost:4100', { publicUrl: 'http://localhost:4100' }],
    ['CHATELAINE_URL', 'http://[::1]:4100', { publicUrl: 'http://[::1]:4100' }],
    ['CHATELAINE_DATA', '/var/lib/hub', { database: { kind: 'sqlite', file: '/var/lib/hub/chatelaine.db' } }],
    ['CHATELAINE_SECRETS_DIR', '/etc/keys', { secretsFolder: '/etc/keys' }],
    ['CHATELAINE_CLIENT_METADATA_URL', 'https://a.test/c.json', { clientMetadataUrl: 'https://a.test/c.json' }],
    ['CHATELAINE_CLIENT_NAME', 'Acme Keys', { clientName: 'Acme Keys' }],
    ['CHATELAINE_LOG_LEVEL', 'Debug', { logLevel: 'debug' }],
    ['CHATELAINE_CALL_LOG_DAYS', '7', { callLogDays: 7 }],
  ])('%s=%s is accepted', (variable, value, expected) => {
    expect(readSettings({ [variable]: value })).toMatchObject(expected);
  });

  test('allowed private hosts arrive parsed', () => {
    const { names, ranges } = readSettings({
      CHATELAINE_ALLOWED_PRIVATE_HOSTS: 'mcp.internal, 10.0.0.0/8',
    }).allowedPrivateHosts;
    expect([...names]).toEqual(['mcp.internal']);
    expect(ranges).toHaveLength(1);
  });

  test.each([
    ['CHATELAINE_HOST', 'http://127.0.0.1', 'without scheme or port'],
    ['CHATELAINE_HOST', '127.0.0.1:4100', 'without scheme or port'],
    ['CHATELAINE_PORT', 'abc', 'from 0 to 65535'],
    ['CHATELAINE_PORT', '65536', 'from 0 to 65535'],
    ['CHATELAINE_PORT', '-1', 'from 0 to 65535'],
    ['CHATELAINE_PORT', '80.5', 'from 0 to 65535'],
    ['CHATELAINE_PORT', 'tcp://10.0.0.7:4100', 'enableServiceLinks'],
    ['CHATELAINE_URL', 'hub.example.com', 'whole address'],
    ['CHATELAINE_URL', 'hub.example.com:4100', 'whole address'],
    ['CHATELAINE_URL', 'ftp://hub.example.com', 'whole address'],
    ['CHATELAINE_URL', 'http://hub.example.com', 'use https'],
    ['CHATELAINE_URL', 'http://10.1.2.3:4100', 'use https'],
    ['CHATELAINE_URL', 'http://127.0.0.1.example.com', 'use https'],
    ['CHATELAINE_URL', 'https://hub.example.com/?a=1', 'query'],
    ['CHATELAINE_URL', 'https://hub.example.com/#', 'fragment'],
    ['CHATELAINE_URL', 'https://me:hunter2@hub.example.com', 'password'],
    ['CHATELAINE_DATABASE_URL', 'mysql://me:hunter2@db/x', 'postgres://'],
    ['CHATELAINE_DATABASE_URL', 'hunter2', 'postgres://'],
    ['CHATELAINE_ADMIN_TOKEN', 'hunter2', 'at least 32 characters'],
    ['CHATELAINE_ADMIN_TOKEN', `hunter2 ${TOKEN}`, 'only letters'],
    ['CHATELAINE_ALLOWED_PRIVATE_HOSTS', '10.0.0.0/99', 'CHATELAINE_ALLOWED_PRIVATE_HOSTS'],
    ['CHATELAINE_CLIENT_METADATA_URL', 'http://a.test/c.json', 'https address'],
    ['CHATELAINE_CLIENT_METADATA_URL', 'https://a.test/', 'with its path'],
    ['CHATELAINE_CLIENT_METADATA_URL', 'https://a.test/x/../c.json', '".."'],
    ['CHATELAINE_CLIENT_METADATA_URL', 'https://a.test/c.json#x', 'fragment'],
    ['CHATELAINE_CLIENT_NAME', 'two\nlines', 'one line'],
    ['CHATELAINE_LOG_LEVEL', 'loud', 'fatal, error, warn'],
    ['CHATELAINE_CALL_LOG_DAYS', '0', '1 to 9999'],
  ])('%s=%j stops the start with one line that names it and the mend, and shows no secret', (variable, value, mend) => {
    const { code, message } = failureOf(() => readSettings({ [variable]: value }));
    expect(code).toBe('invalid_settings');
    expect(message).toContain(variable);
    expect(message).toContain(mend);
    expect(message).not.toContain('\n');
    expect(message).not.toContain('hunter2');
  });

  test.each(['0.0.0.0', '::', '192.168.1.5', 'hub.example.com'])(
    'listening on %s without CHATELAINE_URL is refused',
    (host) => {
      expect(failureOf(() => readSettings({ CHATELAINE_HOST: host })).message).toContain(
        'CHATELAINE_URL (or --url) is missing',
      );
      const settings = readSettings({ CHATELAINE_HOST: host, CHATELAINE_URL: 'https://hub.example.com' });
      expect(publicUrlOf(settings, 4100)).toBe('https://hub.example.com');
    },
  );

  test('a flag wins over its variable, whatever the variable says', () => {
    const env = { CHATELAINE_PORT: 'nonsense', CHATELAINE_URL: 'ftp://nonsense', CHATELAINE_DATA: '/from/env' };
    const settings = readSettings(env, { port: '4200', url: 'https://flag.example.com', data: '/from/flag' });
    expect(settings).toMatchObject({ port: 4200, publicUrl: 'https://flag.example.com', dataFolder: '/from/flag' });
  });

  test.each([
    ['host', 'localhost'],
    ['port', '1'],
    ['url', 'https://x.test'],
    ['data', '/x'],
    ['database-url', 'postgres://x/y'],
    ['allowed-private-hosts', 'localhost'],
    ['log-level', 'error'],
  ] as const)('--%s is read', (flag, value) => {
    expect(readSettings({}, { [flag]: value })).not.toEqual(readSettings({}));
  });

  test('a wrong flag is named as a flag too', () => {
    expect(failureOf(() => readSettings({}, { port: 'x' })).message).toContain('CHATELAINE_PORT (or --port)');
  });

  test('secrets among the settings do not print', () => {
    const settings = readSettings({
      CHATELAINE_ADMIN_TOKEN: TOKEN,
      CHATELAINE_ENCRYPTION_KEYS: `k1:${MATERIAL}`,
      CHATELAINE_DATABASE_URL: `postgresql://hub:${TOKEN}@db.example.com/hub`,
    });
    expect(settings.adminToken?.reveal()).toBe(TOKEN);
    expect(settings.encryptionKeys?.current.id).toBe('k1');
    expect(settings.database.kind === 'postgres' && settings.database.url.reveal()).toContain(TOKEN);
    const shown = inspect(settings, { depth: 5, showHidden: true }) + JSON.stringify(settings);
    for (const secret of [TOKEN, MATERIAL]) expect(shown).not.toContain(secret);
  });
});

describe('the public URL', () => {
  test.each([
    ['127.0.0.1', 4100, 'http://127.0.0.1:4100'],
    ['localhost', 40_123, 'http://localhost:40123'],
    ['::1', 4100, 'http://[::1]:4100'],
  ])('on %s it names the port that is listened on', (host, port, expected) => {
    expect(publicUrlOf(readSettings({ CHATELAINE_HOST: host, CHATELAINE_PORT: '0' }), port)).toBe(expected);
  });
});

describe('env: references', () => {
  test('read variables set apart for secrets', () => {
    const env = { CHATELAINE_SECRET_RENDER: 'rnd_1', CHATELAINE_SECRET_BLANK: '' };
    expect(secretFromEnvironment('CHATELAINE_SECRET_RENDER', env)?.reveal()).toBe('rnd_1');
    expect(secretFromEnvironment('CHATELAINE_SECRET_BLANK', env)).toBeNull();
    expect(secretFromEnvironment('CHATELAINE_SECRET_ABSENT', env)).toBeNull();
  });

  test.each([
    'PATH',
    'CHATELAINE_ENCRYPTION_KEYS',
    'CHATELAINE_SECRET_',
    'CHATELAINE_SECRETS_DIR',
    'XCHATELAINE_SECRET_A',
    'CHATELAINE_SECRET_A\n',
  ])('never read %j', (name) => {
    expect(failureOf(() => secretFromEnvironment(name, { [name]: 'hunter2' })).code).toBe('secret_reference_invalid');
  });
});

describe('single sign-on', () => {
  const base = { CHATELAINE_OIDC_ISSUER: 'https://login.example.com', CHATELAINE_OIDC_CLIENT_ID: 'hub' };

  test('is off until it is set up, and then makes viewers of anybody', () => {
    expect(readSettings({}).openId).toBe(null);
    expect(readSettings(base).openId).toMatchObject({
      issuer: 'https://login.example.com',
      clientId: 'hub',
      clientSecret: null,
      name: 'login.example.com',
      defaultRole: 'viewer',
      allowedDomains: [],
    });
  });

  test('takes a name, domains, a role for newcomers, and a secret that does not print', () => {
    const settings = readSettings({
      ...base,
      CHATELAINE_OIDC_CLIENT_SECRET: 'open-sesame',
      CHATELAINE_OIDC_NAME: 'Example',
      CHATELAINE_OIDC_DEFAULT_ROLE: 'none',
      CHATELAINE_OIDC_ALLOWED_DOMAINS: ' Example.com, @example.org ',
    });
    expect(settings.openId).toMatchObject({
      name: 'Example',
      defaultRole: null,
      allowedDomains: ['example.com', 'example.org'],
    });
    expect(inspect(settings, { depth: 9 })).not.toContain('open-sesame');
  });

  test.each([
    [{ CHATELAINE_OIDC_CLIENT_ID: 'hub' }, 'CHATELAINE_OIDC_ISSUER is missing'],
    [{ CHATELAINE_OIDC_ISSUER: 'https://a.example' }, 'CHATELAINE_OIDC_CLIENT_ID is missing'],
    [{ ...base, CHATELAINE_OIDC_ISSUER: 'login' }, 'CHATELAINE_OIDC_ISSUER is not usable'],
    [{ ...base, CHATELAINE_OIDC_DEFAULT_ROLE: 'king' }, 'CHATELAINE_OIDC_DEFAULT_ROLE is not usable'],
    [{ ...base, CHATELAINE_OIDC_ALLOWED_DOMAINS: 'com' }, 'CHATELAINE_OIDC_ALLOWED_DOMAINS is not usable'],
    [{ ...base, CHATELAINE_OIDC_ISSUER: 'https://accounts.google.com' }, 'CHATELAINE_OIDC_ALLOWED_DOMAINS is missing'],
  ])('%j is refused with the mend', (env, message) => {
    expect(failureOf(() => readSettings(env))).toMatchObject({
      code: 'invalid_settings',
      message: expect.stringContaining(message),
    });
  });
});
