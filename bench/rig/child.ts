// Processes of a measurement: all on this Node, each says one line of JSON when it is ready, its log goes to a
// file of its own. They all end with this process.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const END_MS = 15_000;

export type Child<T> = {
  readonly said: T;
  readonly pid: number;
  /** Ends it calmly, so that it can write what it still has; after a while at once. */
  stop(): Promise<void>;
};

/** Runs a script that prepares something. @throws when it fails */
export async function runToEnd(args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`${args.join(' ')} failed.`);
}

/** @throws when it ends before it is ready, with the end of its log */
export async function startChild<T>(
  name: string,
  args: readonly string[],
  options: { readonly folder: string; readonly env?: Readonly<Record<string, string>> },
): Promise<Child<T>> {
  const logFile = join(options.folder, `${name}.log`);
  const log = openSync(logFile, 'a');
  const child = spawn(process.execPath, args, {
    cwd: options.folder,
    env: { PATH: process.env.PATH ?? '', ...options.env },
    stdio: ['ignore', 'pipe', log],
  });
  closeSync(log);
  const atExit = (): void => void child.kill('SIGTERM');
  process.once('exit', atExit);
  const exited = once(child, 'exit');
  const line = await Promise.race([
    once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), 'line').then(([text]) => text as string),
    exited.then(() => {
      throw new Error(`${name} ended before it was ready:\n${readFileSync(logFile, 'utf8').slice(-2_000)}`);
    }),
  ]);
  return {
    said: JSON.parse(line) as T,
    pid: child.pid ?? 0,
    async stop() {
      process.removeListener('exit', atExit);
      const force = setTimeout(() => child.kill('SIGKILL'), END_MS);
      child.kill('SIGTERM');
      await exited;
      clearTimeout(force);
    },
  };
}
