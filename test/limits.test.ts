// Every limit of src/limits.ts and src/work-limits.ts is met by a test: by one of this file, or by the one that the table names. A limit that is
// in neither fails, so that a new one is a decision about who meets it.

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createCallLimits } from '../src/gateway/call-limits.ts';
import { createLogLevels, createSessionIds } from '../src/gateway/session-id.ts';
import * as limits from '../src/limits.ts';
import { createInbox } from '../src/mcp/inbox.ts';
import { nameField } from '../src/mcp/json.ts';
import { listTools } from '../src/mcp/list-tools.ts';
import { readRefusal } from '../src/mcp/refusal.ts';
import { readResumableAnswer, retryDelay } from '../src/mcp/resume-answer.ts';
import { bearerChallenge } from '../src/oauth/challenge.ts';
import { isValue, listMember, oneLine } from '../src/oauth/foreign-document.ts';
import { foreignUrl } from '../src/oauth/foreign-url.ts';
import { retryAfterSeconds } from '../src/oauth/retry-after.ts';
import { processTokenResponse } from '../src/oauth/token-response.ts';
import { generateKey, parseKeyring } from '../src/vault/keyring.ts';
import { createVault } from '../src/vault/seal.ts';
import * as workLimits from '../src/work-limits.ts';
import { legacy, miniServer, result } from './mcp/mini-server.ts';
import { json } from './oauth/scripted.ts';
import { type Embedded, ME, startEmbedded } from './support/embedded.ts';
import { startHub, type TestHub } from './support/hub.ts';
import { PASSWORD, setUp, Visit } from './support/people.ts';

type Name = keyof typeof limits | keyof typeof workLimits;

const NET = 'net/limits.test.ts';
const CIRCUITS = 'gateway/circuits.test.ts';
const CALL_LOG = 'hub/call-log.test.ts';
const CLOCK = 'flow/clock.test.ts';
const SIGN_IN = 'people/sign-in.test.ts';
const HERE = 'limits.test.ts';

/** Where a limit is met: the file and the title of the test, or of one of its rows. */
const MET: Readonly<Partial<Record<Name, readonly [file: string, title: string]>>> = {
  CONNECT_TIMEOUT_MS: [
    'net/guarded-connect.test.ts',
    'a DNS server that never answers is given up after the connect timeout',
  ],
  ANSWER_TIMEOUT_MS: [NET, 'runs out when the body drips in'],
  STREAM_IDLE_TIMEOUT_MS: [NET, 'runs out when nothing comes'],
  METADATA_MAX_BYTES: [NET, 'may be up to %i bytes'],
  MCP_ANSWER_MAX_BYTES: [NET, 'may be up to %i bytes'],
  LISTING_MAX_BYTES: [HERE, 'LISTING_MAX_BYTES'],
  MAX_REDIRECTS: ['net/redirects.test.ts', 'follows three redirects and not four'],
  HEADERS_MAX_BYTES: [NET, 'of the headers is limited: %s'],
  CONNECTIONS_PER_ORIGIN: ['gateway/held-open.test.ts', 'CONNECTIONS_PER_ORIGIN'],
  JSON_MAX_DEPTH: ['mcp/json.test.ts', 'JSON_MAX_DEPTH'],
  SERVER_NAME_MAX_CHARACTERS: [HERE, 'SERVER_NAME_MAX_CHARACTERS'],
  ERROR_BODY_MAX_BYTES: [HERE, 'ERROR_BODY_MAX_BYTES'],
  SSE_RETRY_DEFAULT_MS: [HERE, 'SSE_RETRY_DEFAULT_MS'],
  SSE_RETRY_MIN_MS: [HERE, 'SSE_RETRY_MIN_MS'],
  SSE_RETRY_MAX_MS: [HERE, 'SSE_RETRY_MAX_MS'],
  SSE_IDLE_RESUMES_MAX: [HERE, 'SSE_IDLE_RESUMES_MAX'],
  SERVER_REQUESTS_MAX: [HERE, 'SERVER_REQUESTS_MAX'],
  TOKEN_MAX_CHARACTERS: [HERE, 'TOKEN_MAX_CHARACTERS'],
  OAUTH_VALUE_MAX_CHARACTERS: [HERE, 'OAUTH_VALUE_MAX_CHARACTERS'],
  OAUTH_TEXT_MAX_CHARACTERS: [HERE, 'OAUTH_TEXT_MAX_CHARACTERS'],
  METADATA_LIST_MAX_ENTRIES: [HERE, 'METADATA_LIST_MAX_ENTRIES'],
  TOKEN_LIFETIME_MAX_SECONDS: [HERE, 'TOKEN_LIFETIME_MAX_SECONDS'],
  CHALLENGE_MAX_CHARACTERS: [HERE, 'CHALLENGE_MAX_CHARACTERS'],
  RETRY_AFTER_MAX_SECONDS: [HERE, 'RETRY_AFTER_MAX_SECONDS'],
  LISTING_MAX_PAGES: ['mcp/list-tools.test.ts', 'has no end'],
  LISTING_MAX_TOOLS: ['mcp/list-tools.test.ts', 'holds too many tools'],
  KEYS_COMMAND_TIMEOUT_MS: ['server/keys-command.test.ts', 'that hangs is stopped with all that it started'],
  KEYS_OUTPUT_MAX_BYTES: ['server/keys-command.test.ts', 'printed more than 65536 bytes'],
  FRESH_SIGN_IN_MS: ['people/single-sign-on.test.ts', 'a first password is chosen shortly after signing in'],
  INPUT_ROUNDS_MAX: ['mcp/call-tool.test.ts', 'gives up a server that asks without end'],
  FLOW_LIFETIME_MS: [CLOCK, 'a link that is older does not open, and a callback that is later changes nothing'],
  FLOW_KEPT_MS: [CLOCK, 'a consent that comes after an hour finds nothing left of its flow'],
  REFRESH_AHEAD_MS: ['flow/refresh.test.ts', 'a token with less than five minutes left is refreshed before it is used'],
  REFRESH_EARLIER_MS: [CLOCK, 'the background renews a token shortly before five minutes are left, and not earlier'],
  COUNTED_MAX: ['flow/forecast-bound.test.ts', 'agents are counted up to a bound'],
  FORECAST_MAX: ['flow/forecast-bound.test.ts', 'what is worst is told, up to a bound'],
  GRANTS_LOOKED_AT: ['flow/forecast-bound.test.ts', 'agents are counted up to a bound'],
  REFRESH_BACKOFF_MS: [CLOCK, 'a provider that is down is asked again after a pause that grows'],
  REFRESH_BACKOFF_MAX_MS: [CLOCK, 'a provider that is down is asked again after a pause that grows'],
  SYNC_INTERVAL_MS: [CLOCK, 'tools are listed again when their time has come'],
  SYNC_INTERVAL_MIN_MS: [CLOCK, 'tools are listed again when their time has come'],
  SYNC_BACKOFF_MAX_MS: [CLOCK, 'tools are listed again when their time has come'],
  CREDENTIAL_CACHE_MS: ['flow/replicas.test.ts', 'what one process disconnects, the other stops using within a second'],
  ACCESS_REVISION_MS: ['hub/agent-access.test.ts', 'works at once here and within a second elsewhere'],
  KEY_TOUCH_INTERVAL_MS: ['hub/agent-access.test.ts', 'the last use of a key is kept coarsely'],
  AGENT_REQUEST_MAX_BYTES: ['gateway/refusals.test.ts', 'larger than 4 MiB is refused, just under it is not'],
  AGENT_SESSIONS_MAX: [HERE, 'AGENT_SESSIONS_MAX'],
  CIRCUIT_FAULTS: [CIRCUITS, 'is left alone after some faults'],
  CIRCUIT_WINDOW_MS: [CIRCUITS, 'CIRCUIT_WINDOW_MS'],
  CIRCUIT_BACKOFF_MS: [CIRCUITS, 'waits twice as long after each failed probe, up to a maximum'],
  CIRCUIT_BACKOFF_MAX_MS: [CIRCUITS, 'waits twice as long after each failed probe, up to a maximum'],
  CIRCUIT_PROBE_MS: [CIRCUITS, 'lets one call at a time try the server, and the next when the one takes too long'],
  CALL_QUEUE_MAX: [CALL_LOG, 'keeps what fits while the database is away, counts the rest'],
  CALL_BATCH_MAX: [CALL_LOG, 'batches of bounded size afterwards'],
  CAPTURE_MAX_CHARACTERS: ['hub/redact.test.ts', 'what is kept is cut after it was redacted'],
  CAPTURE_READ_MAX_BYTES: ['gateway/capture.test.ts', 'what is long is cut, what is too long is left out'],
  CAPTURE_QUEUE_MAX: [CALL_LOG, 'and no more than fits'],
  CALL_LOG_DAYS_DEFAULT: [CALL_LOG, 'forgets calls after the days that were set'],
  CALL_STATS_GROUPS_MAX: [HERE, 'CALL_STATS_GROUPS_MAX'],
  TRACE_WAIT_MAX_MS: ['server/trace-settings.test.ts', 'refuse a wrong %s by its name'],
  REQUEST_MAX_BYTES: [HERE, 'REQUEST_MAX_BYTES'],
  PAGE_LIMIT_MAX: [HERE, 'PAGE_LIMIT_MAX'],
  PASSWORD_MIN_CHARACTERS: [HERE, 'PASSWORD_MIN_CHARACTERS'],
  PASSWORD_MAX_CHARACTERS: [HERE, 'PASSWORD_MAX_CHARACTERS'],
  ATTEMPTS_PER_ACCOUNT: [SIGN_IN, 'an account is closed for a while after ten wrong passwords'],
  ATTEMPTS_PER_ADDRESS: [SIGN_IN, 'an address is closed for a while after fifty tries'],
  ATTEMPTS_WINDOW_MS: [SIGN_IN, 'an account is closed for a while after ten wrong passwords'],
  ATTEMPTS_FROM_UNKNOWN: ['people/attempts.test.ts', 'where nobody can tell from where they come'],
  ATTEMPTS_PER_ACCOUNT_EVERYWHERE: [
    'people/attempts.test.ts',
    'wrong passwords from elsewhere close an account neither',
  ],
  SESSION_CACHE_MS: ['http/events.test.ts', 'though its session was read a moment before'],
  INVITATION_LIFETIME_MS: ['people/one-time.test.ts', 'a thousand expired invitations hide no live one'],
  EVENT_STREAMS_OF_ONE: ['http/events.test.ts', 'bounded for one caller'],
  TRANSCRIPT_MAX_ENTRIES: [HERE, 'TRANSCRIPT_MAX_ENTRIES'],
  ADMIN_TOKEN_MIN_CHARACTERS: ['server/config.test.ts', 'stops the start with one line that names it and the mend'],
  AGENT_SESSION_LIFETIME_MS: [HERE, 'AGENT_SESSION_LIFETIME_MS'],
  AGENT_STREAMS_MAX: [HERE, 'AGENT_STREAMS_MAX'],
  PASSWORD_LINK_LIFETIME_MS: [HERE, 'PASSWORD_LINK_LIFETIME_MS'],
  SIGN_IN_LINK_LIFETIME_MS: [HERE, 'SIGN_IN_LINK_LIFETIME_MS'],
  SETUP_CODE_LIFETIME_MS: [HERE, 'SETUP_CODE_LIFETIME_MS'],
  AUDIT_LIFETIME_MS: [HERE, 'AUDIT_LIFETIME_MS'],
  AGENT_UNREAD_MAX_BYTES: ['gateway/agent-stream.test.ts', 'an agent that reads nothing makes no progress pile up'],
  LOG_WAITING_MAX_BYTES: [
    'server/log.test.ts',
    'the lines of that time wait, whole and in their order, as far as they fit',
  ],
  TOKEN_REQUESTS_PER_ISSUER: ['flow/refresh-fleet.test.ts', 'is renewed once each, never more than eight at once'],
  LISTING_REST_TIMES: ['hub/listing-room.test.ts', 'while small ones go on'],
  LISTINGS_MAX: ['hub/listing-room.test.ts', 'no more than LISTINGS_MAX run at once'],
  LISTING_LARGE_BYTES: ['hub/listing-room.test.ts', 'of answers beyond LISTING_LARGE_BYTES one is read at a time'],
  AGENT_CALLS_IN_FLIGHT_MAX: ['gateway/held-open.test.ts', 'CONNECTIONS_PER_ORIGIN'],
};

/** How often, or how long before, something is done by itself: nothing from outside can exceed these. */
const PACES: readonly Name[] = [
  'AS_METADATA_DOUBT_MS',
  'DNS_TRY_MS',
  'DNS_TRIES',
  'DNS_SECOND_FAMILY_MS',
  'REFUSAL_PAUSE_MS',
  'REFUSAL_PAUSE_MAX_MS',
  'CLOCK_LOOK_MS',
  'CLOCK_ROUND_TRIP_MAX_MS',
  'CLOCK_TOLERANCE_MS',
  'CLOCK_COMPLAINT_MS',
  'REFRESH_TAKE_OVER_MS',
  'REFRESH_SAVE_WAIT_MS',
  'REFRESH_SAVE_MS',
  'REFRESH_SAVE_LAST_MS',
  'REFRESH_SAVE_PAUSE_MS',
  'REFRESH_SAVE_PAUSE_MAX_MS',
  'TOKEN_LANE_KEPT_MS',
  'TOKEN_LANE_LEASE_MS',
  'TOKEN_LANE_WAIT_MS',
  'SCRAPE_WAIT_MS',
  'STATE_FIGURES_REUSE_MS',
  'CREATE_SYNC_WAIT_MS',
  'CALLBACK_SYNC_WAIT_MS',
  'LISTENING_STREAM_WAIT_MS',
  'GREETING_WAIT_MS',
  'CONNECTOR_CHANGE_LEASE_MS',
  'REFRESH_LEASE_MS',
  'SYNC_LEASE_MS',
  'WATCH_LEASE_MS',
  'PEOPLE_CHANGE_LEASE_MS',
  'LEASE_POLL_MS',
  'AS_METADATA_LIFETIME_MS',
  'LEGACY_VERDICT_LIFETIME_MS',
  'MODERN_VERDICT_LIFETIME_MS',
  'DISCOVERY_REUSE_MS',
  'SYNC_CONCURRENCY',
  'MAINTENANCE_INTERVAL_MS',
  'REACHABILITY_FRESH_MS',
  'WATCH_BACKOFF_MS',
  'WATCH_BACKOFF_MAX_MS',
  'WATCH_UNSUPPORTED_MS',
  'WATCH_SETTLE_MS',
  'WATCH_RECONCILE_MS',
  'KEY_TOUCH_FLUSH_MS',
  'TOOL_LIST_TTL_MS',
  'SERVER_FACTS_LIFETIME_MS',
  'MAIL_POLL_MS',
  'TOOLS_WATCH_MS',
  'STREAM_HEARTBEAT_MS',
  'CONNECT_LINK_REUSE_MS',
  'CIRCUIT_FORGET_MS',
  'CALL_FLUSH_MS',
  'CALL_RETRY_MS',
  'CALL_STATS_GROUPS_DEFAULT',
  'FORECAST_REUSE_MS',
  'TRACE_DELAY_DEFAULT_MS',
  'TRACE_TIMEOUT_DEFAULT_MS',
  'TRACE_FLUSH_MS',
  'TRACE_COMPLAINT_MS',
  'PAGE_LIMIT_DEFAULT',
  'SESSION_UPDATE_SECONDS',
  'OPENID_METADATA_MS',
  'CHANGES_POLL_MS',
  'CHANGES_LOOK_BACK_MS',
  'CHANGES_SETTLE_MS',
];

/** Met by no test yet, each with what it would take. */
const UNMET: Readonly<Partial<Record<Name, string>>> = {
  METERED_CONNECTORS_MAX: 'five hundred connectors that are called',
  REFRESH_LINE_MAX: 'what does not fit is looked for afterwards',
  REFRESH_LINES_MAX: 'what does not fit is looked for afterwards',
  EVENT_STREAMS_MAX: 'forty-two callers with twelve streams each',
  STREAMS_PER_ORIGIN: 'eight thousand sockets to one server',
  TARGETS_KEPT_MAX: 'a cache: what it forgets is judged again',
  ACCESS_CACHE_ENTRIES: 'a cache: what it forgets is read again',
  SESSION_CACHE_ENTRIES: 'a cache: what it forgets is read again',
  TRY_REQUEST_TIMEOUT_MS: 'two minutes',
  LISTING_TIMEOUT_MS: 'five minutes',
  PROBE_TIMEOUT_MS: 'a minute',
  WATCH_MAX_STREAMS: 'two hundred servers that are watched',
  CONNECTIONS_MAX: 'two thousand servers',
  CONNECTION_IDLE_MS: 'five minutes of the system clock of a gateway',
  QUESTION_LIFETIME_MS: 'ten minutes of the system clock of a gateway',
  MAIL_LIFETIME_MS: 'a minute of the system clock of a gateway',
  MAIL_PER_MINUTE: 'sixty answers to questions within a minute, by way of another replica',
  MAIL_MAX_CHARACTERS: 'a form of 64 kB, by way of another replica',
  AGENT_CONNECTIONS_MAX: 'sixty-four servers of one agent',
  SESSION_LIFETIME_SECONDS: 'seven days of the system clock of better-auth',
  OPENID_FLOW_SECONDS: 'a cookie that a browser forgets',
};

describe('the table', () => {
  const names = Object.keys({ ...limits, ...workLimits }) as Name[];
  const unmet = Object.keys(UNMET) as Name[];
  const claimed = [...Object.keys(MET), ...PACES, ...unmet];

  test('names every limit, once, and no other', () => {
    expect([...claimed].sort()).toEqual([...names].sort());
  });

  test.each(Object.entries(MET))('%s is met where it says', (_name, [file, title]) => {
    expect(readFileSync(new URL(file, import.meta.url), 'utf8')).toContain(title);
  });

  test('does not get longer where nobody meets a limit', () => {
    expect(unmet.length).toBeLessThanOrEqual(24);
  });
});

describe('what a server says of itself', () => {
  test('SERVER_NAME_MAX_CHARACTERS', () => {
    const max = limits.SERVER_NAME_MAX_CHARACTERS;
    expect(nameField({ name: 'x'.repeat(max) }, 'name')).toHaveLength(max);
    expect(nameField({ name: 'x'.repeat(max + 1) }, 'name')).toBeNull();
  });

  test('OAUTH_VALUE_MAX_CHARACTERS', () => {
    const max = limits.OAUTH_VALUE_MAX_CHARACTERS;
    expect([isValue('x'.repeat(max)), isValue('x'.repeat(max + 1))]).toEqual([true, false]);
    const url = (length: number): string => 'https://a.example/'.padEnd(length, 'x');
    expect([foreignUrl(url(max)) === null, foreignUrl(url(max + 1)) === null]).toEqual([false, true]);
  });

  test('OAUTH_TEXT_MAX_CHARACTERS', () => {
    expect(oneLine('x'.repeat(10_000))).toHaveLength(limits.OAUTH_TEXT_MAX_CHARACTERS);
  });

  test('METADATA_LIST_MAX_ENTRIES', () => {
    const list = Array.from({ length: 5_000 }, (_, i) => `s${i}`);
    expect(listMember({ list }, 'list')).toHaveLength(limits.METADATA_LIST_MAX_ENTRIES);
  });

  test('CHALLENGE_MAX_CHARACTERS', () => {
    const field = (blanks: number): Headers =>
      new Headers({ 'www-authenticate': `Basic${' '.repeat(blanks)}, Bearer` });
    const most = limits.CHALLENGE_MAX_CHARACTERS - 'Basic, Bearer'.length;
    expect(bearerChallenge(field(most - 1))?.scheme).toBe('bearer');
    expect(bearerChallenge(field(most + 'Bearer'.length))).toBeNull();
  });

  test('RETRY_AFTER_MAX_SECONDS', () => {
    const max = limits.RETRY_AFTER_MAX_SECONDS;
    const asked = (seconds: number): Headers => new Headers({ 'retry-after': String(seconds) });
    expect([retryAfterSeconds(asked(max - 1)), retryAfterSeconds(asked(max + 1))]).toEqual([max - 1, max]);
  });

  const tokens = async (more: object) =>
    processTokenResponse(json({ token_type: 'bearer', access_token: 'a', ...more }), []);

  test('TOKEN_MAX_CHARACTERS', async () => {
    const max = limits.TOKEN_MAX_CHARACTERS;
    expect((await tokens({ access_token: 'x'.repeat(max) })).accessToken.reveal()).toHaveLength(max);
    for (const name of ['access_token', 'refresh_token'])
      await expect(tokens({ [name]: 'x'.repeat(max + 1) })).rejects.toMatchObject({
        code: 'upstream_invalid_response',
      });
  });

  test('TOKEN_LIFETIME_MAX_SECONDS', async () => {
    const max = limits.TOKEN_LIFETIME_MAX_SECONDS;
    expect((await tokens({ expires_in: max })).expiresInSeconds).toBe(max);
    expect((await tokens({ expires_in: max + 1 })).expiresInSeconds).toBeNull();
  });

  test('ERROR_BODY_MAX_BYTES', async () => {
    const error = (bytes: number): Response => {
      const text = JSON.stringify({ jsonrpc: '2.0', id: 1, error: { code: -5, message: 'no', data: '' } });
      return new Response(text.replace('""', `"${'x'.repeat(bytes - text.length)}"`), { status: 400 });
    };
    expect((await readRefusal(error(limits.ERROR_BODY_MAX_BYTES), 1)).rpc?.code).toBe(-5);
    expect((await readRefusal(error(limits.ERROR_BODY_MAX_BYTES + 1), 1)).rpc).toBeNull();
  });
});

describe('a server that keeps us busy', () => {
  test('SERVER_REQUESTS_MAX', async () => {
    const answered: unknown[] = [];
    const open = Promise.withResolvers<void>();
    const receive = createInbox({
      onNotification: () => undefined,
      onElicitation: null,
      onRequest: () => open.promise.then(() => ({})),
      reply: async ({ id }) => void answered.push(id),
    });
    for (let id = 0; id < 1_000; id += 1) receive({ kind: 'request', id, method: 'roots/list', params: {} });
    open.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    expect(answered).toHaveLength(limits.SERVER_REQUESTS_MAX);
    receive({ kind: 'request', id: 'later', method: 'ping', params: {} });
    await new Promise((resolve) => setImmediate(resolve));
    expect(answered.at(-1)).toBe('later');
  });

  test('SSE_RETRY_DEFAULT_MS, SSE_RETRY_MIN_MS', () => {
    expect(retryDelay({ lastEventId: 'a', retryMs: null })).toBe(limits.SSE_RETRY_DEFAULT_MS);
    expect(retryDelay({ lastEventId: 'a', retryMs: 0 })).toBe(limits.SSE_RETRY_MIN_MS);
  });

  const broken = (text: string): Response => new Response(text, { headers: { 'content-type': 'text/event-stream' } });
  const waiting = (retryMs: number) => ({
    id: 1,
    maxBytes: 1_000,
    onMessage: () => undefined,
    position: { lastEventId: 'a', retryMs },
  });

  test('SSE_IDLE_RESUMES_MAX', async () => {
    let reopened = 0;
    const reopen = async (): Promise<Response> => {
      reopened += 1;
      return broken(': nothing\n\n');
    };
    const answer = readResumableAnswer(broken(''), waiting(0), { reopen, signal: undefined });
    await expect(answer).rejects.toMatchObject({ code: 'upstream_invalid_response' });
    expect(reopened).toBe(limits.SSE_IDLE_RESUMES_MAX - 1);
  });

  test('SSE_RETRY_MAX_MS', async () => {
    const reopen = async (): Promise<Response> => {
      throw new Error('it was asked again');
    };
    const answer = readResumableAnswer(broken(''), waiting(limits.SSE_RETRY_MAX_MS + 1), { reopen, signal: undefined });
    await expect(answer).rejects.toMatchObject({ code: 'upstream_invalid_response' });
  });

  test('LISTING_MAX_BYTES', async () => {
    const allowed: number[] = [];
    const upstream = {
      protocol: { version: '2026-07-28', transport: 'streamable_http', serverName: null, serverVersion: null } as const,
      capabilities: {},
      instructions: null,
      async request(
        _method: string,
        _params: unknown,
        options: { maxBytes?: number; onBytes?: (bytes: number) => void },
      ) {
        allowed.push(options.maxBytes ?? -1);
        options.onBytes?.(1_000_000);
        return { tools: [], ...(allowed.length < 3 ? { nextCursor: `${allowed.length}` } : {}) };
      },
      close: async () => undefined,
    };
    await listTools(upstream as never);
    expect(allowed).toEqual([0, 1, 2].map((pages) => limits.LISTING_MAX_BYTES - pages * 1_000_000));
  });

  test('AGENT_SESSIONS_MAX', () => {
    const levels = createLogLevels();
    for (let i = 0; i <= limits.AGENT_SESSIONS_MAX; i += 1) levels.set(`nonce ${i}`, 'debug');
    expect([levels.get('nonce 0'), levels.get('nonce 1')]).toEqual([undefined, 'debug']);
  });
});

describe('an agent', () => {
  test('AGENT_STREAMS_MAX', () => {
    const { enterStream } = createCallLimits(Date.now);
    const leave = Array.from({ length: limits.AGENT_STREAMS_MAX }, () => enterStream('agt_1'));
    expect(() => enterStream('agt_1')).toThrow(/close one/);
    enterStream('agt_2')();
    leave[0]?.();
    expect(enterStream('agt_1')).toBeTypeOf('function');
  });

  test('AGENT_SESSION_LIFETIME_MS', async () => {
    let now = 0;
    const vault = createVault(parseKeyring(generateKey()));
    const [here, elsewhere] = [createSessionIds(vault, () => now), createSessionIds(vault, () => now)];
    const session = { endpoint: null, version: '2025-11-25', capabilities: {}, clientInfo: {}, upstream: null };
    const id = await here.seal('agt_1', session);
    now = limits.AGENT_SESSION_LIFETIME_MS - 1;
    for (const ids of [here, elsewhere]) expect(await ids.open('agt_1', null, id)).toMatchObject(session);
    now += 1;
    for (const ids of [here, elsewhere]) expect(await ids.open('agt_1', null, id)).toBeNull();
  });
});

describe('what a hub hands out', () => {
  let embedded: Embedded;
  beforeAll(async () => {
    embedded = await startEmbedded();
  });
  afterAll(async () => {
    vi.useRealTimers();
    await embedded?.close();
  });
  /** For better-auth too, which reads the time by itself. */
  const later = (milliseconds: number): void => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + milliseconds });
  };
  const PERSON = { name: 'O', email: 'o@example.com', password: PASSWORD };

  test('SETUP_CODE_LIFETIME_MS', async () => {
    const code = (await embedded.people.setup.newCode())?.reveal();
    later(limits.SETUP_CODE_LIFETIME_MS + 1);
    const late = await new Visit(embedded).call('POST', '/api/setup', { code, ...PERSON });
    expect(late.status).not.toBe(201);
    const fresh = (await embedded.people.setup.newCode())?.reveal();
    expect((await new Visit(embedded).call('POST', '/api/setup', { code: fresh, ...PERSON })).status).toBe(201);
  });

  test('PASSWORD_LINK_LIFETIME_MS, SIGN_IN_LINK_LIFETIME_MS', async () => {
    const owner = new Visit(embedded);
    const { id } = (await owner.call('POST', '/api/sign-in', { email: PERSON.email, password: PASSWORD })).body;
    const { url } = (await owner.call('POST', `/api/people/${id}/password-link`)).body;
    const link = (await embedded.people.links.signIn(id, ME)).url;
    const open = async () => ({
      password: (await new Visit(embedded).call('GET', `/api/invitations/${url.split('/').at(-1)}`)).status,
      signIn: (await new Visit(embedded).call('GET', new URL(link).pathname)).status,
    });
    later(limits.SIGN_IN_LINK_LIFETIME_MS + 1);
    expect(await open()).toEqual({ password: 200, signIn: 404 });
    later(limits.PASSWORD_LINK_LIFETIME_MS);
    expect(await open()).toEqual({ password: 404, signIn: 404 });
  });

  test('AUDIT_LIFETIME_MS', async () => {
    const entries = async (): Promise<number> => (await embedded.hub.audit.list({}, { limit: 200 })).items.length;
    expect(await entries()).toBeGreaterThan(0);
    later(limits.AUDIT_LIFETIME_MS + 1);
    await embedded.hub.maintain();
    expect(await entries()).toBe(0);
  });
});

describe('a caller of the API', () => {
  let hub: TestHub;
  let owner: Visit;
  beforeAll(async () => {
    hub = await startHub({ background: false });
    owner = await setUp(hub);
  });
  afterAll(() => hub?.close());

  test('REQUEST_MAX_BYTES', async () => {
    const body = (bytes: number) => ({ name: 'x'.repeat(bytes - '{"name":""}'.length) });
    expect((await hub.api('POST', '/api/agents', body(limits.REQUEST_MAX_BYTES))).body.code).toBe('invalid_request');
    expect((await hub.api('POST', '/api/agents', body(limits.REQUEST_MAX_BYTES + 1))).status).toBe(413);
  });

  test('PAGE_LIMIT_MAX', async () => {
    expect((await hub.api('GET', `/api/agents?limit=${limits.PAGE_LIMIT_MAX}`)).status).toBe(200);
    expect((await hub.api('GET', `/api/agents?limit=${limits.PAGE_LIMIT_MAX + 1}`)).status).toBe(400);
  });

  test('CALL_STATS_GROUPS_MAX', async () => {
    expect((await hub.api('GET', `/api/calls/stats?limit=${limits.CALL_STATS_GROUPS_MAX}`)).status).toBe(200);
    expect((await hub.api('GET', `/api/calls/stats?limit=${limits.CALL_STATS_GROUPS_MAX + 1}`)).status).toBe(400);
  });

  test('PASSWORD_MIN_CHARACTERS, PASSWORD_MAX_CHARACTERS', async () => {
    const { url } = (await owner.call('POST', '/api/people/invitations', { role: 'viewer' })).body;
    const accept = (characters: number) =>
      owner.call('POST', `/api/invitations/${url.split('/').at(-1)}`, {
        name: 'New',
        email: 'new@example.com',
        password: 'x'.repeat(characters),
      });
    const field = { status: 400, body: { field: 'password' } };
    expect(await accept(limits.PASSWORD_MIN_CHARACTERS - 1)).toMatchObject(field);
    expect(await accept(limits.PASSWORD_MAX_CHARACTERS + 1)).toMatchObject(field);
    expect((await accept(limits.PASSWORD_MAX_CHARACTERS)).status).toBe(200);
  });

  test('TRANSCRIPT_MAX_ENTRIES', async () => {
    const bad = Array.from({ length: 40 }, (_, i) => ({ name: `bad${i}` }));
    const server = await miniServer(
      legacy((seen, response) => {
        if (seen.rpc.method !== 'tools/list') return false;
        result(response, seen, { tools: bad });
        return true;
      }),
    );
    const made = await hub.ok('POST', '/api/connectors', { name: 'One', url: server.url, authType: 'none' });
    const path = `/api/connectors/${made.id}/transcript?limit=200`;
    const count = async (): Promise<number> => {
      let found = 0;
      for (let next: string | null = ''; next !== null; ) {
        const page: { items: unknown[]; nextCursor: string | null } = await hub.ok('GET', `${path}${next}`);
        found += page.items.length;
        next = page.nextCursor === null ? null : `&cursor=${page.nextCursor}`;
      }
      return found;
    };
    const times = Math.ceil(limits.TRANSCRIPT_MAX_ENTRIES / 20) + 1;
    for (let i = 0; i < times; i += 1) await hub.ok('POST', `/api/connectors/${made.id}/sync`, {});
    expect(await count()).toBe(limits.TRANSCRIPT_MAX_ENTRIES);
  });
});
