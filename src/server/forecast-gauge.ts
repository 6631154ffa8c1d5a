// The forecast as a Prometheus gauge: how many things of each kind will break soon or wait for a person, by
// connector, never by agent.

import { Gauge, type Registry } from 'prom-client';
import type { Views } from '../hub/views.ts';
import { FORECAST_REUSE_MS } from '../work-limits.ts';
import { inTime } from './in-time.ts';

export function gaugeForecast(registry: Registry, views: Pick<Views, 'forecast'>, now: () => number): void {
  let readAt = Number.NEGATIVE_INFINITY;
  new Gauge({
    name: 'chatelaine_forecast_items',
    help: 'What will break soon or waits for a person, as GET /api/health/forecast tells it',
    labelNames: ['kind', 'severity', 'connector'],
    registers: [registry],
    async collect() {
      if (now() - readAt < FORECAST_REUSE_MS) return;
      readAt = now();
      this.reset();
      // No figure rather than an old one, and the other metrics are told all the same.
      for (const { kind, severity, connectorKey } of (await inTime(views.forecast()))?.items ?? [])
        this.inc({ kind, severity, connector: connectorKey });
    },
  });
}
