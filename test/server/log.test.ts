// The log where it cannot be written: whoever says something must never be the one to suffer for it.

import { spawnSync } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { canMount, mountSmallDisk, type SmallDisk } from '../support/small-disk.ts';

const LOG = new URL('../../src/server/log.ts', import.meta.url).href;

/** Runs a script whose standard error is this file; answers what it said and how it ended. */
function runWith(stderr: number, script: string) {
  const source = `import { createLog } from '${LOG}'; const log = createLog('info', 'stderr'); ${script}`;
  const stdio = ['ignore', 'pipe', stderr] as ['ignore', 'pipe', number];
  const { status, stdout } = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', source], { stdio });
  return { status, said: stdout.toString() };
}

test('lines that cannot be written take nobody down, however many they are', () => {
  const script = `
    for (let n = 0; n < 30_000; n += 1) log.warn({ n }, 'a line of some length, so that they are some megabytes');
    setTimeout(() => { log.error({}, 'later'); console.log(process.memoryUsage().rss); }, 10);`;
  const { status, said } = runWith(openSync('/dev/full', 'a'), script);
  expect(status).toBe(0);
  expect(Number(said)).toBeLessThan(300_000_000);
});

describe.skipIf(!canMount)('on a disk that is full for a while', () => {
  let disk: SmallDisk;
  beforeEach(() => {
    disk = mountSmallDisk(2);
  });
  afterEach(() => disk.remove());

  test('the lines of that time wait, whole and in their order, as far as they fit', () => {
    const file = join(disk.path, 'log');
    const script = `
      import { execFileSync } from 'node:child_process';
      const ballast = '${join(disk.path, 'ballast')}';
      for (let n = 0; n < 10; n += 1) log.info({ n }, 'before');
      try { execFileSync('dd', ['if=/dev/zero', 'of=' + ballast, 'bs=4096'], { stdio: 'ignore' }); } catch {}
      for (let n = 10; n < 30_000; n += 1) log.info({ n }, 'while it was full');
      execFileSync('rm', [ballast]);
      log.info({ n: 30_000 }, 'after');
      log.info({ n: 30_001 }, 'after');
      console.log('here');`;
    const { status, said } = runWith(openSync(file, 'a'), script);
    expect([status, said]).toEqual([0, 'here\n']);
    const numbers = readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).n as number);
    expect(numbers.slice(0, 100)).toEqual(Array.from({ length: 100 }, (_, n) => n));
    expect(numbers.at(-1)).toBe(30_001);
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  });
});

describe('a reader that is gone', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chatelaine-log-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  test('is no reason to end', () => {
    const script = `
      import { createLog } from '${LOG}';
      import { existsSync, writeFileSync } from 'node:fs';
      const log = createLog('info', 'stderr');
      while (!existsSync('${join(folder, 'gone')}')) await new Promise((resolve) => setTimeout(resolve, 5));
      for (let n = 0; n < 100; n += 1) log.warn({ n }, 'said to nobody');
      writeFileSync('${join(folder, 'done')}', 'here');`;
    const quoted = script.replaceAll("'", `'\\''`);
    const command = `'${process.execPath}' --input-type=module-typescript -e '${quoted}' 2>&1 >/dev/null | { exec 0<&-; : > '${join(folder, 'gone')}'; }; wait`;
    spawnSync('sh', ['-c', `(${command})`]);
    const deadline = Date.now() + 10_000;
    let said = '';
    while (said === '' && Date.now() < deadline) {
      try {
        said = readFileSync(join(folder, 'done'), 'utf8');
      } catch {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
      }
    }
    expect(said).toBe('here');
  });
});
