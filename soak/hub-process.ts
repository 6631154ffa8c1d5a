// The hub as it is shipped, in a process of its own: its address, its memory, and every line of its log that
// should not be there.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ADMIN_TOKEN = 'soak-admin-token-0123456789-0123456789';
const COMMAND = fileURLToPath(new URL('../bin/chatelaine.mjs', import.meta.url));
const PROBE = new URL('probe.mjs', import.meta.url).href;
/** pino's number for "error". */
const ERROR_LEVEL = 50;

export type Memory = { readonly rss: number; readonly heapUsed: number };

export type HubProcess = {
  readonly url: string;
  /** Log lines at "error" or above, warnings of Node, and anything else that was printed. */
  readonly complaints: readonly string[];
  readonly warnings: ReadonlyMap<string, number>;
  memory(): Promise<Memory>;
  /** Answers the body. @throws when the status is not 2xx */
  api<T = { id: string }>(method: string, path: string, body?: unknown): Promise<T>;
  stop(): Promise<void>;
};

export async function startHubProcess(): Promise<HubProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'chatelaine-soak-'));
  const child = spawn(
    process.execPath,
    ['--expose-gc', '--import', PROBE, COMMAND, 'serve', '--port', '0', '--data', folder, '--json'],
    {
      env: {
        PATH: process.env.PATH ?? '',
        CHATELAINE_ADMIN_TOKEN: ADMIN_TOKEN,
        CHATELAINE_ALLOWED_PRIVATE_HOSTS: '127.0.0.1',
      },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    },
  );
  const complaints: string[] = [];
  const warnings = new Map<string, number>();
  createInterface({ input: child.stderr as NodeJS.ReadableStream }).on('line', (line) => {
    const level = levelOf(line);
    if (level === null || level >= ERROR_LEVEL) complaints.push(line);
    else if (level > 30) {
      const { msg } = JSON.parse(line) as { msg: string };
      warnings.set(msg, (warnings.get(msg) ?? 0) + 1);
    }
  });
  let isStopping = false;
  const exited = once(child, 'exit').then(([code, signal]) => {
    if (!isStopping || code !== 0) complaints.push(`the hub ended with ${code ?? signal}`);
  });
  const said = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const [line] = (await Promise.race([
    once(said, 'line'),
    exited.then(() => Promise.reject(new Error(`The hub did not start:\n${complaints.join('\n')}`))),
  ])) as [string];
  const { url } = JSON.parse(line) as { url: string };

  return {
    url,
    complaints,
    warnings,
    async memory() {
      const answer = once(child, 'message');
      child.send('memory');
      const [memory] = (await Promise.race([answer, exited.then(() => [null])])) as [Memory | null];
      if (memory === null) throw new Error('The hub has ended.');
      return memory;
    },
    async api(method, path, body) {
      const response = await fetch(`${url}/api/${path}`, {
        method,
        headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
      return text === '' ? undefined : JSON.parse(text);
    },
    async stop() {
      if (isStopping) return;
      isStopping = true;
      child.kill('SIGTERM');
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** null for what is no line of the log. */
function levelOf(line: string): number | null {
  if (line.trim() === '' || /ExperimentalWarning|node --trace-warnings|second signal ends/.test(line)) return 0;
  try {
    const { level } = JSON.parse(line) as { level?: unknown };
    return typeof level === 'number' ? level : null;
  } catch {
    return null;
  }
}
