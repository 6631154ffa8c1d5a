// The help texts, made from the commands themselves.

import { COMMON_OPTIONS } from './arguments.ts';
import type { Command, Option } from './command.ts';
import { COMMANDS, membersOf } from './commands.ts';
import { bold, pairs } from './output.ts';

/** What `chatelaine --help` prints, or `chatelaine <group> --help` for the commands of one group. */
export function overview(group: string | null = null): string {
  const members = group === null ? null : new Set(membersOf(group).map((name) => `${group} ${name}`));
  const shown = Object.entries(COMMANDS).filter(([path]) => members === null || members.has(path));
  return [
    `${bold('chatelaine')} ${group ?? '[command]'} [options]`,
    '',
    pairs(shown.map(([path, { summary }]) => [path, summary])),
    '',
    'Options of each: chatelaine <command> --help. Settings are environment variables, which options override.',
  ].join('\n');
}

/** What `chatelaine <command> --help` prints. */
export function helpOf(path: string, command: Command): string {
  const operands = (command.operands ?? []).map((name) => ` <${name}>`).join('');
  const own = Object.entries<Option>(command.options).sort(
    ([, a], [, b]) => Number(b.required ?? 0) - Number(a.required ?? 0),
  );
  const required = own.filter(([, option]) => option.required).map(([name, option]) => ` ${spelled(name, option)}`);
  return [
    `${bold(`chatelaine ${path}`)}${operands}${required.join('')} [options]`,
    '',
    `  ${sentence(COMMANDS[path]?.summary ?? '')}`,
    ...(command.details === undefined ? [] : ['', ...command.details.split('\n').map((line) => `  ${line}`)]),
    '',
    pairs(
      [...own, ...Object.entries<Option>(COMMON_OPTIONS)].map(([name, option]) => [spelled(name, option), option.help]),
    ),
  ].join('\n');
}

function spelled(name: string, option: Option): string {
  if (option.type === 'boolean') return `--${name}`;
  return `--${name} ${option.choices?.join('|') ?? option.value ?? 'VALUE'}`;
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
