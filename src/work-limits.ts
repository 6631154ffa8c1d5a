// Limits of the start, of what happens by itself, and of what monitoring is told of it; all others are in limits.ts.

// The start.
/** A client of a vault that needs longer waits for something that does not come. */
export const KEYS_COMMAND_TIMEOUT_MS = 30_000;
/** A thousand keys; more is not a list of keys. */
export const KEYS_OUTPUT_MAX_BYTES = 64 * 1024;

// The clock that processes on one database share.
/** How often the database is asked what time it is; between two looks a machine's monotonic clock errs by a few ms. */
export const CLOCK_LOOK_MS = 5_000;
/** An answer that was longer on its way says too little about the moment. */
export const CLOCK_ROUND_TRIP_MAX_MS = 1_000;
/** A smaller difference may be the way of the answer; leases have far more to spare. */
export const CLOCK_TOLERANCE_MS = 50;
/** A machine's clock that is this wrong is told in the log: certificates are still judged by it. */
export const CLOCK_COMPLAINT_MS = 5_000;

// Renewing tokens ahead of time.
/** The background begins this much earlier: what ends in the same minute is renewed one after the other, before any call has to. */
export const REFRESH_EARLIER_MS = 2 * 60_000;
/** Refreshes in flight to one authorization server, of all processes together. */
export const TOKEN_REQUESTS_PER_ISSUER = 8;
/** A process gives a lane up after this time, so that others get their turn. */
export const TOKEN_LANE_KEPT_MS = 1_000;
/** Renewed while it is kept; a process that died gives way after this time. */
export const TOKEN_LANE_LEASE_MS = 6_000;
/** A call waits this long for a lane when its token has ended. */
export const TOKEN_LANE_WAIT_MS = 30_000;
/** Credentials that wait to be renewed ahead of time, of one authorization server and of all; more are looked for afterwards. */
export const REFRESH_LINE_MAX = 1_000;
export const REFRESH_LINES_MAX = 20_000;

// Tool sync on a schedule.
export const SYNC_INTERVAL_MS = 60 * 60_000;
/** Never more often than this, whatever `ttlMs` says. */
export const SYNC_INTERVAL_MIN_MS = 5 * 60_000;
export const SYNC_BACKOFF_MAX_MS = 6 * 60 * 60_000;
export const SYNC_LEASE_MS = 10 * 60_000;
export const SYNC_CONCURRENCY = 8;

/** How often what is due is looked for. */
export const MAINTENANCE_INTERVAL_MS = 20_000;

// Metrics.
/** Anybody may scrape, and credentials are counted by reading all of them. */
export const STATE_FIGURES_REUSE_MS = 10_000;
/** How long the figures of the forecast are told to monitoring without being made anew: anybody may scrape. */
export const FORECAST_REUSE_MS = 10_000;
/** A scrape goes on without a figure that the database does not give in this time. */
export const SCRAPE_WAIT_MS = 2_000;
/** Connectors that have series of their own in a process; calls to further ones are told together. */
export const METERED_CONNECTORS_MAX = 500;

// Pages.
/** Agents of one connector are counted this far: a page does not wait for the rest. */
export const COUNTED_MAX = 10_000;
/** What a forecast tells at most; more is no use to a person, who mends the worst first. */
export const FORECAST_MAX = 100;
/** So many of the newest grants are looked through for agents that have no credential yet. */
export const GRANTS_LOOKED_AT = 1_000;

// Names.
/** One question to one name server; the second try waits twice as long, which leaves something of CONNECT_TIMEOUT_MS. */
export const DNS_TRY_MS = 1_200;
export const DNS_TRIES = 2;
/** With addresses of one family in hand the other is waited for this long. */
export const DNS_SECOND_FAMILY_MS = 250;

// Credentials that their servers refuse.
/** First wait before a credential that its server refused is tried again; doubles up to the maximum. */
export const REFUSAL_PAUSE_MS = 2_000;
export const REFUSAL_PAUSE_MAX_MS = 60 * 60_000;

// Rotated tokens that could not be saved yet.
/** A hub that closes tries this much longer. */
export const REFRESH_SAVE_LAST_MS = 3_000;

// Listings of tools.
/** Read at once in a process: twice what the schedule lists, so that a person's own is not behind all of it. */
export const LISTINGS_MAX = 16;
/** Of one answer; what is longer waits for its turn, one at a time. Hundreds of tools are shorter. */
export const LISTING_LARGE_BYTES = 256 * 1024;
/** After a large one the next begins when this many times as long has passed as it took. */
export const LISTING_REST_TIMES = 3;
