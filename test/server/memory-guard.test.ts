// What a crash, a signal or a report lets out of the memory of a hub: nothing.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCli, startCli } from '../cli/run-cli.ts';
import { until } from '../support/until.ts';

const CHILD = fileURLToPath(new URL('../support/crash-child.ts', import.meta.url));
const CANARY_END = '8c41d7e0b2';
const CANARY = `canary-in-memory-${CANARY_END}`;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatelaine-memory-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Whether the kernel writes core files beside the crashed program; elsewhere they go to a program of the system's. */
const coreFilesAreHere = (): boolean => {
  try {
    return /^core(\.%p)?$/.test(readFileSync('/proc/sys/kernel/core_pattern', 'utf8').trim());
  } catch {
    return false;
  }
};

/** Crashes with core files allowed, and answers the one that was written. */
async function coreOf(guarded: 'guarded' | 'bare'): Promise<Buffer> {
  const cwd = await mkdtemp(join(folder, 'core-'));
  const command = `ulimit -c unlimited && exec "$0" "$1" ${guarded} crash`;
  const { signal, stderr } = spawnSync('/bin/sh', ['-c', command, process.execPath, CHILD], {
    cwd,
    env: { CANARY_END },
    encoding: 'utf8',
  });
  expect(signal, stderr).toBe('SIGABRT');
  const [file = ''] = await readdir(cwd);
  const core = await readFile(join(cwd, file));
  await rm(cwd, { recursive: true });
  return core;
}

describe.runIf(coreFilesAreHere())('a core file', () => {
  test('of a process that did not guard its memory holds the secret, so that this search can find one', async () => {
    expect((await coreOf('bare')).includes(CANARY)).toBe(true);
  });

  test('of a guarded process does not, in one-byte or two-byte characters', async () => {
    const core = await coreOf('guarded');
    expect(core.length).toBeGreaterThan(1_000);
    expect(core.includes(CANARY)).toBe(false);
    expect(core.includes(CANARY, 0, 'utf16le')).toBe(false);
    expect(core.includes(CANARY_END)).toBe(false);
  });
});

describe('the debugger', () => {
  test.each(['bare', 'guarded'] as const)('opens at SIGUSR1 only without the guard (%s)', async (guarded) => {
    const child = spawn(process.execPath, ['--inspect-port=0', CHILD, guarded, 'stay'], {
      stdio: 'pipe',
      env: { CANARY_END },
    });
    let said = '';
    child.stderr.on('data', (text) => {
      said += text;
    });
    await once(child.stdout, 'data');
    child.kill('SIGUSR1');
    if (guarded === 'bare') await until('it listens', () => said.includes('Debugger listening'));
    else {
      // A second signal of another kind is answered after the first.
      child.kill('SIGTERM');
      await once(child, 'exit');
      expect(said).toBe('');
    }
    child.kill('SIGKILL');
  });
});

test('a diagnostic report tells no variable of the environment', () => {
  const report = (guarded: string) =>
    spawnSync(process.execPath, [CHILD, guarded, 'report'], { env: { CANARY_END }, encoding: 'utf8' }).stdout;
  expect(report('bare')).toContain(CANARY_END);
  const guarded = report('guarded');
  expect(guarded).toContain('javascriptStack');
  expect(guarded).not.toContain(CANARY_END);
});

describe('a server', () => {
  test.runIf(process.platform === 'linux')(
    'guards its memory, and lives on when somebody asks for its debugger',
    async () => {
      const { process: child, line, ended } = await startCli(['--port', '0', '--data', join(folder, 'hub'), '--json']);
      expect((await readFile(`/proc/${child.pid}/coredump_filter`, 'utf8')).trim()).toMatch(/^0+$/);
      child.kill('SIGUSR1');
      const { url } = JSON.parse(line) as { url: string };
      expect((await fetch(`${url}/readyz`)).status).toBe(200);
      child.kill('SIGTERM');
      const { code, stderr } = await ended;
      expect(code).toBe(0);
      expect(stderr).not.toContain('Debugger');
      expect(stderr).not.toContain('memory is not shut');
    },
  );

  test('whose memory may get out says so in its log, and doctor warns', async () => {
    const data = join(folder, 'hub');
    const env = { NODE_OPTIONS: '--heapsnapshot-near-heap-limit=1' };
    const { process: child, ended } = await startCli(['--port', '0', '--data', data, '--json'], { env });
    child.kill('SIGTERM');
    expect((await ended).stderr).toContain('memory is not shut: Node may write its memory to a file');
    const { stdout } = await runCli(['doctor', '--data', data, '--port', '0'], { env });
    expect(stdout).toMatch(/^warn {2}memory +Node may write its memory to a file/m);
  });
});
