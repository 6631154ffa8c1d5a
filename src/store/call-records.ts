// The call log as it is stored: one record a call, and the sums an hour that its statistics are read from; and
// the limits that calls are kept to.

/** How a call of an agent ended; `tool_error` is the tool's own word, `refused` is ours. */
export type CallOutcome = 'ok' | 'tool_error' | 'error' | 'refused' | 'cancelled';

/** One call through the gateway; what it was about is at most in its {@link CallCaptureRecord}. */
export type CallRecord = {
  readonly id: string;
  readonly at: number;
  readonly agentId: string;
  readonly keyId: string;
  readonly connectorId: string;
  readonly toolName: string | null;
  readonly method: string;
  readonly credentialId: string | null;
  readonly generation: number;
  readonly toolDigest: string | null;
  readonly outcome: CallOutcome;
  readonly errorCode: string | null;
  readonly gatewayMicros: number;
  readonly upstreamMicros: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly era: string;
};

/** What was captured of a call, where its connector wants that; goes with the call. */
export type CallCaptureRecord = {
  /** Of the call. */
  readonly id: string;
  readonly sealed: string;
};

/** Calls of one hour whose time fell into one bucket of the histogram. */
export type CallHourRecord = {
  /** Start of the hour. */
  readonly hour: number;
  readonly agentId: string;
  readonly connectorId: string;
  /** '' for calls that are not of a tool: a null would escape the uniqueness of the row. */
  readonly toolName: string;
  readonly measure: 'gateway' | 'upstream';
  readonly bucket: number;
  readonly calls: number;
  readonly errors: number;
};

/** null: no limit. */
export type AgentLimits = { readonly callsPerMinute: number | null; readonly callsInFlight: number | null };

/** null: no limit of its own. */
export type ConnectorLimits = {
  readonly callsInFlight: number | null;
  readonly timeoutSeconds: number | null;
  /** Whether calls are refused at once while the server keeps failing; absent in older records, and on then. */
  readonly breaker?: boolean;
};
