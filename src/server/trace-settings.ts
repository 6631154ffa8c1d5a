// The settings of traces, by the names that OpenTelemetry gives them everywhere, so that a fleet is set up alike.
// The exporter reads two more itself: OTEL_EXPORTER_OTLP_HEADERS and OTEL_EXPORTER_OTLP_COMPRESSION.

import { ChatelaineError, quoteForeign } from '../errors.ts';
import { TRACE_DELAY_DEFAULT_MS, TRACE_TIMEOUT_DEFAULT_MS, TRACE_WAIT_MAX_MS } from '../limits.ts';

const ENDPOINT = 'OTEL_EXPORTER_OTLP_ENDPOINT';
const TRACES_ENDPOINT = 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT';
const SAMPLER = /^(parentbased_)?(always_on|always_off|traceidratio)$/;

export type TraceSettings = {
  readonly url: string;
  readonly serviceName: string;
  /** Share of the traces that are kept, 0 to 1. */
  readonly ratio: number;
  /** Whether an agent that has a trace of its own decides for it. */
  readonly followsAgent: boolean;
  /** Spans wait this long for others to go out with. */
  readonly delayMs: number;
  /** For one sending, with every repetition. */
  readonly timeoutMs: number;
};

/**
 * @param read the text of a variable; null where it is not set
 * @returns null where no collector is named
 * @throws invalid_settings
 */
export function readTraceSettings(read: (variable: string) => string | null): TraceSettings | null {
  const own = read(TRACES_ENDPOINT);
  const common = read(ENDPOINT);
  if ((own ?? common) === null || read('OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return null;
  // The one for traces is used as it is, the common one is a base.
  const url =
    own === null ? endpoint(`${common?.replace(/\/+$/, '')}/v1/traces`, ENDPOINT) : endpoint(own, TRACES_ENDPOINT);
  const protocol = read('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL') ?? read('OTEL_EXPORTER_OTLP_PROTOCOL');
  if (protocol !== null && !protocol.startsWith('http/')) {
    const mend = 'traces go out over HTTP; name the address of the collector for HTTP, mostly port 4318';
    throw invalid('OTEL_EXPORTER_OTLP_PROTOCOL', `is ${quoteForeign(protocol)}: ${mend}`);
  }
  const [, follows, kind] = SAMPLER.exec(read('OTEL_TRACES_SAMPLER') ?? 'parentbased_always_on') ?? [];
  if (kind === undefined)
    throw invalid(
      'OTEL_TRACES_SAMPLER',
      'is not known: use always_on, always_off or traceidratio, each also with parentbased_ before it',
    );
  const ratio = Number(read('OTEL_TRACES_SAMPLER_ARG') ?? '1');
  if (!(ratio >= 0 && ratio <= 1))
    throw invalid('OTEL_TRACES_SAMPLER_ARG', 'is not usable: set it to a share from 0 to 1');
  const milliseconds = (variable: string, otherwise: number): number => {
    const value = Number(read(variable) ?? otherwise);
    if (value >= 1 && value <= TRACE_WAIT_MAX_MS) return value;
    throw invalid(variable, `is not usable: set it to milliseconds from 1 to ${TRACE_WAIT_MAX_MS}`);
  };
  return {
    url,
    serviceName: read('OTEL_SERVICE_NAME') ?? 'chatelaine',
    ratio: kind === 'traceidratio' ? ratio : Number(kind === 'always_on'),
    followsAgent: follows !== undefined,
    delayMs: milliseconds('OTEL_BSP_SCHEDULE_DELAY', TRACE_DELAY_DEFAULT_MS),
    timeoutMs: milliseconds('OTEL_EXPORTER_OTLP_TIMEOUT', TRACE_TIMEOUT_DEFAULT_MS),
  };
}

function endpoint(text: string, variable: string): string {
  if (/^https?:$/.test(URL.parse(text)?.protocol ?? '')) return text;
  throw invalid(variable, 'is not usable: set it to the address of the collector, such as http://localhost:4318');
}

function invalid(variable: string, what: string): ChatelaineError {
  return new ChatelaineError('invalid_settings', `${variable} ${what}.`);
}
