// CPU time and resident memory of a process with all its children, and how busy the machine is, from /proc.
// Without /proc all are null.

import { existsSync, readdirSync, readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;
const PARENT = 1;
const USER_TICKS = 11;
const SYSTEM_TICKS = 12;
const IDLE = 3;
const IO_WAIT = 4;

/** `pid` and everything below it. */
export function processTree(pid: number): readonly number[] {
  if (!existsSync('/proc/self/stat')) return [];
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const fields = /^\d+$/.test(name) ? statOf(Number(name)) : null;
    if (fields === null) continue;
    const parent = Number(fields[PARENT]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const all: number[] = [];
  const walk = (each: number): void => {
    all.push(each);
    for (const child of children.get(each) ?? []) walk(child);
  };
  walk(pid);
  return all;
}

/** User and system time so far. */
export function cpuMs(pids: readonly number[]): number | null {
  if (pids.length === 0) return null;
  return pids.reduce((sum, pid) => {
    const fields = statOf(pid);
    const ticks = fields === null ? 0 : Number(fields[USER_TICKS]) + Number(fields[SYSTEM_TICKS]);
    return sum + (ticks * 1_000) / TICKS_PER_SECOND;
  }, 0);
}

/** What all processes and the host took so far, over all cores. */
export function machineCpuMs(): number | null {
  if (!existsSync('/proc/stat')) return null;
  // user, nice, system, idle, iowait, irq, softirq, steal
  const fields = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0]?.split(/ +/).slice(1, 9).map(Number) ?? [];
  const busy = fields.reduce((sum, ticks, i) => (i === IDLE || i === IO_WAIT ? sum : sum + ticks), 0);
  return (busy * 1_000) / TICKS_PER_SECOND;
}

export function rssMiB(pids: readonly number[]): number | null {
  if (pids.length === 0) return null;
  return pids.reduce((sum, pid) => {
    try {
      const found = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
      return sum + Number(found?.[1] ?? 0) / 1024;
    } catch {
      return sum;
    }
  }, 0);
}

/** The fields after the command's name, which may hold anything. */
function statOf(pid: number): readonly string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}
