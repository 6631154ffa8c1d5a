// The file of the day's figures: each part replaces what an earlier run of that day put in its place.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { machine } from './machine.ts';

const FOLDER = fileURLToPath(new URL('results/', import.meta.url));

export async function keepResults(parts: Readonly<Record<string, unknown>>): Promise<void> {
  const at = new Date().toISOString();
  const file = `${FOLDER}${at.slice(0, 10)}.json`;
  await mkdir(FOLDER, { recursive: true });
  const before = await readFile(file, 'utf8').then(
    (text) => JSON.parse(text) as object,
    () => ({}),
  );
  const results = { ...before, at, machine: machine(), ...parts };
  await writeFile(file, `${JSON.stringify(results, null, 2)}\n`);
}

export function machineLine(): string {
  const { cpu, cores, memoryGiB, node } = machine();
  return `${cpu}, ${cores} cores, ${memoryGiB} GiB, Node ${node}`;
}
