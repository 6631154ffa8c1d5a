// One run of the official suite as a child process, with our adapter as the client under test, and what it
// found for each scenario. The suite's own log and the checks of each scenario go into `folder`.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { startHub } from './hub.ts';
import type { HubAddress } from './operator.ts';
import type { Outcome } from './scenarios.ts';

export type ScenarioResult = {
  readonly name: string;
  /** Why the suite ran it without scoring it (`extension`, `added-after-release`); null when it is scored. */
  readonly unscored: string | null;
  /** What the suite counted. */
  readonly checks: { readonly passed: number; readonly failed: number; readonly warnings: number };
  /** What the hub made of it; null when the adapter did not come to an end. */
  readonly outcome: Omit<Outcome, 'transcript'> | null;
  /** No failed check, at least one passed, and the hub ended as it should. */
  readonly isPassed: boolean;
};

const SUITE = fileURLToPath(
  new URL('../node_modules/@modelcontextprotocol/conformance/dist/index.js', import.meta.url),
);
const ADAPTER = fileURLToPath(new URL('adapter.ts', import.meta.url));

/** As the suite prints it: `✓ auth/basic-cimd: 25 passed, 0 failed, 1 warnings`. */
const RESULT_LINE =
  /^[✓✗] (?<name>[^:]+): (?<passed>\d+) passed, (?<failed>\d+) failed(?:, (?<warnings>\d+) warnings)?$/gmu;
/** As the suite lists what a requirement set runs beside the required: `  ✗ auth/dpop (extension)`. */
const UNSCORED_LINE = /^ {2}[✓✗] (?<name>\S+) \((?<reason>[^)]+)\)$/gmu;

/** Long enough for a machine that is busy with other things; the suite's own default is 30 s. */
const SCENARIO_TIMEOUT_MS = 120_000;

/**
 * Runs what `selection` names (`--requirements R`, `--suite S`), all scenarios at once, against a hub of its
 * own: a later run may get the port of an earlier mock provider, which the hub would still know.
 */
export async function runSuite(selection: readonly string[], folder: string): Promise<ScenarioResult[]> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const outcomes = join(folder, 'outcomes.jsonl');
  return withHub(async (hub) => {
    const suite = spawn(process.execPath, [...suiteArguments(selection), '--output-dir', folder], {
      env: { ...environmentOf(hub), CONFORMANCE_OUTCOMES: outcomes },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    suite.stderr.pipe(createWriteStream(join(folder, 'suite.log')));
    const [summary] = await Promise.all([text(suite.stdout), once(suite, 'close')]);
    return readResults(summary, await readOutcomes(outcomes));
  });
}

/** Passes `args` to the suite as they are and lets it print; answers its exit code. */
export async function runByHand(args: readonly string[]): Promise<number> {
  return withHub(async (hub) => {
    const suite = spawn(process.execPath, suiteArguments(args), { env: environmentOf(hub), stdio: 'inherit' });
    const [code] = (await once(suite, 'close')) as [number | null];
    return code ?? 1;
  });
}

async function withHub<T>(use: (hub: HubAddress) => Promise<T>): Promise<T> {
  const hub = await startHub();
  try {
    return await use(hub.address);
  } finally {
    await hub.close();
  }
}

function suiteArguments(selection: readonly string[]): string[] {
  // The suite hands the command to a shell.
  const command = `"${process.execPath}" "${ADAPTER}"`;
  return [SUITE, 'client', '--command', command, '--timeout', String(SCENARIO_TIMEOUT_MS), ...selection];
}

function environmentOf(hub: HubAddress): NodeJS.ProcessEnv {
  return {
    ...process.env,
    CONFORMANCE_HUB: hub.url,
    CONFORMANCE_HUB_TOKEN: hub.adminToken,
    // Forty adapters start at once; together they should not cost the time that some checks measure.
    NODE_COMPILE_CACHE: join(tmpdir(), 'chatelaine-conformance-compile-cache'),
  };
}

function readResults(summary: string, outcomes: ReadonlyMap<string, ScenarioResult['outcome']>): ScenarioResult[] {
  const unscored = new Map([...summary.matchAll(UNSCORED_LINE)].map(({ groups = {} }) => [groups.name, groups.reason]));
  return [...summary.matchAll(RESULT_LINE)].map(({ groups = {} }) => {
    const name = groups.name ?? '';
    const checks = {
      passed: Number(groups.passed),
      failed: Number(groups.failed),
      warnings: Number(groups.warnings ?? 0),
    };
    const outcome = outcomes.get(name) ?? null;
    const isPassed = checks.failed === 0 && checks.passed > 0 && outcome !== null && outcome.ended === outcome.expected;
    return { name, unscored: unscored.get(name) ?? null, checks, outcome, isPassed };
  });
}

async function readOutcomes(file: string): Promise<Map<string, ScenarioResult['outcome']>> {
  const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
  return new Map(
    lines.map((line) => {
      const { scenario, ...outcome } = JSON.parse(line) as { scenario: string } & Omit<Outcome, 'transcript'>;
      return [scenario, outcome];
    }),
  );
}
