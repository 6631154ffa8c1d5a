// What docs/operations.md promises: each metric by its name, alert rules that Prometheus can load, an entry for each
// alert, routes and settings that exist, a unit that systemd accepts.

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parser } from '@prometheus-io/lezer-promql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { startHub, type TestHub } from './support/hub.ts';
import { startPostgres } from './support/postgres.ts';
import { until } from './support/until.ts';

const read = (path: string): Promise<string> => readFile(new URL(`../${path}`, import.meta.url), 'utf8');
const METRIC = /\b(?:chatelaine|nodejs|process)_[a-z0-9_]+\b/g;

/** As Prometheus reads them: it refuses a file with any other field. */
const duration = z.string().regex(/^(\d+(ms|[smhdwy]))+$/);
const ruleFile = z.strictObject({
  groups: z.array(
    z.strictObject({
      name: z.string().min(1),
      interval: duration.optional(),
      rules: z.array(
        z.strictObject({
          alert: z.string().regex(/^[A-Z][A-Za-z]+$/),
          expr: z.string().min(1),
          for: duration.optional(),
          labels: z.strictObject({ severity: z.enum(['warning', 'critical']) }),
          annotations: z.strictObject({ summary: z.string().min(1) }),
        }),
      ),
    }),
  ),
});

let hub: TestHub;
let doc: string;
let rules: z.infer<typeof ruleFile>['groups'][number]['rules'];
let served: Set<string>;

beforeAll(async () => {
  hub = await startHub();
  doc = await read('docs/operations.md');
  rules = ruleFile
    .parse(parse(await read('deploy/prometheus/chatelaine.rules.yml')))
    .groups.flatMap((each) => each.rules);
  const { text } = await hub.api('GET', '/metrics', undefined, null);
  served = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name));
});
afterAll(() => hub?.close());

/** Every node of an expression, and the text that is not PromQL. */
function readExpression(expr: string): { metrics: string[]; faults: string[] } {
  const metrics: string[] = [];
  const faults: string[] = [];
  parser.parse(expr).iterate({
    enter({ type, from, to }) {
      if (type.isError) faults.push(`at ${from}: ${expr.slice(from, to + 10)}`);
      if (type.name === 'Identifier') metrics.push(expr.slice(from, to));
    },
  });
  return { metrics, faults };
}

test('each metric that is served is named, and each that is named is served', () => {
  const named = new Set(doc.match(METRIC) ?? []);
  expect([...served].filter((name) => !named.has(name))).toEqual([]);
  expect([...named].filter((name) => !served.has(name))).toEqual([]);
});

test('the alert rules are rules, in PromQL, of metrics that are served', () => {
  expect(rules.length).toBeGreaterThan(10);
  for (const { alert, expr } of rules) {
    const { metrics, faults } = readExpression(expr);
    expect(faults, alert).toEqual([]);
    expect(metrics.length, alert).toBeGreaterThan(0);
    const base = metrics.map((name) => name.replace(/_(bucket|sum|count)$/, ''));
    expect(
      base.filter((name) => name !== 'up' && !served.has(name)),
      alert,
    ).toEqual([]);
  }
});

test('text that is no PromQL would be found', () => {
  for (const wrong of ['sum by (x rate(y[5m])', 'rate(y[5m)', 'y > > 1', 'y{a=}'])
    expect(readExpression(wrong).faults, wrong).not.toEqual([]);
});

test('each alert has its entry, and each entry its alert', () => {
  const entries = [...doc.matchAll(/^### (\S+)$/gm)].map(([, name]) => name);
  expect(entries.sort()).toEqual(rules.map(({ alert }) => alert).sort());
});

test('each call of the API that it tells is a route', async () => {
  const { paths } = await hub.ok('GET', '/api/openapi.json');
  const known = new Set(
    Object.entries(paths as Record<string, object>).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    ),
  );
  const told = [...doc.matchAll(/api (GET|POST|PUT|PATCH|DELETE) '?([\w/]+)/g)].map(
    ([, method, path = '']) => `${method} /api/${path.replace('KEY', '{id}')}`,
  );
  expect(told.length).toBeGreaterThan(5);
  expect(told.filter((each) => !known.has(each))).toEqual([]);
});

test('each setting that it tells is one', async () => {
  const settings = await read('README.md');
  const names = new Set(doc.match(/CHATELAINE_[A-Z_]*[A-Z]/g) ?? []);
  expect([...names].filter((name) => !settings.includes(name))).toEqual([]);
});

test('what the database knows is told while it answers', async () => {
  const text = await until('the background has looked once', async () => {
    const answer = await hub.api('GET', '/metrics', undefined, null);
    return /chatelaine_work_looked_for_timestamp_seconds [1-9]/.test(answer.text) && answer.text;
  });
  expect(text).toContain('chatelaine_database_up 1');
  expect(text).toContain('chatelaine_work_overdue_seconds{work="refresh"} 0');
  expect(text).toContain('chatelaine_credentials{state="ok"} 0');
  expect(text).toMatch(/chatelaine_build_info\{version="\d+\.\d+\.\d+"\} 1/);
});

test('a database that is gone is told, without waiting for it, and its figures are left out', async () => {
  const postgres = await startPostgres();
  const other = await startHub({ env: { CHATELAINE_DATABASE_URL: await postgres.createDatabase() } });
  try {
    const scrape = async (): Promise<string> => (await other.api('GET', '/metrics', undefined, null)).text;
    expect(await scrape()).toContain('chatelaine_database_up 1');
    await postgres.stop();
    const text = await until('it is told', async () => {
      const said = await scrape();
      return said.includes('chatelaine_database_up 0') && said;
    });
    expect(text).toContain('chatelaine_call_log_queue_length 0');
  } finally {
    await other.close();
  }
});

// Systemd is not everywhere, and its verdict is about this one file.
const systemd = await promisify(execFile)('systemd-analyze', ['--version']).then(
  () => true,
  () => false,
);
test.runIf(systemd)('systemd accepts the unit', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'chatelaine-unit-'));
  const unit = await read('deploy/systemd/chatelaine.service');
  const file = join(folder, 'chatelaine.service');
  await writeFile(
    file,
    unit.replace('/usr/local/bin/chatelaine', fileURLToPath(new URL('../bin/chatelaine.mjs', import.meta.url))),
  );
  const { stdout, stderr } = await promisify(execFile)('systemd-analyze', ['verify', file]);
  expect(stdout + stderr).toBe('');
  await rm(folder, { recursive: true });
});
