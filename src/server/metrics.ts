// Prometheus metrics of one hub, in a registry of its own.

import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';
import type { Metrics } from '../http/environment.ts';

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: 'chatelaine_http_requests_total',
    help: 'HTTP requests answered',
    labelNames: ['route', 'method', 'status'],
    registers: [registry],
  });
  const durations = new Histogram({
    name: 'chatelaine_http_request_duration_seconds',
    help: 'Time until the answer was ready',
    labelNames: ['route', 'method'],
    buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30],
    registers: [registry],
  });
  return {
    read: async () => ({ text: await registry.metrics(), contentType: registry.contentType }),
    observe(route, method, status, durationMs) {
      requests.inc({ route, method, status: String(status) });
      durations.observe({ route, method }, durationMs / 1000);
    },
  };
}
