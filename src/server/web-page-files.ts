// Reads the built web page into memory, compressed once: it is small, and every visitor asks for all of it.

import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { PageFile, WebPage } from '../http/environment.ts';

const INDEX = '/index.html';
/** As the build writes the addresses of its own files: relative to the index. */
const OWN_FILE = /(?<=(?:src|href)=")\.(?=\/)/g;
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.txt': 'text/plain; charset=utf-8',
};
const COMPRESSED = new Set(['.html', '.js', '.css', '.svg', '.json', '.webmanifest', '.txt']);
/** Nearly as small as the best, in a tenth of the time. */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };

/** The folder of the built page; the sources and the built package have it in different places. */
function builtFolder(): string | null {
  const folder = import.meta.url.endsWith('.ts') ? '../../dist/web/' : '../../web/';
  const path = fileURLToPath(new URL(folder, import.meta.url));
  return existsSync(join(path, 'index.html')) ? path : null;
}

/** null where the page was not built. */
export async function readWebPage(folder: string | null = builtFolder()): Promise<WebPage | null> {
  if (folder === null) return null;
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const files = new Map<string, PageFile>(
    await Promise.all(
      paths.map(async (path) => [`/${relative(folder, path).replaceAll(sep, '/')}`, await readPageFile(path)] as const),
    ),
  );
  if (!files.delete(INDEX)) return null;
  const index = await readFile(join(folder, INDEX), 'utf8');
  return {
    // It answers addresses of any depth, so its files need their whole path.
    index: (mount) => pageFileOf(INDEX, Buffer.from(index.replace(OWN_FILE, mount.replaceAll('&', '&amp;')))),
    file: (path) => files.get(path) ?? null,
  };
}

const readPageFile = async (path: string): Promise<PageFile> => pageFileOf(path, await readFile(path));

function pageFileOf(path: string, plain: Uint8Array): PageFile {
  const extension = extname(path).toLowerCase();
  const forms: { encoding: string | null; bytes: Uint8Array }[] = [];
  if (COMPRESSED.has(extension)) {
    forms.push({ encoding: 'br', bytes: brotliCompressSync(plain, BROTLI) });
    forms.push({ encoding: 'gzip', bytes: gzipSync(plain) });
  }
  const asItIs = { encoding: null, bytes: plain };
  return {
    type: TYPES[extension] ?? 'application/octet-stream',
    body: (accepted) => forms.find(({ encoding }) => encoding !== null && accepted.includes(encoding)) ?? asItIs,
  };
}
