// Every timeout, size and lifetime, with its unit in its name and its reason beside it.

// Outbound requests.
/** A server that does not complete TCP and TLS in this time is down for our purposes. */
export const CONNECT_TIMEOUT_MS = 5_000;
/** Whole answer, headers and body. */
export const ANSWER_TIMEOUT_MS = 30_000;
/** A stream may live long but must say something (SSE comments count). */
export const STREAM_IDLE_TIMEOUT_MS = 60_000;
/** Metadata, registration and token answers are small; more is an attack or a mistake. */
export const METADATA_MAX_BYTES = 1024 * 1024;
/** One whole tool listing, all pages together. */
export const LISTING_MAX_BYTES = 16 * 1024 * 1024;
/** One JSON-RPC answer of an MCP server. */
export const MCP_ANSWER_MAX_BYTES = 16 * 1024 * 1024;
export const MAX_REDIRECTS = 3;
/** All headers of an answer together. */
export const HEADERS_MAX_BYTES = 32 * 1024;
/** An event stream holds its connection, so this is also how many streams one server may have open at once. */
export const CONNECTIONS_PER_ORIGIN = 256;
/** Streams that agents hold open cost a server and us little; each agent's share is AGENT_STREAMS_MAX. */
export const STREAMS_PER_ORIGIN = 8_192;
/** Addresses of which it is remembered that they may be spoken to. */
export const TARGETS_KEPT_MAX = 20_000;

/** A tool that is tried by hand may take this long. */
export const TRY_REQUEST_TIMEOUT_MS = 120_000;

// Reading MCP messages.
/** Nesting of JSON from a server; no schema needs more, and deeper input exhausts whoever walks it. */
export const JSON_MAX_DEPTH = 128;
/** How a server calls itself, and which version of itself it is; shown beside every connector. */
export const SERVER_NAME_MAX_CHARACTERS = 200;
/** The body beside an HTTP error status is read this far, to find a JSON-RPC error in it. */
export const ERROR_BODY_MAX_BYTES = 64 * 1024;
/** Wait before resuming an SSE stream whose server named no time. */
export const SSE_RETRY_DEFAULT_MS = 1_000;
/** A server that asks for less would have us poll without a pause. */
export const SSE_RETRY_MIN_MS = 100;
/** A server that asks for more has given the request up for our purposes. */
export const SSE_RETRY_MAX_MS = 5 * 60_000;
/** Resumptions in a row that brought nothing new. */
export const SSE_IDLE_RESUMES_MAX = 3;
/** A session's listening stream is opened before the first call, but nobody waits longer for its headers. */
export const LISTENING_STREAM_WAIT_MS = 2_000;
/** Requests of one server that wait for our answer at the same moment; more are a flood and stay unanswered. */
export const SERVER_REQUESTS_MAX = 16;

// Reading OAuth answers.
/** An access token must fit a header, with room for the others beside it (HEADERS_MAX_BYTES is what servers commonly take). */
export const TOKEN_MAX_CHARACTERS = 16 * 1024;
/** Client ids, codes, issuers, endpoint URLs: longer ones do not survive the browsers and proxies on the way. */
export const OAUTH_VALUE_MAX_CHARACTERS = 4 * 1024;
/** A provider's own words (`error_description`), which people read. */
export const OAUTH_TEXT_MAX_CHARACTERS = 500;
/** Entries of one list in a metadata document. */
export const METADATA_LIST_MAX_ENTRIES = 1_000;
/** Ten years; a token that claims to live longer says nothing about its lifetime. */
export const TOKEN_LIFETIME_MAX_SECONDS = 10 * 365 * 24 * 60 * 60;
/** All `WWW-Authenticate` fields of one answer together. */
export const CHALLENGE_MAX_CHARACTERS = 16 * 1024;
/** A provider that asks for a longer pause than a day is asked again after a day. */
export const RETRY_AFTER_MAX_SECONDS = 24 * 60 * 60;

// Tool listings.
export const LISTING_MAX_PAGES = 100;
export const LISTING_MAX_TOOLS = 10_000;
/** All pages together; well inside SYNC_LEASE_MS. */
export const LISTING_TIMEOUT_MS = 5 * 60_000;
/** Rounds of `input_required` for one request. */
export const INPUT_ROUNDS_MAX = 10;

// Flows.
export const FLOW_LIFETIME_MS = 10 * 60_000;
/** An expired one is known this long, so that a consent that comes late is told so where it began. */
export const FLOW_KEPT_MS = 60 * 60_000;

/** Creating a connector waits this long for its first listing, which then goes on without it. */
export const CREATE_SYNC_WAIT_MS = 10_000;
/** One change of a connector at a time; long enough to revoke a few tokens at a slow provider. */
export const CONNECTOR_CHANGE_LEASE_MS = 60_000;
/** A browser waits this long for the first listing of tools, which then goes on without it. */
export const CALLBACK_SYNC_WAIT_MS = 15_000;

// Credentials.
/** A token with less than this left is refreshed before it is used. */
export const REFRESH_AHEAD_MS = 5 * 60_000;
/** Outlives ANSWER_TIMEOUT_MS + CONNECT_TIMEOUT_MS, so that a lease never lapses under a request still in flight. */
export const REFRESH_LEASE_MS = 45_000;
/** Whoever takes over a refresh that was cut off waits this long for its tokens: twice the longest pause, and then some. */
export const REFRESH_TAKE_OVER_MS = 3_000;
/** First wait after a failed refresh; doubles up to the maximum. */
export const REFRESH_BACKOFF_MS = 5_000;
export const REFRESH_BACKOFF_MAX_MS = 5 * 60_000;
/** Whoever asked for a token waits this long for it to be saved; well inside REFRESH_LEASE_MS with the request before. */
export const REFRESH_SAVE_WAIT_MS = 8_000;
/** A rotated token that cannot be saved is kept in memory and tried again this long: a disk is freed, a database restarted. */
export const REFRESH_SAVE_MS = 30 * 60_000;
export const REFRESH_SAVE_PAUSE_MS = 100;
/** Short, so that it is saved before another process, whose lease is free by then, presents the old one. */
export const REFRESH_SAVE_PAUSE_MAX_MS = 500;
/** How often a loser of the refresh lease looks for the winner's token. */
export const LEASE_POLL_MS = 100;
/** A resolved credential may be served from memory this long before its generation is read again. */
export const CREDENTIAL_CACHE_MS = 1_000;

// Discovery.
/** Validated authorization server metadata is fresh this long. */
export const AS_METADATA_LIFETIME_MS = 60 * 60_000;
/** An endpoint that fails may have moved; but many tokens that fail together read the metadata once. */
export const AS_METADATA_DOUBT_MS = 60_000;
/** A legacy protocol verdict expires, because an upgraded server keeps answering `initialize`. */
export const LEGACY_VERDICT_LIFETIME_MS = 24 * 60 * 60_000;
export const MODERN_VERDICT_LIFETIME_MS = 7 * 24 * 60 * 60_000;

/** A discovery this young is used again without a request, so that creating and connecting ask once. */
export const DISCOVERY_REUSE_MS = 2 * 60_000;

/** "Reachable" is written again only when it is older than this, not with each call. */
export const REACHABILITY_FRESH_MS = 60_000;
/** A look at an unknown server, all requests together. */
export const PROBE_TIMEOUT_MS = 60_000;

// Watching servers for changed lists.
/** Streams held open at once in one process; the schedule serves the rest. */
export const WATCH_MAX_STREAMS = 200;
/** Renewed while a stream is held, so that one process listens to each server. */
export const WATCH_LEASE_MS = 60_000;
export const WATCH_BACKOFF_MS = 5_000;
export const WATCH_BACKOFF_MAX_MS = 10 * 60_000;
/** After "unsupported" a server is asked again this much later. */
export const WATCH_UNSUPPORTED_MS = 6 * 60 * 60_000;
/** Several changes in a row are one sync. */
export const WATCH_SETTLE_MS = 500;

export const WATCH_RECONCILE_MS = 5_000;

// What agents may do, kept in memory.
/** A change in another process is felt within this time. */
export const ACCESS_REVISION_MS = 900;
export const ACCESS_CACHE_ENTRIES = 100_000;
/** `lastUsedAt` of a key is this coarse, and written together with others. */
export const KEY_TOUCH_INTERVAL_MS = 60_000;
export const KEY_TOUCH_FLUSH_MS = 10_000;

// The gateway.
/** One message of an agent; arguments may hold files. */
export const AGENT_REQUEST_MAX_BYTES = 4 * 1024 * 1024;
/** A session id of an agent on an older revision is good for this long; then the agent initializes again. */
export const AGENT_SESSION_LIFETIME_MS = 7 * 24 * 60 * 60_000;
/** Opened session ids kept in memory. */
export const AGENT_SESSIONS_MAX = 20_000;
/** How long a tool list may be reused by the agent that got it. */
export const TOOL_LIST_TTL_MS = 5_000;
/** A greeting waits this long for what the server behind it can do, and goes on with its tools alone. */
export const GREETING_WAIT_MS = 3_000;
export const SERVER_FACTS_LIFETIME_MS = 60_000;
/** Warm connections to servers; the longest unused ones make room. */
export const CONNECTIONS_MAX = 2_000;
export const CONNECTION_IDLE_MS = 5 * 60_000;
/** A question of a server to the person behind an agent stays open this long. */
export const QUESTION_LIFETIME_MS = 10 * 60_000;
/** How often a call that waits looks for what its agent said to another replica. */
export const MAIL_POLL_MS = 500;
/** Whoever waits for it takes it within a second. */
export const MAIL_LIFETIME_MS = 60_000;
/** Answers are forms that people filled in, and cancellations are rare: for each agent in each process. */
export const MAIL_PER_MINUTE = 60;
export const MAIL_MAX_CHARACTERS = 64 * 1024;
/** Calls under way of an agent without a limit of its own: fewer than a server has connections (CONNECTIONS_PER_ORIGIN). */
export const AGENT_CALLS_IN_FLIGHT_MAX = 200;
/** Streams that one agent may hold open in this process: one for each of its sessions, and then some. */
export const AGENT_STREAMS_MAX = 64;

/** Of a translated answer that its agent does not read; what only tells of the progress is left out beyond. */
export const AGENT_UNREAD_MAX_BYTES = 256 * 1024;
/** Warm connections to servers for one agent; its longest unused ones make room. */
export const AGENT_CONNECTIONS_MAX = 64;
/** How often an open stream looks whether the tools of its agent changed. */
export const TOOLS_WATCH_MS = 1_000;
/** A comment at least this often, so that no intermediary takes a stream for dead. */
export const STREAM_HEARTBEAT_MS = 15_000;
/** Within this time the same missing credential is asked for with the same link. */
export const CONNECT_LINK_REUSE_MS = 60_000;

// The circuit of a server that fails.
/** Fewer can be one bad minute of one tool; more would let each agent wait for its own time-outs first. */
export const CIRCUIT_FAULTS = 5;
/** As many time-outs of ANSWER_TIMEOUT_MS, one after the other, must fit in. */
export const CIRCUIT_WINDOW_MS = 5 * 60_000;
/** First pause; a server that restarts is back by then. Doubles up to the maximum, after which nobody wants to wait longer. */
export const CIRCUIT_BACKOFF_MS = 5_000;
export const CIRCUIT_BACKOFF_MAX_MS = 2 * 60_000;
/** Outlives ANSWER_TIMEOUT_MS + CONNECT_TIMEOUT_MS; a call that takes longer does not hold up the next try. */
export const CIRCUIT_PROBE_MS = 45_000;
/** A server that nobody has called for this long is tried as if nothing had been. */
export const CIRCUIT_FORGET_MS = 60 * 60_000;

// The call log.
/** Calls that wait to be written; what comes beyond is counted and dropped. About 5 MB. */
export const CALL_QUEUE_MAX = 10_000;
/** A batch is written in one go, which takes some milliseconds; larger ones touch fewer pages of an index for each call. */
export const CALL_BATCH_MAX = 500;
export const CALL_FLUSH_MS = 500;
/** Wait before a batch is tried again on a database that failed. */
export const CALL_RETRY_MS = 1_000;
/** Of the arguments and of the result each, where a connector wants them kept: enough to see what went wrong. */
export const CAPTURE_MAX_CHARACTERS = 4 * 1024;
/** What is larger is not looked through for secrets in the midst of calls, and so not kept. */
export const CAPTURE_READ_MAX_BYTES = 256 * 1024;
/** Calls that wait to be written with what was captured of them, about 8 MB; of later ones only the call is kept. */
export const CAPTURE_QUEUE_MAX = 1_000;
export const CALL_LOG_DAYS_DEFAULT = 30;
export const CALL_STATS_GROUPS_DEFAULT = 100;
/** A month of hours. */
export const CALL_STATS_GROUPS_MAX = 744;

// Traces.
/** Spans wait for others to go out with; the standard's default. */
export const TRACE_DELAY_DEFAULT_MS = 5_000;
export const TRACE_TIMEOUT_DEFAULT_MS = 10_000;
/** Of either: spans that wait are in memory alone. */
export const TRACE_WAIT_MAX_MS = 60_000;
/** Stopping waits this long for a collector, and then loses the last spans. */
export const TRACE_FLUSH_MS = 2_000;
/** A collector that is away is told of this often. */
export const TRACE_COMPLAINT_MS = 60_000;

/** Lines of the log that cannot be written at the moment wait in memory up to here; later ones are dropped. */
export const LOG_WAITING_MAX_BYTES = 1024 * 1024;

// The HTTP API.
export const REQUEST_MAX_BYTES = 1024 * 1024;
export const PAGE_LIMIT_DEFAULT = 50;
export const PAGE_LIMIT_MAX = 200;

// People who sign in.
export const PASSWORD_MIN_CHARACTERS = 12;
/** A longer one only costs time to hash. */
export const PASSWORD_MAX_CHARACTERS = 128;
/** A session that is used goes on this long after its last use. */
export const SESSION_LIFETIME_SECONDS = 7 * 24 * 60 * 60;
/** So long after signing in a session may do what gives its person another way in. */
export const FRESH_SIGN_IN_MS = 10 * 60_000;
/** A session's last use is this coarse, and its cookie renewed as often. */
export const SESSION_UPDATE_SECONDS = 15 * 60;
/** A session may be believed this long without a look; an end in another process is felt within this time. */
export const SESSION_CACHE_MS = 1_000;
export const SESSION_CACHE_ENTRIES = 10_000;
export const INVITATION_LIFETIME_MS = 7 * 24 * 60 * 60_000;
export const PASSWORD_LINK_LIFETIME_MS = 24 * 60 * 60_000;
/** For the console of a demo, whose reader clicks at once. */
export const SIGN_IN_LINK_LIFETIME_MS = 60 * 60_000;
/** A hub that nobody set up may wait long; each start prints a new code. */
export const SETUP_CODE_LIFETIME_MS = 30 * 24 * 60 * 60_000;
export const ATTEMPTS_WINDOW_MS = 15 * 60_000;
/** Wrong passwords of one account within the window from one place, and in one session at one's own password. */
export const ATTEMPTS_PER_ACCOUNT = 10;
/** The same for all whose place cannot be told: they share it, and close it for each other alone. */
export const ATTEMPTS_FROM_UNKNOWN = 100;
/** The same from everywhere: far more, since whoever reaches it closes the account for its own person as well. */
export const ATTEMPTS_PER_ACCOUNT_EVERYWHERE = 1_000;
/** Tries from one address; an office or a proxy may be behind it. */
export const ATTEMPTS_PER_ADDRESS = 50;
/** One change of who may do what at a time, so that two owners cannot remove each other. */
export const PEOPLE_CHANGE_LEASE_MS = 15_000;
/** From the click on "sign in with …" to the way back. */
export const OPENID_FLOW_SECONDS = 10 * 60;
/** What the identity provider publishes about itself is fresh this long. */
export const OPENID_METADATA_MS = 60 * 60_000;

// News for open pages.
/** How often what other processes changed is looked for, while somebody listens. */
export const CHANGES_POLL_MS = 1_000;
/** How far back: clocks of two machines differ, and a row may be committed a while after its id was made. */
export const CHANGES_LOOK_BACK_MS = 30_000;
/** Several changes within this time are told together. */
export const CHANGES_SETTLE_MS = 100;
/** Streams of news open at once in one process, and of one person or token. */
export const EVENT_STREAMS_MAX = 500;
export const EVENT_STREAMS_OF_ONE = 12;

// Records kept for people.
export const TRANSCRIPT_MAX_ENTRIES = 500;
export const AUDIT_LIFETIME_MS = 365 * 24 * 60 * 60_000;
export const ADMIN_TOKEN_MIN_CHARACTERS = 32;
