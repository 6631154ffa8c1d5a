// The server of watched-child.ts, from outside: what it logged, what is in its memory, how it dies.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export type Watched = {
  readonly url: string;
  readonly setupCode: string;
  readonly log: () => string;
  /** Every text that is in the heap, by a snapshot that is written to `file` for a moment, after garbage was collected. */
  heap(file: string): Promise<string>;
  kill(signal?: 'SIGKILL' | 'SIGTERM'): Promise<void>;
};

export async function startWatched(env: Record<string, string>): Promise<Watched> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./watched-child.ts', import.meta.url))], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let logged = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    logged += text;
  });
  const exited = once(child, 'exit');
  const said = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<any> => {
    const { value, done } = await said.next();
    if (done) throw new Error(`the server ended:\n${logged}`);
    return JSON.parse(value);
  };
  const { url, setupCode } = await next();
  return {
    url,
    setupCode,
    log: () => logged,
    async heap(file) {
      child.stdin.write(`${file}\n`);
      await next();
      const text = await readFile(file, 'utf8');
      await rm(file);
      // Before that are numbers alone.
      return text.slice(text.indexOf('"strings":['));
    },
    async kill(signal = 'SIGKILL') {
      child.kill(signal);
      await exited;
    },
  };
}
