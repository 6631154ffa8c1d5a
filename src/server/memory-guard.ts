// Keeps what is in this process's memory, every secret among it, out of crash files, reports and debuggers,
// as far as a process can by itself. What it cannot is told by `memoryWeaknesses`.
// What stays possible: docs/threat-model.md.

import { readFileSync, writeFileSync } from 'node:fs';
import inspector from 'node:inspector';

/** Linux, core(5): which kinds of memory a core dump of this process holds; inherited by its children. */
const COREDUMP_FILTER = '/proc/self/coredump_filter';
const LIMITS = '/proc/self/limits';
/** Options by which Node writes its whole heap to a file. */
const HEAP_TO_FILE = /--heapsnapshot-(signal|near-heap-limit)/;

/** To be called first of all. Does nothing where the system has no such thing. */
export function guardMemory(): void {
  try {
    writeFileSync(COREDUMP_FILTER, '0');
  } catch {
    // Not Linux, or a read-only /proc: `memoryWeaknesses` sees what stands.
  }
  // Node opens its debugger at this signal, unless somebody listens to it.
  process.on('SIGUSR1', () => {});
  // Diagnostic reports would tell the settings.
  process.report.excludeEnv = true;
}

/**
 * By what, in words, the memory of this process can still get out.
 *
 * @param nodeOptions as the environment gives them (`NODE_OPTIONS`)
 */
export function memoryWeaknesses(nodeOptions: string): readonly string[] {
  const weaknesses: string[] = [];
  if (inspector.url() !== undefined)
    weaknesses.push('the debugger is open (--inspect): whoever reaches it reads every secret');
  if (HEAP_TO_FILE.test([...process.execArgv, nodeOptions].join(' ')))
    weaknesses.push('Node may write its memory to a file (--heapsnapshot-…)');
  if (mayDumpMemory())
    weaknesses.push('a crash may write the memory to a core file (set its limit to 0: ulimit -c 0, LimitCORE=0)');
  return weaknesses;
}

function mayDumpMemory(): boolean {
  const filter = readOrNull(COREDUMP_FILTER);
  if (filter !== null && Number.parseInt(filter, 16) === 0) return false;
  const limits = readOrNull(LIMITS);
  // Elsewhere it cannot be told, and core files are off unless somebody turned them on.
  return limits !== null && !/^Max core file size +0 /m.test(limits);
}

function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
