// Traces by OpenTelemetry: loaded only where the operator named a collector. Its requests go to that address
// and nowhere else, so they do not pass the guarded fetch, which is for addresses that come from outside: a
// collector is mostly on a private network, which the guard would refuse.

import type { Span as ApiSpan, Context } from '@opentelemetry/api';
import type { SpanExporter } from '@opentelemetry/sdk-trace';
import type { Span, TraceContext, Tracer } from '../gateway/request-trace.ts';
import type { Log } from '../hub/context.ts';
import { TRACE_COMPLAINT_MS, TRACE_FLUSH_MS } from '../limits.ts';
import type { TraceSettings } from './trace-settings.ts';
import { VERSION } from './version.ts';

/** Sends what waits, and ends. */
export type ExportingTracer = Tracer & { close(): Promise<void> };

export async function openTracer(settings: TraceSettings, log: Log): Promise<ExportingTracer> {
  const [api, sdk, { OTLPTraceExporter }, { resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  const { ROOT_CONTEXT, SpanKind, SpanStatusCode, createTraceState, trace } = api;
  const ratio = new sdk.TraceIdRatioBasedSampler(settings.ratio);
  const provider = new sdk.TracerProvider({
    resource: resourceFromAttributes({ 'service.name': settings.serviceName, 'service.version': VERSION }),
    sampler: settings.followsAgent ? new sdk.ParentBasedSampler({ root: ratio }) : ratio,
    spanProcessors: [
      new sdk.BatchSpanProcessor({
        exporter: complaining(new OTLPTraceExporter({ url: settings.url, timeoutMillis: settings.timeoutMs }), log),
        scheduledDelayMillis: settings.delayMs,
      }),
    ],
  });
  const tracer = provider.getTracer('chatelaine', VERSION);

  const under = (parent: TraceContext | null): Context => {
    if (parent === null) return ROOT_CONTEXT;
    const [, traceId = '', spanId = '', flags = '00'] = parent.traceparent.split('-');
    return trace.setSpanContext(ROOT_CONTEXT, {
      traceId,
      spanId,
      // The other bits mean nothing yet (section 3.2.2.5).
      traceFlags: Number.parseInt(flags, 16) & 1,
      isRemote: true,
      ...(parent.tracestate === null ? {} : { traceState: createTraceState(parent.tracestate) }),
    });
  };
  const spanOf = (span: ApiSpan): Span => ({
    context: contextOf(span),
    end(name, attributes, fault) {
      span.updateName(name);
      span.setAttributes(attributes);
      if (fault !== null) span.setAttribute('error.type', fault).setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    },
  });
  return {
    serve(name, parent, attributes) {
      const started = tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, under(parent));
      return {
        ...spanOf(started),
        ask(what, about) {
          const within = trace.setSpan(ROOT_CONTEXT, started);
          return spanOf(tracer.startSpan(what, { kind: SpanKind.CLIENT, attributes: about }, within));
        },
      };
    },
    async close() {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, TRACE_FLUSH_MS);
      });
      await Promise.race([provider.shutdown().catch(() => undefined), late]);
      clearTimeout(timer);
    },
  };
}

/** @see W3C Trace Context section 3.2 */
function contextOf(span: ApiSpan): TraceContext {
  const { traceId, spanId, traceFlags, traceState } = span.spanContext();
  const flags = traceFlags.toString(16).padStart(2, '0');
  const tracestate = traceState?.serialize() ?? '';
  return { traceparent: `00-${traceId}-${spanId}-${flags}`, tracestate: tracestate === '' ? null : tracestate };
}

/** Says when spans are lost; without it nobody would hear of a wrong address. */
function complaining(exporter: SpanExporter, log: Log): SpanExporter {
  let complainedAt = Number.NEGATIVE_INFINITY;
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const at = performance.now();
        if (result.error !== undefined && at - complainedAt >= TRACE_COMPLAINT_MS) {
          complainedAt = at;
          log.warn({ reason: result.error.message, lost: spans.length }, 'the collector did not take the traces');
        }
        done(result);
      });
    },
    forceFlush: async () => exporter.forceFlush?.(),
    shutdown: () => exporter.shutdown(),
  };
}
