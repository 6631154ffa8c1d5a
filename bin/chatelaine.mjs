#!/usr/bin/env -S node --max-semi-space-size=8
// The `chatelaine` command. In the published package it runs the built command line; in the repository it
// runs the sources, on the project's own Node when the one that started it is too old.
// The space for young objects is kept small: calls leave nothing behind, and a larger one is only memory.
import { existsSync } from 'node:fs';
import module from 'node:module';
import { fileURLToPath } from 'node:url';

const MINIMUM_MAJOR = 24;

const source = new URL('../src/cli.ts', import.meta.url);
const inRepository = existsSync(source);

if (Number(process.versions.node.split('.')[0]) >= MINIMUM_MAJOR) {
  // Sources that were stripped of their types once need no compiler in memory the next time.
  if (inRepository)
    module.enableCompileCache?.(fileURLToPath(new URL('../node_modules/.cache/chatelaine', import.meta.url)));
  await import(inRepository ? source.href : new URL('../dist/src/cli.js', import.meta.url).href);
} else if (inRepository) {
  process.argv.splice(2, 0, 'chatelaine');
  await import(new URL('../scripts/run.mjs', import.meta.url).href);
} else {
  console.error(`Chatelaine needs Node ${MINIMUM_MAJOR} or newer; this is ${process.version}.`);
  process.exitCode = 1;
}
