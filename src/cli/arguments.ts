// Reads the arguments of one command. Stricter than node:util alone: an option twice, a missing value and a
// word too many are each one clear sentence, and no sentence repeats a value, which may be a secret.

import { parseArgs } from 'node:util';
import { quoteForeign } from '../errors.ts';
import { type Command, type Option, type Options, UsageError } from './command.ts';

/** Options that every command has. */
export const COMMON_OPTIONS = {
  json: { type: 'boolean', help: 'print the result as one line of JSON' },
  help: { type: 'boolean', help: 'print this help' },
} as const satisfies Options;

export type Arguments = {
  readonly values: { readonly [name: string]: string | boolean | undefined };
  readonly operands: readonly string[];
  readonly json: boolean;
  readonly help: boolean;
};

const SECRET_LIKE = /secret|password|token|key/i;

/** @throws UsageError */
export function readArguments(path: string, command: Command, args: readonly string[]): Arguments {
  const fail = (message: string): never => {
    throw new UsageError(message, path);
  };
  const options: Options = { ...command.options, ...COMMON_OPTIONS };
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(Object.entries(options).map(([name, { type }]) => [name, { type }])),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values: Record<string, string | boolean> = {};
  const operands: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value);
    if (token.kind !== 'option') continue;
    const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined;
    if (option === undefined) return fail(unknownOption(token.rawName));
    if (Object.hasOwn(values, token.name)) fail(`${token.rawName} is given twice.`);
    values[token.name] = readValue(option, token, fail);
  }
  const help = values.help === true;
  if (!help) {
    const missing = Object.keys(command.options).find((name) => options[name]?.required && values[name] === undefined);
    if (missing !== undefined) fail(`--${missing} is missing.`);
    const wanted = command.operands ?? [];
    if (operands.length < wanted.length) fail(`<${wanted[operands.length]}> is missing.`);
    if (operands.length > wanted.length) {
      fail(
        wanted.length === 0
          ? 'only options can follow here.'
          : `too many words; only <${wanted.join('> <')}> is taken.`,
      );
    }
  }
  return { values, operands, json: values.json === true, help };
}

type OptionToken = {
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
};

function readValue(
  option: Option,
  { rawName, value, inlineValue }: OptionToken,
  fail: (message: string) => never,
): string | boolean {
  if (option.type === 'boolean') return value === undefined ? true : fail(`${rawName} takes no value.`);
  // The next option is no value: `--name --url …` forgot the name.
  if (value === undefined || value === '' || (!inlineValue && value.startsWith('-')))
    return fail(`${rawName} needs a value.`);
  if (option.choices !== undefined && !option.choices.includes(value))
    return fail(`${rawName} takes one of ${option.choices.join(', ')}.`);
  return value;
}

function unknownOption(rawName: string): string {
  const secret = SECRET_LIKE.test(rawName)
    ? ' A secret is never an argument: other users of this machine can read those.'
    : '';
  return `there is no option ${quoteForeign(rawName)} here.${secret}`;
}
