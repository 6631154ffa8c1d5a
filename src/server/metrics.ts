// Prometheus metrics of one hub, in a registry of its own. Labels are of few values: connectors, never
// agents, tools or credentials.

import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Gateway } from '../gateway/gateway.ts';
import type { Metrics } from '../http/environment.ts';
import type { Hub } from '../hub/hub.ts';
import type { HubMeter } from '../hub/meter.ts';
import type { Views } from '../hub/views.ts';
import { METERED_CONNECTORS_MAX } from '../work-limits.ts';
import { gaugeForecast } from './forecast-gauge.ts';
import { createHistogram, type HistogramSeries } from './histogram.ts';
import { gaugeState } from './state-gauges.ts';
import { VERSION } from './version.ts';

type WatchedHub = Pick<Hub, 'calls'> & Parameters<typeof gaugeState>[1];

export type HubMetrics = Metrics & {
  readonly meter: HubMeter;
  /** From now on a scrape also tells the state of this hub. */
  readonly watch: (hub: WatchedHub, views: Pick<Views, 'forecast'>, gateway: Pick<Gateway, 'openCircuits'>) => void;
};

export function createMetrics(now: () => number): HubMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  new Gauge({
    name: 'chatelaine_build_info',
    help: '1, with the version that runs',
    labelNames: ['version'],
    registers,
  }).set({ version: VERSION }, 1);
  const requests = new Counter({
    name: 'chatelaine_http_requests_total',
    help: 'HTTP requests answered',
    labelNames: ['route', 'method', 'status'],
    registers,
  });
  const durations = createHistogram(registry, {
    name: 'chatelaine_http_request_duration_seconds',
    help: 'Time until the answer was ready',
    buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30],
  });
  type Seen = { readonly labels: Record<string, string>; readonly durations: HistogramSeries; count: number };
  const seen = new Map<string, Seen>();
  return {
    async read() {
      for (const one of seen.values()) {
        requests.inc(one.labels, one.count);
        one.count = 0;
      }
      return { text: await registry.metrics(), contentType: registry.contentType };
    },
    observe(route, method, status, durationMs) {
      const key = `${route} ${method} ${status}`;
      let one = seen.get(key);
      if (one === undefined) {
        const labels = { route, method, status: String(status) };
        one = { labels, durations: durations({ route, method }), count: 0 };
        seen.set(key, one);
      }
      one.count += 1;
      one.durations.observe(durationMs / 1000);
    },
    meter: createMeter(registry),
    watch(hub, views, gateway) {
      watchCallLog(registry, hub);
      gaugeState(registry, hub, now);
      gaugeForecast(registry, views, now);
      watchCircuits(registry, gateway);
    },
  };
}

function createMeter(registry: Registry): HubMeter {
  const registers = [registry];
  const calls = new Counter({
    name: 'chatelaine_calls_total',
    help: 'Calls of agents',
    labelNames: ['connector', 'outcome'],
    registers,
  });
  const gateway = createHistogram(registry, {
    name: 'chatelaine_call_gateway_seconds',
    help: 'Time of a call spent in this process',
    buckets: [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 1],
  })({});
  const upstreamOf = createHistogram(registry, {
    name: 'chatelaine_call_upstream_seconds',
    help: 'Time of a call spent waiting for its server',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
  });
  const dropped = new Counter({
    name: 'chatelaine_call_log_dropped_total',
    help: 'Calls that the call log had no room for',
    registers,
  });
  const refreshes = new Counter({
    name: 'chatelaine_token_refreshes_total',
    help: 'Access tokens renewed (ok), to be tried again (failed), or past renewal (ended)',
    labelNames: ['outcome'],
    registers,
  });
  const refused = new Counter({
    name: 'chatelaine_token_refresh_faults_total',
    help: 'Refreshes that did not bring a token, by connector and code',
    labelNames: ['connector', 'code'],
    registers,
  });
  const labelOf = connectorLabels();
  const syncs = new Counter({
    name: 'chatelaine_tool_syncs_total',
    help: 'Listings of tools that came in (ok), failed, or wait for a credential (waiting)',
    labelNames: ['outcome'],
    registers,
  });
  // An alert on a rate needs the series before the first event.
  for (const outcome of ['ok', 'failed', 'ended']) refreshes.inc({ outcome }, 0);
  for (const outcome of ['ok', 'failed', 'waiting']) syncs.inc({ outcome }, 0);
  return {
    calls(batch) {
      for (const [connector, some] of Map.groupBy(batch, (call) => labelOf(call.connectorKey))) {
        const upstream = upstreamOf({ connector });
        for (const [outcome, alike] of Map.groupBy(some, (call) => call.outcome))
          calls.inc({ connector, outcome }, alike.length);
        for (const { gatewayMs, upstreamMs } of some) {
          gateway.observe(gatewayMs / 1000);
          if (upstreamMs > 0) upstream.observe(upstreamMs / 1000);
        }
      }
    },
    callsDropped: (count) => dropped.inc(count),
    tokenRefresh(outcome, fault) {
      refreshes.inc({ outcome });
      if (fault !== undefined) refused.inc({ connector: labelOf(fault.connectorKey), code: fault.code });
    },
    toolSync: (outcome) => syncs.inc({ outcome }),
  };
}

/** Labels stay few: connectors beyond the first ones share the label `_other`, which is no connector's key. */
function connectorLabels(): (key: string) => string {
  const known = new Set<string>();
  return (key) => {
    if (known.has(key)) return key;
    if (known.size >= METERED_CONNECTORS_MAX) return '_other';
    known.add(key);
    return key;
  };
}

function watchCallLog(registry: Registry, hub: Pick<Hub, 'calls'>): void {
  new Gauge({
    name: 'chatelaine_call_log_queue_length',
    help: 'Calls that wait to be written',
    registers: [registry],
    collect() {
      this.set(hub.calls.queued());
    },
  });
}

function watchCircuits(registry: Registry, gateway: Pick<Gateway, 'openCircuits'>): void {
  const seen = new Set<string>();
  new Gauge({
    name: 'chatelaine_circuit_open',
    help: '1 while calls to a connector are refused because its server keeps failing; in this process',
    labelNames: ['connector'],
    registers: [registry],
    collect() {
      const open = new Set(gateway.openCircuits());
      for (const connector of open) seen.add(connector);
      for (const connector of seen) this.set({ connector }, open.has(connector) ? 1 : 0);
    },
  });
}
