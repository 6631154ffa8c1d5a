// `chatelaine doctor` on what could let the memory of the hub out: core files, debugger, heap snapshots.

import { nodeOptions } from '../server/config.ts';
import { memoryWeaknesses } from '../server/memory-guard.ts';
import { type Check, ok, warn } from './check.ts';

const NAME = 'memory';

export function checkMemory(): Check {
  const weaknesses = memoryWeaknesses(nodeOptions());
  if (weaknesses.length === 0) return ok(NAME, 'core files of this program hold none of it, its debugger is shut');
  return warn(NAME, weaknesses.join('; '), 'Start the hub without these.');
}
