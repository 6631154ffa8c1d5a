// The settings of a hub, read once at the start: flags over environment variables over defaults. The only
// place that reads the environment. Checks form, not reach: whether the database answers is the store's to
// find out.

import { isIP } from 'node:net';
import { join, resolve } from 'node:path';
import { ChatelaineError, quoteForeign } from '../errors.ts';
import { ADMIN_TOKEN_MIN_CHARACTERS, CALL_LOG_DAYS_DEFAULT } from '../limits.ts';
import type { AllowedHosts } from '../net/address-policy.ts';
import { parseAllowedHosts } from '../net/address-policy.ts';
import type { OpenIdSettings } from '../people/openid-provider.ts';
import { Secret } from '../secret.ts';
import { type Keyring, parseKeyring } from '../vault/keyring.ts';
import { type KeysCommand, parseKeysCommand } from './keys-command.ts';
import { readOpenIdSettings } from './openid-settings.ts';
import { readTraceSettings, type TraceSettings } from './trace-settings.ts';

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
/** Balancers that look every second have noticed by then. */
const STOP_NOTICE_DEFAULT_SECONDS = 3;
const STOP_NOTICE_MAX_SECONDS = 300;
const CLIENT_NAME_MAX_CHARACTERS = 100;

/** The settings that have a flag of the same name: `--database-url` is `CHATELAINE_DATABASE_URL`. */
const SETTING_FLAGS = ['host', 'port', 'url', 'data', 'database-url', 'allowed-private-hosts', 'log-level'] as const;

export type SettingFlags = { readonly [flag in (typeof SETTING_FLAGS)[number]]?: string | undefined };

type Environment = Readonly<Record<string, string | undefined>>;
type LogLevel = (typeof LOG_LEVELS)[number];
type DatabaseLocation =
  | { readonly kind: 'sqlite'; readonly file: string }
  | { readonly kind: 'postgres'; readonly url: Secret };

export type Settings = {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** As set, without a trailing slash; null where it follows from the listening address (see `publicUrlOf`). */
  readonly publicUrl: string | null;
  /** Absolute path. */
  readonly dataFolder: string;
  readonly database: DatabaseLocation;
  /** Read at once, so that no text of them stays in memory; null where a command or the key file has them. */
  readonly encryptionKeys: Keyring | null;
  /** Prints the keys; null where none is set. Never set together with `encryptionKeys`. */
  readonly encryptionKeysCommand: KeysCommand | null;
  /** Absolute path of the folder of `file:NAME` references. */
  readonly secretsFolder: string;
  readonly adminToken: Secret | null;
  readonly allowedPrivateHosts: AllowedHosts;
  /** A Client ID Metadata Document hosted elsewhere; null where the hub serves its own. */
  readonly clientMetadataUrl: string | null;
  readonly clientName: string;
  /** How long calls stay in the call log. */
  readonly callLogDays: number;
  /** Told to stop by SIGTERM, a server says this long that it is not ready, and serves. */
  readonly stopNoticeSeconds: number;
  /** Single sign-on; null where it is not set up. */
  readonly openId: OpenIdSettings | null;
  /** null where no collector is named. */
  readonly traces: TraceSettings | null;
  readonly logLevel: LogLevel;
};

/**
 * Reads and checks all settings. A variable that is set but blank counts as not set.
 *
 * @throws invalid_settings with one line that names the variable and the mend
 */
export function readSettings(env: Environment = process.env, flags: SettingFlags = {}): Settings {
  const read = <T>(variable: string, parse: (text: string, variable: string) => T): T | null => {
    const flag = Object.entries(flags)
      .find(([name]) => variableOf(name) === variable)?.[1]
      ?.trim();
    const text = flag || env[variable]?.trim();
    return text ? parse(text, variable) : null;
  };

  const host = read('CHATELAINE_HOST', parseHost) ?? '127.0.0.1';
  const publicUrl = read('CHATELAINE_URL', parsePublicUrl);
  if (publicUrl === null && !isLoopback(host)) {
    throw new ChatelaineError(
      'invalid_settings',
      `CHATELAINE_URL (or --url) is missing, and ${host} is not a loopback address: set it to the https address under which browsers reach this hub.`,
    );
  }
  const dataFolder = resolve(read('CHATELAINE_DATA', asIs) ?? 'data');
  const databaseUrl = read('CHATELAINE_DATABASE_URL', parseDatabaseUrl);
  const encryptionKeys = read('CHATELAINE_ENCRYPTION_KEYS', (text) => parseKeyring(text));
  const encryptionKeysCommand = read('CHATELAINE_ENCRYPTION_KEYS_COMMAND', parseKeysCommand);
  if (encryptionKeys !== null && encryptionKeysCommand !== null) {
    throw new ChatelaineError(
      'invalid_settings',
      'CHATELAINE_ENCRYPTION_KEYS and CHATELAINE_ENCRYPTION_KEYS_COMMAND are both set: remove the one that is not meant.',
    );
  }

  return {
    host,
    port: read('CHATELAINE_PORT', parsePort) ?? 4100,
    publicUrl,
    dataFolder,
    database: databaseUrl
      ? { kind: 'postgres', url: databaseUrl }
      : { kind: 'sqlite', file: join(dataFolder, 'chatelaine.db') },
    encryptionKeys,
    encryptionKeysCommand,
    secretsFolder: resolve(read('CHATELAINE_SECRETS_DIR', asIs) ?? '/run/secrets'),
    adminToken: read('CHATELAINE_ADMIN_TOKEN', parseAdminToken),
    allowedPrivateHosts: parseAllowedHosts(read('CHATELAINE_ALLOWED_PRIVATE_HOSTS', asIs) ?? ''),
    clientMetadataUrl: read('CHATELAINE_CLIENT_METADATA_URL', parseClientMetadataUrl),
    clientName: read('CHATELAINE_CLIENT_NAME', parseClientName) ?? 'Chatelaine',
    callLogDays: read('CHATELAINE_CALL_LOG_DAYS', parseDays) ?? CALL_LOG_DAYS_DEFAULT,
    // Where the database is in a file there is no other replica to go to.
    stopNoticeSeconds:
      read('CHATELAINE_STOP_NOTICE_SECONDS', parseNotice) ?? (databaseUrl ? STOP_NOTICE_DEFAULT_SECONDS : 0),
    traces: readTraceSettings((variable) => read(variable, asIs)),
    openId: readOpenIdSettings((variable) => read(variable, asIs)),
    logLevel: read('CHATELAINE_LOG_LEVEL', parseLogLevel) ?? 'info',
  };
}

/** The public base URL of a hub that listens on `listeningPort`, without a trailing slash. */
export function publicUrlOf(settings: Pick<Settings, 'host' | 'publicUrl'>, listeningPort: number): string {
  const host = isIP(settings.host) === 6 ? `[${settings.host}]` : settings.host;
  return settings.publicUrl ?? `http://${host}:${listeningPort}`;
}

/**
 * What the variable of an `env:NAME` reference holds; null where it is not set.
 *
 * @throws secret_reference_invalid for a name that is not set apart for secrets, so that a reference cannot
 *   read the hub's own keys or whatever else its environment holds
 */
export function secretFromEnvironment(name: string, env: Environment = process.env): Secret | null {
  if (!/^CHATELAINE_SECRET_\w+$/.test(name)) {
    throw new ChatelaineError(
      'secret_reference_invalid',
      'An env: reference names a variable that begins with CHATELAINE_SECRET_.',
    );
  }
  const value = env[name];
  return value ? new Secret(value) : null;
}

/** What programs that the hub starts may see: everything but its own settings, which hold secrets. */
export function environmentOfOthers(env: Environment = process.env): Environment {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^(CHATELAINE_|OTEL_EXPORTER_OTLP_.*HEADERS$)/.test(name)),
  );
}

/** Options that Node itself took from the environment. */
export function nodeOptions(env: Environment = process.env): string {
  return env.NODE_OPTIONS ?? '';
}

function variableOf(flag: string): string {
  return `CHATELAINE_${flag.toUpperCase().replaceAll('-', '_')}`;
}

/** @param value as given, or null where it may hold a secret and is not shown */
function invalid(variable: string, value: string | null, mend: string): ChatelaineError {
  const flag = SETTING_FLAGS.find((name) => variableOf(name) === variable);
  const name = flag ? `${variable} (or --${flag})` : variable;
  const what = value === null ? 'is not usable' : `is ${quoteForeign(value)}`;
  return new ChatelaineError('invalid_settings', `${name} ${what}: ${mend}.`);
}

function asIs(text: string): string {
  return text;
}

function parseHost(text: string, variable: string): string {
  const host = text.replace(/^\[(.*)\]$/, '$1');
  if (isIP(host) !== 0 || /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(host)) return host.toLowerCase();
  throw invalid(
    variable,
    text,
    'set it to an address of this machine, such as 127.0.0.1 or 0.0.0.0, without scheme or port',
  );
}

function parsePort(text: string, variable: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  const mend = text.startsWith('tcp://')
    ? 'Kubernetes puts this into pods beside a Service named "chatelaine"; set enableServiceLinks: false in the pod, or CHATELAINE_PORT itself'
    : 'set it to a number from 0 to 65535';
  throw invalid(variable, text, mend);
}

function parsePublicUrl(text: string, variable: string): string {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw invalid(variable, null, 'set it to the whole address, such as https://hub.example.com');
  }
  if (url.username || url.password || /[?#]/.test(text)) {
    throw invalid(variable, null, 'leave out user name, password, query and fragment');
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw invalid(variable, text, 'use https; plain http is for a loopback host only, such as http://127.0.0.1:4100');
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

function parseDatabaseUrl(text: string, variable: string): Secret {
  if (/^postgres(ql)?:$/.test(URL.parse(text)?.protocol ?? '')) return new Secret(text);
  const mend =
    'set it to postgres://user:password@host:5432/database, with special characters percent-encoded, or unset it for the embedded database';
  throw invalid(variable, null, mend);
}

function parseAdminToken(text: string, variable: string): Secret {
  if (text.length < ADMIN_TOKEN_MIN_CHARACTERS) {
    throw invalid(
      variable,
      null,
      `it needs at least ${ADMIN_TOKEN_MIN_CHARACTERS} characters, such as "openssl rand -hex 32" prints`,
    );
  }
  // RFC 6750 section 2.1: what an Authorization header can carry.
  if (!/^[A-Za-z0-9._~+/-]+=*$/.test(text)) {
    throw invalid(variable, null, 'use only letters, digits and the characters - . _ ~ + / with = at the end');
  }
  return new Secret(text);
}

/** @see draft-ietf-oauth-client-id-metadata-document, section 3 */
function parseClientMetadataUrl(text: string, variable: string): string {
  const url = URL.parse(text);
  const usable =
    url?.protocol === 'https:' && url.pathname !== '/' && !url.username && !url.password && !text.includes('#');
  if (usable && url.href === text) return text;
  throw invalid(
    variable,
    null,
    'set it to the https address of the document with its path, without user name, fragment and "..", such as https://example.com/client.json',
  );
}

function parseClientName(text: string, variable: string): string {
  if (text.length <= CLIENT_NAME_MAX_CHARACTERS && !/\p{Cc}/u.test(text)) return text;
  throw invalid(variable, text, `use at most ${CLIENT_NAME_MAX_CHARACTERS} characters on one line`);
}

function parseDays(text: string, variable: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw invalid(variable, text, 'set it to a number of days from 1 to 9999');
}

function parseNotice(text: string, variable: string): number {
  if (/^\d{1,3}$/.test(text) && Number(text) <= STOP_NOTICE_MAX_SECONDS) return Number(text);
  throw invalid(variable, text, `set it to a number of seconds from 0 to ${STOP_NOTICE_MAX_SECONDS}`);
}

function parseLogLevel(text: string, variable: string): LogLevel {
  const level = LOG_LEVELS.find((known) => known === text.toLowerCase());
  if (level) return level;
  throw invalid(variable, text, `use one of ${LOG_LEVELS.join(', ')}`);
}

function isLoopback(host: string): boolean {
  return /^(localhost|.+\.localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i.test(host);
}
