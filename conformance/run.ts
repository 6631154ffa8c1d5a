// `npm run conformance`: the official MCP conformance suite against a real hub, through its HTTP API, its
// connect links and its callback, and against its gateway as an agent would be. Prints every scenario with its result, then the totals. With arguments it
// hands them to the suite instead: `npm run conformance -- --scenario auth/basic-cimd --verbose`.

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FixtureEra } from './fixtures/server.ts';
import { runServerFace } from './server-face.ts';
import type { ScenarioResult } from './suite.ts';
import { runByHand, runSuite } from './suite.ts';

const RESULTS = fileURLToPath(new URL('../results/conformance/', import.meta.url));

type Run = {
  readonly title: string;
  readonly selection: readonly string[];
  readonly counts: (result: ScenarioResult) => boolean;
  readonly total: number;
};

/** What must pass; the suite reports scenarios beside these, which are printed but not counted. */
const RUNS: readonly Run[] = [
  { title: '2026-07-28 required', selection: ['--requirements', '2026-07-28'], counts: isScored, total: 32 },
  { title: '2025-11-25 required', selection: ['--requirements', '2025-11-25'], counts: isScored, total: 18 },
  { title: 'back-compat', selection: ['--suite', 'backcompat'], counts: isScored, total: 2 },
  { title: 'client-credentials', selection: ['--suite', 'extensions'], counts: isClientCredentials, total: 2 },
];

/** What must pass when the suite is the client of the gateway; the server behind it speaks the same revision. */
const SERVER_RUNS: readonly { readonly version: string; readonly era: FixtureEra; readonly total: number }[] = [
  { version: '2026-07-28', era: 'modern', total: 37 },
  { version: '2025-11-25', era: 'legacy', total: 30 },
];

const args = process.argv.slice(2);
process.exitCode = args.length > 0 ? await runByHand(args) : await runAll();

async function runAll(): Promise<number> {
  const totals: { readonly title: string; readonly passed: number; readonly total: number }[] = [];
  for (const { title, selection, counts, total } of RUNS) {
    const results = await runSuite(selection, join(RESULTS, title.replaceAll(' ', '-')));
    const counted = results.filter(counts);
    const passed = counted.filter(({ isPassed }) => isPassed).length;
    console.log(`\n${title}`);
    for (const result of counted) console.log(describe(result));
    const others = results.filter((result) => !counts(result));
    if (others.length > 0) console.log('  not counted:');
    for (const result of others) console.log(describe(result));
    // A scenario that did not run did not pass.
    totals.push({ title, passed, total: Math.max(total, counted.length) });
  }
  const serverTotals = await runServerScenarios();
  console.log('');
  for (const { title, passed, total } of totals) console.log(`client: ${passed}/${total} (${title})`);
  for (const { title, passed, total } of serverTotals) console.log(`server: ${passed}/${total} (${title})`);
  return [...totals, ...serverTotals].every(({ passed, total }) => passed === total) ? 0 : 1;
}

async function runServerScenarios(): Promise<{ title: string; passed: number; total: number }[]> {
  const totals: { title: string; passed: number; total: number }[] = [];
  for (const { version, era, total } of SERVER_RUNS) {
    const title = `${version} required`;
    const results = await runServerFace(era, ['--requirements', version], join(RESULTS, `server-${version}`));
    console.log(`\nserver, ${title}`);
    for (const { name, unscored, passed, failed, isPassed } of results)
      console.log(
        `  ${isPassed ? '✓' : '✗'} ${name}: ${passed} checks passed, ${failed} failed${unscored ? ' (not counted)' : ''}`,
      );
    const counted = results.filter(({ unscored }) => !unscored);
    const passed = counted.filter(({ isPassed }) => isPassed).length;
    totals.push({ title, passed, total: Math.max(total, counted.length) });
  }
  return totals;
}

function isScored({ unscored }: ScenarioResult): boolean {
  return unscored === null;
}

function isClientCredentials({ name }: ScenarioResult): boolean {
  return name.startsWith('auth/client-credentials-');
}

function describe({ name, checks, outcome, isPassed }: ScenarioResult): string {
  const warnings = checks.warnings === 0 ? '' : `, ${checks.warnings} warnings`;
  const counted = `${checks.passed} checks passed, ${checks.failed} failed${warnings}`;
  return `  ${isPassed ? '✓' : '✗'} ${name}: ${counted}; hub: ${ending(outcome)}`;
}

function ending(outcome: ScenarioResult['outcome']): string {
  if (outcome === null) return 'did not come to an end';
  const { ended, expected, message } = outcome;
  if (ended === expected) return ended === 'done' ? ended : `refused (${ended})`;
  return `${ended} instead of ${expected}: ${message}`;
}
