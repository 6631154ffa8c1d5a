// How long a start takes until /readyz answers, and how much memory an idle server holds.

import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from './machine.ts';

const CLI = fileURLToPath(new URL('../src/cli.ts', import.meta.url));

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

export async function benchStart(rounds: number): Promise<{ firstMs: number; secondMs: number; idleRssMiB: number }> {
  const folder = await mkdtemp(join(tmpdir(), 'chatelaine-start-'));
  const times: number[] = [];
  let rss = 0;
  for (let round = 0; round <= rounds; round += 1) {
    const port = await freePort();
    const started = performance.now();
    const child = spawn(process.execPath, [CLI, 'serve', '--port', String(port), '--data', folder], {
      stdio: 'ignore',
    });
    for (;;) {
      const ready = await fetch(`http://127.0.0.1:${port}/readyz`).then(
        (answer) => answer.ok,
        () => false,
      );
      if (ready) break;
      if (child.exitCode !== null) throw new Error('the server did not start');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    times.push(performance.now() - started);
    if (round === rounds) {
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
      rss = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
    }
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await gone;
  }
  await rm(folder, { recursive: true, force: true });
  return { firstMs: times[0] ?? 0, secondMs: median(times.slice(1)), idleRssMiB: rss };
}
