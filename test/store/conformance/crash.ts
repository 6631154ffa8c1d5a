import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { openStore } from '../../../src/store/open-store.ts';
import type { Backend } from './backend.ts';
import { credential, storedConnector } from './fixtures.ts';

const WRITER = fileURLToPath(new URL('../processes/rotate-until-killed.ts', import.meta.url));
const ROTATIONS_BEFORE_KILL = 40;

export function describeCrash(backend: Backend): void {
  describe('a process killed in the middle of its writes', () => {
    test.each([1, 2, 3])('leaves every rotation that was acknowledged, and whole listings (kill %i)', async () => {
      const location = await backend.createLocation();
      const before = await openStore(location);
      const { id } = await storedConnector(before);
      const record = credential(id);
      await before.credentials.put(record);
      await before.close();

      const writer = spawn(process.execPath, [WRITER, JSON.stringify(location), id, record.id]);
      let said = '';
      let complaint = '';
      writer.stdout.on('data', (chunk) => {
        said += chunk;
        if (said.split('\n').length > ROTATIONS_BEFORE_KILL) writer.kill('SIGKILL');
      });
      writer.stderr.on('data', (chunk) => {
        complaint += chunk;
      });
      await once(writer, 'close');
      expect(complaint).toBe('');

      const acknowledged = Number(said.trimEnd().split('\n').at(-1));
      expect(acknowledged).toBeGreaterThan(ROTATIONS_BEFORE_KILL - 1);
      const after = await openStore(location);
      const stored = await after.credentials.get(record.id);
      // One more may have been written whose acknowledgement did not come out.
      expect([acknowledged, acknowledged + 1]).toContain(stored?.generation);
      expect(stored?.sealed).toBe(`tokens ${stored?.generation}`);
      const tools = await after.tools.list(id);
      expect(new Set(tools.map((each) => each.changedAt)).size).toBeLessThanOrEqual(1);
      expect([0, 300]).toContain(tools.length);
      await after.close();
      await backend.verify(location);
    });
  });
}
