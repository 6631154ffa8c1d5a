// A taste of `npm run conformance`: two scenarios that go through everything, and one whose failure must show.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const RUN = fileURLToPath(new URL('../conformance/run.ts', import.meta.url));

function runScenario(name: string): Promise<{ code: number | string; printed: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [RUN, '--scenario', name], { timeout: 60_000 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : (error.code ?? 'killed'), printed: stdout + stderr }),
    );
  });
}

test.each(['auth/authorization-server-migration', 'sep-2322-client-request-state'])(
  'the hub passes %s of the official suite',
  async (name) => {
    const { code, printed } = await runScenario(name);
    expect(printed).toContain('OVERALL: PASSED');
    expect(code).toBe(0);
  },
  60_000,
);

test('a scenario that the hub does not pass fails the command', async () => {
  const { code, printed } = await runScenario('auth/dpop');
  expect(printed).toContain('OVERALL: FAILED');
  expect(code).toBe(1);
}, 60_000);
