// The trace of one request, and how its context travels: what a span is told, when the server is asked, and
// what is sent with it. Knows no library; `server/open-telemetry.ts` is one tracer.
// @see W3C Trace Context

import type { AccessTool } from '../hub/agent-access.ts';
import type { CallEntry } from '../hub/call-log.ts';
import type { JsonObject } from '../mcp/json.ts';
import type { ConnectorRecord } from '../store/records.ts';

/** Of version 00, which every later one begins like (section 3.2). */
const TRACEPARENT =
  /^(?:00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}|(?!00|ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-[!-~]*)?)$/;
/** What everybody must at least pass on (section 3.3.1.5), and no control characters. */
const TRACESTATE = /^[\x20-\x7e]{1,512}$/;

/** As it travels. */
export type TraceContext = { readonly traceparent: string; readonly tracestate: string | null };
export type TraceAttributes = Readonly<Record<string, string>>;
export type Span = {
  readonly context: TraceContext;
  /** @param fault the kind of failure; null for none */
  end(name: string, attributes: TraceAttributes, fault: string | null): void;
};
export type ServerSpan = Span & {
  /** Somebody else is asked because of this. */
  ask(name: string, attributes: TraceAttributes): Span;
};
export type Tracer = {
  serve(name: string, parent: TraceContext | null, attributes: TraceAttributes): ServerSpan;
};

/** The trace of one request while it is under way. */
export type RequestTrace = {
  /** It is for a server; from now on `ends` is awaited. */
  isFor(connector: ConnectorRecord, tool: AccessTool | null): void;
  /** The server is asked now, or once more. */
  asks(): void;
  /** For the request that is being sent. */
  headers(): Readonly<Record<string, string>>;
  /** The same for the `_meta` of a message that is written here; one that passes through stays as it came. */
  meta(): JsonObject;
  ends(entry: Pick<CallEntry, 'outcome' | 'errorCode'>): void;
};

export function requestTrace(span: ServerSpan, method: string): RequestTrace & { answered(): void } {
  let name = method;
  let attributes: TraceAttributes = {};
  let asked: Span | null = null;
  let isSent = false;
  let isOver = false;

  const headers = (): Record<string, string> => {
    if (asked === null) return {};
    const { traceparent, tracestate } = asked.context;
    return tracestate === null ? { traceparent } : { traceparent, tracestate };
  };
  const ends: RequestTrace['ends'] = ({ outcome, errorCode }) => {
    if (isOver) return;
    isOver = true;
    const fault = outcome === 'ok' || outcome === 'cancelled' ? null : (errorCode ?? outcome);
    const told = {
      'chatelaine.outcome': outcome,
      ...(errorCode === null ? {} : { 'chatelaine.error.code': errorCode }),
    };
    asked?.end(name, told, fault);
    span.end(name, { ...attributes, ...told }, fault);
  };
  return {
    isFor(connector, tool) {
      isSent = true;
      if (tool !== null) name = `${method} ${tool.name}`;
      attributes = {
        'chatelaine.connector': connector.key,
        'server.address': new URL(connector.url).hostname,
        ...(tool === null ? {} : { 'gen_ai.tool.name': tool.name }),
      };
    },
    asks() {
      // The one before was refused, or lost its session.
      asked?.end(name, {}, 'asked again');
      asked = span.ask(name, { 'mcp.method.name': method, ...attributes });
    },
    headers,
    meta: headers,
    ends,
    answered() {
      if (!isSent) ends({ outcome: 'ok', errorCode: null });
    },
  };
}

/** The context in headers or in the `_meta` of a message; null where there is none, or none that is well-formed. */
export function contextIn(source: Readonly<Record<string, unknown>>): TraceContext | null {
  const { traceparent, tracestate } = source;
  if (typeof traceparent !== 'string' || !TRACEPARENT.test(traceparent)) return null;
  const isState = typeof tracestate === 'string' && TRACESTATE.test(tracestate);
  return { traceparent, tracestate: isState ? tracestate : null };
}
