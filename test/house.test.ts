// The rules of the house that no compiler or linter knows: who may import whom, how long a file is, where
// the environment and the console are touched. A failure names the file, the line and the rule in words.
// New files need no change here; a new folder in src needs a row in LAYERS.

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Import, SourceFile } from './setup/source-files.ts';
import { blank, importsOf, lineAt, projectFiles, ROOT, read } from './setup/source-files.ts';

type Layer = {
  /** A file, or a folder ending in a slash; the first row that fits a file is its own. */
  readonly at: string;
  /** Files and folders it may import beside its own and the ones open to all. */
  readonly imports: readonly string[];
  /** Of these, types alone are welcome. */
  readonly types?: readonly string[];
  readonly packages: readonly string[] | 'any';
  readonly node: boolean;
};

const OPEN_TO_ALL = [
  'src/errors.ts',
  'src/limits.ts',
  'src/work-limits.ts',
  'src/secret.ts',
  'src/outbound.ts',
  'src/hang-up.ts',
];

const LAYERS: readonly Layer[] = [
  ...OPEN_TO_ALL.map((at) => ({ at, imports: [], packages: [], node: false })),
  { at: 'src/oauth/', imports: [], packages: ['oauth4webapi', 'jose'], node: false },
  { at: 'src/vault/', imports: [], packages: [], node: false },
  { at: 'src/mcp/', imports: [], packages: ['eventsource-parser'], node: false },
  { at: 'src/net/', imports: [], packages: ['undici', 'ipaddr.js'], node: true },
  {
    at: 'src/store/sql/',
    imports: ['src/store/store.ts', 'src/store/records.ts'],
    packages: ['kysely', 'pg'],
    node: true,
  },
  { at: 'src/store/open-store.ts', imports: ['src/store/'], packages: [], node: false },
  { at: 'src/store/', imports: [], packages: [], node: false },
  {
    at: 'src/hub/',
    imports: ['src/oauth/', 'src/vault/', 'src/mcp/', 'src/store/store.ts', 'src/store/records.ts'],
    packages: [],
    node: false,
  },
  {
    at: 'src/people/',
    imports: ['src/hub/', 'src/vault/'],
    types: ['src/store/store.ts', 'src/store/records.ts'],
    packages: ['better-auth', 'oauth4webapi'],
    node: false,
  },
  {
    at: 'src/gateway/',
    imports: ['src/hub/', 'src/mcp/'],
    types: ['src/store/records.ts', 'src/vault/seal.ts'],
    packages: [],
    node: false,
  },
  {
    at: 'src/http/',
    imports: ['src/hub/', 'src/people/', 'src/gateway/', 'src/mcp/read-body.ts', 'src/mcp/json.ts'],
    types: ['src/store/records.ts'],
    packages: ['hono', 'zod', '@hono/zod-openapi'],
    node: false,
  },
  ...['src/server/', 'src/cli/', 'src/cli.ts', 'src/index.ts'].map((at) => ({
    at,
    imports: ['src/', 'providers/'],
    packages: 'any' as const,
    node: true,
  })),
  { at: 'providers/', imports: [], packages: 'any', node: true },
];

const MAX_LINES = 300;
const CODE = /\.(tsx?|mjs)$/;
/** Made by scripts/api-types.mjs. */
const GENERATED = 'web/api/schema.d.ts';

const files = projectFiles();
const sources = load((path) => /^(src|providers)\/.*\.ts$/.test(path));
const page = load((path) => /^web\/.*\.tsx?$/.test(path) && path !== GENERATED);
const code = load((path) => CODE.test(path) && path !== GENERATED);

function load(wanted: (path: string) => boolean): SourceFile[] {
  return files.filter(wanted).map((path) => ({ path, text: read(path) }));
}

/** Every place in `within` where `pattern` matches, said as a fault. */
function places(within: readonly SourceFile[], pattern: RegExp, rule: string): string[] {
  return within.flatMap(({ path, text }) =>
    [...text.matchAll(pattern)].map(({ index }) => `${path}:${lineAt(text, index)} ${rule}`),
  );
}

function withoutStrings(within: readonly SourceFile[]): SourceFile[] {
  return within.map(({ path, text }) => ({ path, text: blank(text, 'strings') }));
}

function fits(path: string, place: string): boolean {
  return place.endsWith('/') ? path.startsWith(place) : path === place;
}

function layerFaults(within: readonly SourceFile[]): string[] {
  return within.flatMap((file) => {
    const layer = LAYERS.find(({ at }) => fits(file.path, at));
    if (!layer) return [`${file.path}:1 belongs to no layer: give its folder a row in test/house.test.ts`];
    return importsOf(file).flatMap((one) => {
      const complaint = importComplaint(file.path, layer, one);
      return complaint ? [`${file.path}:${one.line} ${complaint}`] : [];
    });
  });
}

function importComplaint(path: string, layer: Layer, { target, typeOnly }: Import): string | null {
  if (target === null) return 'imports a computed name: name the module, so that this test can read it';
  if (target.startsWith('node:'))
    return layer.node ? null : `imports ${target}: ${layer.at} runs without Node's modules`;
  if (/^(src|providers)\//.test(target)) {
    const open = path.startsWith('src/') ? OPEN_TO_ALL : [];
    const welcome = [...open, ...layer.imports, ...(typeOnly ? (layer.types ?? []) : [])];
    const own = layer.at.endsWith('/') && LAYERS.find(({ at }) => fits(target, at)) === layer;
    if (own || welcome.some((place) => fits(target, place))) return null;
    return `imports ${target}: ${layer.at} may import only ${['its own', ...welcome].join(', ')}`;
  }
  if (/^(\.|\/)/.test(target) || CODE.test(target))
    return `imports ${target}, which is outside src and providers: ${path} ships without it`;
  const name = target
    .split('/')
    .slice(0, target.startsWith('@') ? 2 : 1)
    .join('/');
  if (layer.packages === 'any' || layer.packages.includes(name)) return null;
  return `imports the package ${name}: ${layer.at} may use only ${layer.packages.join(', ') || 'none'}`;
}

/** The page talks to /api and to nobody else: what it knows of the hub, it has from the API's description. */
function pageFaults(within: readonly SourceFile[]): string[] {
  return within.flatMap((file) =>
    importsOf(file).flatMap(({ target, line }) => {
      const outside = target !== null && (target.startsWith('node:') || /^(src|providers|scripts|test)\//.test(target));
      return outside ? [`${file.path}:${line} imports ${target}: the page has only its own files and packages`] : [];
    }),
  );
}

function cycleFaults(within: readonly SourceFile[]): string[] {
  const edges = new Map(within.map((file) => [file.path, importsOf(file)]));
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): string[] => {
    const start = trail.indexOf(path);
    if (start >= 0) return [`${path}:1 is in an import cycle: ${[...trail.slice(start), path].join(' → ')}`];
    if (done.has(path)) return [];
    const found = (edges.get(path) ?? []).flatMap(({ target }) => (target ? visit(target, [...trail, path]) : []));
    done.add(path);
    return found;
  };
  return within.flatMap(({ path }) => visit(path, []));
}

function lengthFaults(within: readonly SourceFile[]): string[] {
  return within
    .map(({ path, text }) => ({ path, lines: text.trimEnd().split('\n').length }))
    .filter(({ lines }) => lines > MAX_LINES)
    .map(({ path, lines }) => `${path}:${lines} is longer than ${MAX_LINES} lines: split it where the idea changes`);
}

function openingFaults(within: readonly SourceFile[]): string[] {
  return within
    .filter(({ text }) => !/^(#!.*\n)?\/[/*]/.test(text))
    .map(({ path }) => `${path}:1 does not open with a comment on what it does and what it leaves to a neighbour`);
}

function environmentFaults(within: readonly SourceFile[]): string[] {
  const elsewhere = within.filter(({ path }) => path.startsWith('src/') && path !== 'src/server/config.ts');
  const rule = 'reads the environment: only src/server/config.ts does';
  return [
    ...places(withoutStrings(elsewhere), /\bprocess\s*\??\.\s*env\b/g, rule),
    ...places(elsewhere, /\bfrom\s*['"](node:)?process['"]/g, rule),
  ];
}

function consoleFaults(within: readonly SourceFile[]): string[] {
  const silent = within.filter(({ path }) => path.startsWith('src/') && !/^src\/cli(\.ts$|\/)/.test(path));
  return places(
    withoutStrings(silent),
    /\bconsole\s*\??\.|\bprocess\s*\.\s*std(out|err)\b/g,
    'prints: only the command line does, all else logs',
  );
}

function fetchFaults(within: readonly SourceFile[]): string[] {
  const inside = within.filter(({ path }) => path.startsWith('src/'));
  return places(
    withoutStrings(inside),
    /\b(globalThis|global|window|self)\s*\.\s*fetch\b/g,
    'uses the global fetch: take a guarded one as a parameter',
  );
}

function leftoverFaults(within: readonly SourceFile[]): string[] {
  return places(within, /\b(TO[D]O|FIX[M]E|XX[X])\b/g, 'leaves work for later: do it, or write down the limitation');
}

function machineFaults(within: readonly SourceFile[]): string[] {
  return [
    ...places(within, /(?<![\w.~}-])\/(?:work|root|home\/\w+|Users\/\w+)\/\w/g, 'names a path of one machine'),
    ...places(
      within,
      /registry\.npm(?:js)\.org|_auth(?:Token)|"resolved"\s*:\s*"http/g,
      'names a package registry: leave that to the npm settings of each machine',
    ),
  ];
}

describe('the house', () => {
  test('there are sources to judge', () => {
    expect(sources.length).toBeGreaterThan(4);
  });

  test('each folder imports only what it may', () => {
    expect(layerFaults(sources)).toEqual([]);
  });

  test('the page imports only its own', () => {
    expect(page.length).toBeGreaterThan(40);
    expect(pageFaults(page)).toEqual([]);
  });

  test('no file imports itself in a circle', () => {
    expect(cycleFaults(sources)).toEqual([]);
    expect(cycleFaults(page)).toEqual([]);
  });

  test('no source file is longer than one idea', () => {
    expect(lengthFaults([...sources, ...page])).toEqual([]);
  });

  test('every source file opens with a comment', () => {
    expect(openingFaults(code.filter(({ path }) => /^(src|providers|scripts|bin|web)\//.test(path)))).toEqual([]);
  });

  test('settings are the only reader of the environment', () => {
    expect(environmentFaults(sources)).toEqual([]);
  });

  test('only the command line prints', () => {
    expect(consoleFaults(sources)).toEqual([]);
  });

  test('nothing reaches the network but through a guarded fetch', () => {
    expect(fetchFaults(sources)).toEqual([]);
  });

  test('nothing is left for later', () => {
    expect(leftoverFaults(code)).toEqual([]);
  });

  test('no file holds a path or a registry of one machine', () => {
    const text = load((path) => /\.(ts|mjs|json|md|ya?ml|sh|html|css)$|^\.npmrc$|^\.ci\/|Dockerfile/.test(path));
    expect(machineFaults(text)).toEqual([]);
  });
});

describe('dependencies', () => {
  const manifest = JSON.parse(read('package.json'));
  const versions: Record<string, string> = { ...manifest.dependencies, ...manifest.devDependencies };
  const names = Object.keys(versions).sort();

  test('each has its reason in docs/dependencies.md, and no other package has', () => {
    const reasoned = [...read('docs/dependencies.md').matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1]);
    expect(reasoned.sort()).toEqual(names);
  });

  test('each is pinned to one version', () => {
    expect(names.filter((name) => !/^(npm:typescript@)?\d+\.\d+\.\d+(-[\w.]+)?$/.test(versions[name] ?? ''))).toEqual(
      [],
    );
  });

  test('the lock knows every optional package it names, which `npm ci` insists on (else run scripts/repair-lock.mjs)', () => {
    const locked: Record<string, { optionalDependencies?: object }> = JSON.parse(read('package-lock.json')).packages;
    const missing = Object.entries(locked).flatMap(([path, entry]) =>
      Object.keys(entry.optionalDependencies ?? {}).filter(
        (name) => !locked[`node_modules/${name}`] && !locked[`${path}/node_modules/${name}`],
      ),
    );
    expect(missing).toEqual([]);
  });
});

describe('the rules themselves', () => {
  const at = (path: string, text: string): SourceFile[] => [{ path, text }];

  test.each([
    ['src/oauth/a.ts', "import { x } from '../vault/x.ts';"],
    ['src/oauth/a.ts', "import type { X } from '../store/records.ts';"],
    ['src/oauth/a.ts', "import { randomUUID } from 'node:crypto';"],
    ['src/oauth/a.ts', "import { Hono } from 'hono';"],
    ['src/mcp/a.ts', "export { x } from '../hub/x.ts';"],
    ['src/hub/a.ts', "export * from '../store/sql/codec.ts';"],
    ['src/hub/a.ts', "import '../http/app.ts';"],
    ['src/hub/a.ts', "const x = await import('../net/guarded-fetch.ts');"],
    ['src/hub/a.ts', 'const x = await import(name);'],
    ['src/http/a.ts', "import {\n  type A,\n  b,\n} from '../store/records.ts';"],
    ['src/http/a.ts', "import type { Store } from '../store/store.ts';"],
    ['src/store/a.ts', "import { x } from './sql/codec.ts';"],
    ['src/errors.ts', "import { x } from './hub/x.ts';"],
    ['src/server/a.ts', "import { x } from '../../test/x.ts';"],
    ['providers/a.ts', "import { x } from '../src/errors.ts';"],
    ['src/novel/a.ts', ''],
  ])('%s may not hold %j', (path, text) => {
    expect(layerFaults(at(path, text))).toHaveLength(1);
  });

  test.each([
    ['src/oauth/a.ts', "import * as oauth from 'oauth4webapi';"],
    ['src/http/a.ts', "import type { A } from '../store/records.ts';\nimport { html } from 'hono/html';"],
    ['src/hub/a.ts', "import type { Store } from '../store/store.ts';\nimport { seal } from '../vault/seal.ts';"],
    ['src/vault/a.ts', "import { seal } from './seal.ts';\n// import { x } from '../hub/x.ts';"],
    ['src/vault/a.ts', "const page = `\nimport { x } from '../hub/x.ts';\n`;"],
    ['src/vault/a.ts', "const quote = /['`]/;\nconst text = `a $" + "{b ? `c` : '}'} d`;\nexport const x = 'hub';"],
    ['src/server/a.ts', "import { createServer } from 'node:http';\nimport pino from 'pino';"],
  ])('%s may hold %j', (path, text) => {
    expect(layerFaults(at(path, text))).toEqual([]);
  });

  test.each([
    "import { x } from '../src/errors.ts';",
    "import type { x } from '../../src/hub/hub.ts';",
    "import { join } from 'node:path';",
  ])('the page may not hold %j', (text) => {
    const path = text.includes('../../') ? 'web/api/a.ts' : 'web/a.ts';
    expect(pageFaults(at(path, text))).toHaveLength(1);
    expect(pageFaults(at('web/a.ts', "import { x } from './api/client.ts';\nimport 'react';"))).toEqual([]);
  });

  test('a circle of imports is found, of types too', () => {
    const circle = [
      { path: 'src/hub/a.ts', text: "import type { B } from './b.ts';" },
      { path: 'src/hub/b.ts', text: "export { a } from './a.ts';" },
    ];
    expect(cycleFaults(circle)).toEqual([
      'src/hub/a.ts:1 is in an import cycle: src/hub/a.ts → src/hub/b.ts → src/hub/a.ts',
    ]);
  });

  test.each([
    [environmentFaults, 'src/hub/a.ts', '\nconst x = process.env.X;', "'process.env' // process.env"],
    [environmentFaults, 'src/hub/a.ts', "\nimport { env } from 'node:process';", "import { pid } from 'node:os';"],
    [consoleFaults, 'src/hub/a.ts', '\nconsole.log(1);', "'console.log' // console.log"],
    [fetchFaults, 'src/hub/a.ts', '\nglobalThis.fetch(url);', 'context.fetch(url);'],
    [leftoverFaults, 'src/hub/a.ts', '\n// FIX' + 'ME', '// mended'],
    [machineFaults, 'docs/a.md', '\nsee /home/' + 'me/notes', 'see https://example.com/work/notes and docs/work/notes'],
    [machineFaults, 'package-lock.json', '\n"resolved": ' + '"http://mirror"', '"version": "1.0.0"'],
  ])('%o bites in %s', (rule, path, bad, good) => {
    expect(rule(at(path, bad))).toEqual([expect.stringContaining(`${path}:2 `)]);
    expect(rule(at(path, good))).toEqual([]);
  });

  test('a file is measured and its opening looked at', () => {
    expect(lengthFaults(at('src/a.ts', 'x\n'.repeat(301)))).toHaveLength(1);
    expect(lengthFaults(at('src/a.ts', 'x\n'.repeat(300)))).toEqual([]);
    expect(openingFaults(at('src/a.ts', "import 'x';\n// late"))).toHaveLength(1);
    expect(openingFaults(at('bin/a.mjs', '#!/usr/bin/env node\n// early'))).toEqual([]);
  });

  test('the linter keeps the global fetch out of src, and Node out of its pure folders', () => {
    const folder = mkdtempSync(`${tmpdir()}/chatelaine-lint-`);
    const lines = {
      'src/oauth/bad.ts': "export const a = () => fetch('https://example.com');\nexport const b = Buffer.from('b');",
      'src/server/bad.ts': "export const a = () => fetch('https://example.com');",
      'src/oauth/good.ts': "export const a = (fetch: (url: string) => unknown) => fetch('https://example.com');",
      'src/server/good.ts': "export const a = Buffer.from('a');",
    };
    try {
      cpSync(`${ROOT}biome.json`, `${folder}/biome.json`);
      for (const [path, text] of Object.entries(lines)) {
        mkdirSync(`${folder}/${posix.dirname(path)}`, { recursive: true });
        writeFileSync(`${folder}/${path}`, text);
      }
      const args = ['lint', '--only=style/noRestrictedGlobals', '--reporter=github'];
      const { stdout } = spawnSync(`${ROOT}node_modules/.bin/biome`, args, { cwd: folder, encoding: 'utf8' });
      const found = [...stdout.matchAll(/file=[^,]*?(?<path>src[^,]+),line=(?<line>\d+)/g)].map(
        ({ groups }) => `${groups?.path}:${groups?.line}`,
      );
      expect(found.sort()).toEqual(['src/oauth/bad.ts:1', 'src/oauth/bad.ts:2', 'src/server/bad.ts:1']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
