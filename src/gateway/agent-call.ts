// What the parts of the gateway hand to each other: one request of an agent that was let in, the server that
// it is meant for, and the parts that all requests share.

import type { HangUp } from '../hang-up.ts';
import type { AccessTool, AgentAccess } from '../hub/agent-access.ts';
import type { CallEntry } from '../hub/call-log.ts';
import type { HubContext } from '../hub/context.ts';
import type { Hub } from '../hub/hub.ts';
import type { JsonObject } from '../mcp/json.ts';
import type { RequestId } from '../mcp/json-rpc.ts';
import type { ConnectorRecord } from '../store/records.ts';
import type { OpenQuestions } from './agent-stream.ts';
import type { Era } from './answers.ts';
import type { CallMeter } from './call-meter.ts';
import type { Connections } from './connections.ts';
import type { OfferedTools } from './offered-tools.ts';
import type { RequestTrace, Tracer } from './request-trace.ts';
import type { AgentSession, LogLevels, SessionIds } from './session-id.ts';

export type GatewayParts = {
  readonly context: HubContext;
  readonly hub: Pick<Hub, 'access' | 'connectors'>;
  /** The call log. */
  readonly record: (entry: CallEntry) => void;
  readonly offered: OfferedTools;
  readonly connections: Connections;
  /** null where nothing is traced. */
  readonly tracer: Tracer | null;
  readonly questions: OpenQuestions;
  readonly sessionIds: SessionIds;
  /** The log level that an older agent asked for, by its session. */
  readonly logLevels: LogLevels;
  /** How the gateway calls itself. */
  readonly serverInfo: JsonObject;
};

/** An HTTP request of whoever says to be an agent. */
export type AgentHttp = {
  readonly method: string;
  readonly headers: AgentHeaders;
  /** The body as UTF-8 text; null when it is larger than `maxBytes`. */
  text(maxBytes: number): Promise<string | null>;
  /** Fires when the agent hangs up. */
  readonly hangUp: HangUp;
};

/** By lower-case name. */
export type AgentHeaders = Readonly<Record<string, string | undefined>>;

/** Who asks, where, over which HTTP request. */
export type Visit = {
  readonly access: AgentAccess;
  /** The key in `/mcp/{key}`; null for the endpoint with every tool. */
  readonly endpoint: string | null;
  readonly headers: AgentHeaders;
  /** Fires when the agent hangs up, or its time is over. */
  readonly hangUp: HangUp;
  readonly trace?: RequestTrace | undefined;
};

export type AgentRequest = Visit & {
  readonly era: Era;
  readonly id: RequestId;
  readonly method: string;
  readonly params: JsonObject;
  /** What this agent can be asked for; servers are told exactly this. */
  readonly capabilities: JsonObject;
  /** The body as it came. */
  readonly text: string;
  /** Of agents on the older revisions. */
  readonly session: AgentSession | null;
};

/** A request on its way to a server. */
export type AgentCall = AgentRequest & {
  readonly connector: ConnectorRecord;
  /** The called tool; null for every other method. */
  readonly tool: AccessTool | null;
  readonly meter: CallMeter;
};
