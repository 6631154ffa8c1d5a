// The command line as a person runs it: a process of its own, with its own environment.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
/** Halves the start of a process; beside the packages, where no other user can write. */
const COMPILE_CACHE = fileURLToPath(new URL('../../node_modules/.cache/node-compile', import.meta.url));

// Each command is a whole process, and some tests need half a dozen of them on a busy machine.
vi.setConfig({ testTimeout: 180_000 });

export type Ended = { code: number | null; signal: string | null; stdout: string; stderr: string };

export type Running = {
  process: ChildProcess;
  /** The first line of standard output. */
  line: string;
  ended: Promise<Ended>;
};

export type Given = { env?: Record<string, string>; input?: string };

/** Everything that all commands of this test file printed, for secret searches. */
export const printed: string[] = [];

/** Runs a command to its end. */
export async function runCli(args: string[], given: Given = {}): Promise<Ended> {
  return start(args, given).ended;
}

/** `runCli --json`, failing loudly unless it ends well; answers the result. */
export async function resultOf<T>(args: string[], given: Given = {}): Promise<T> {
  const { code, stdout, stderr } = await runCli([...args, '--json'], given);
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as T;
}

/** Starts a command and waits for nothing. */
export function spawnCli(args: string[], given: Given = {}): { process: ChildProcess; ended: Promise<Ended> } {
  const { child, ended } = start(args, given);
  return { process: child, ended };
}

/** Starts a command that stays, and waits for its first line on the stream. */
export async function startCli(
  args: string[],
  given: Given = {},
  stream: 'stdout' | 'stderr' = 'stdout',
): Promise<Running> {
  const { child, ended } = start(args, given);
  const spoken = createInterface({ input: child[stream] });
  const line = await Promise.race([
    once(spoken, 'line').then(([text]) => text as string),
    ended.then(({ code, stderr }) => {
      throw new Error(`${args.join(' ')} ended with ${code} before it said anything: ${stderr}`);
    }),
  ]);
  return { process: child, line, ended };
}

function start(args: string[], { env = {}, input }: Given) {
  const child = spawn(process.execPath, [CLI, ...args], {
    env: { PATH: process.env.PATH ?? '', NODE_COMPILE_CACHE: COMPILE_CACHE, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.end(input ?? '');
  const ended = once(child, 'close').then(([code, signal]): Ended => {
    printed.push(stdout, stderr);
    return { code, signal, stdout, stderr };
  });
  return { child, ended };
}
