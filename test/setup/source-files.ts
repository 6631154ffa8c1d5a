// The project's own files as text, for the tests that read them: which files there are, what they import,
// and their code without comments and without the insides of strings. Offsets, so line numbers too, are kept.

import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';

export type SourceFile = { readonly path: string; readonly text: string };

export type Import = {
  readonly line: number;
  /** A path from the repository's root for a relative import, else as written; null when it is computed. */
  readonly target: string | null;
  readonly typeOnly: boolean;
};

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Every file that belongs to the repository: all but what .gitignore lists (plain names and `*.ending` only). */
export function projectFiles(): string[] {
  const ignored = read('.gitignore').split('\n').filter(Boolean);
  const isIgnored = (name: string): boolean =>
    name === '.git' ||
    ignored.some((line) => (line.startsWith('*') ? name.endsWith(line.slice(1)) : name === line.replace(/\/$/, '')));
  const walk = (folder: string): string[] =>
    readdirSync(`${ROOT}${folder}`, { withFileTypes: true })
      .filter((entry) => !isIgnored(entry.name))
      .flatMap((entry) => {
        const path = posix.join(folder, entry.name);
        return entry.isDirectory() ? walk(path) : [path];
      });
  return walk('').sort();
}

export function read(path: string): string {
  return readFileSync(`${ROOT}${path}`, 'utf8');
}

/** Line number, from 1, of an offset. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

/** Static and dynamic imports and re-exports. */
export function importsOf({ path, text }: SourceFile): Import[] {
  const code = blank(text, 'comments');
  const found = [
    ...code.matchAll(/^(?:import|export)\s+(?<type>type\s+)?(?:[\w*${}\s,]+?\s*from\s*)?['"](?<target>[^'"]+)['"]/gm),
    ...code.matchAll(/(?<![.\w$])import\s*\((?!\s*\))\s*(?:['"](?<target>[^'"]+)['"])?/g),
  ];
  return found.map(({ index, groups = {} }) => {
    const { type, target = null } = groups;
    return {
      line: lineAt(text, index),
      target: target?.startsWith('.') ? posix.join(posix.dirname(path), target) : target,
      typeOnly: type !== undefined,
    };
  });
}

/**
 * The text with comments and the text of templates turned into spaces; with 'strings' the insides of
 * quoted strings and regular expressions as well.
 */
export function blank(text: string, what: 'comments' | 'strings'): string {
  const pieces: string[] = [];
  // One entry per open `${`: how many braces are open inside it.
  const templates: number[] = [];
  let last = '';
  for (let at = 0; at < text.length; ) {
    const inTemplate = text[at] === '`' || (text[at] === '}' && templates.at(-1) === 0);
    const piece =
      (inTemplate ? TEMPLATE : startsExpression(last) ? OPERAND : TOKEN).exec(text.slice(at))?.[0] ?? text.slice(at);
    const isComment = piece.startsWith('//') || piece.startsWith('/*');
    if (inTemplate) {
      if (text[at] === '}') templates.pop();
      if (piece.endsWith('${')) templates.push(0);
    } else if (piece === '{' || piece === '}') {
      const depth = templates.pop();
      if (depth !== undefined) templates.push(depth + (piece === '{' ? 1 : -1));
    }
    const isQuoted = piece.length > 1 && /^['"/]/.test(piece);
    const hidden = inTemplate || isComment || (what === 'strings' && isQuoted);
    pieces.push(hidden ? piece.replace(/[^\n]/g, ' ') : piece);
    if (!isComment && piece.trim() !== '') last = piece;
    at += piece.length;
  }
  return pieces.join('');
}

const COMMENT = String.raw`\/\/[^\n]*|\/\*[\s\S]*?\*\/`;
const STRING = String.raw`'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"`;
const REGEXP = String.raw`\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*`;
const REST = String.raw`[\w$]+|\s+|[\s\S]`;
const TOKEN = new RegExp(`^(?:${COMMENT}|${STRING}|${REST})`);
/** Where an operand may stand, a slash opens a regular expression. */
const OPERAND = new RegExp(`^(?:${COMMENT}|${STRING}|${REGEXP}|${REST})`);
/** From a backtick, or from the brace that ends a substitution, to the next substitution or the end. */
const TEMPLATE = /^[`}](?:\\[\s\S]|\$(?!\{)|[^`\\$])*(?:`|\$\{)/;

function startsExpression(last: string): boolean {
  return /^(?:return|typeof|case|in|of|do|else|void|delete|throw|new|await|yield)?$|^[^\w$)\]'"`/]$/.test(last);
}
