// Child processes of the tests: the same Node, one line of JSON from their standard output.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

// One cache of compiled code for all of them: they are many, and each would compile the whole hub again.
const COMPILE_CACHE = fileURLToPath(new URL('../../node_modules/.cache/node-compile', import.meta.url));

export type Child<T> = {
  said: T;
  process: ChildProcess;
  exited: Promise<{ code: number | null; signal: string | null }>;
  stop(): Promise<void>;
};

/** Starts `script` (beside this file) and waits for its first line; `prefix` is a command that runs the rest. */
export async function startChild<T>(
  script: string,
  env: Record<string, string>,
  prefix: readonly string[] = [],
): Promise<Child<T>> {
  const [command = '', ...args] = [...prefix, process.execPath, fileURLToPath(new URL(script, import.meta.url))];
  const child = spawn(command, args, {
    env: { PATH: process.env.PATH ?? '', NODE_COMPILE_CACHE: COMPILE_CACHE, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit').then(([code, signal]) => ({ code, signal }));
  const line = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line').then(([text]) => text as string),
    exited.then(({ code, signal }) => {
      throw new Error(`${script} ended before it said anything (${code ?? signal})`);
    }),
  ]);
  return {
    said: JSON.parse(line) as T,
    process: child,
    exited,
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
