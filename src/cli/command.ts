// What a command is: its options with their help beside them, and what it does. Who reads arguments
// (arguments.ts), prints help (help.ts) and prints results (output.ts) needs no more than this.

import type { Output } from './output.ts';

export type Option = {
  readonly type: 'string' | 'boolean';
  readonly help: string;
  /** How the help calls the value: `--url ADDRESS`. */
  readonly value?: string;
  readonly choices?: readonly string[];
  readonly required?: true;
};

export type Options = { readonly [name: string]: Option };

type Value<O extends Option> = O extends { readonly type: 'boolean' }
  ? boolean
  : O extends { readonly choices: readonly (infer Choice)[] }
    ? Choice
    : string;

export type Values<O extends Options> = {
  readonly [name in keyof O]: O[name] extends { readonly required: true } ? Value<O[name]> : Value<O[name]> | undefined;
};

type Call<O extends Options> = {
  readonly values: Values<O>;
  /** As many as the command names in `operands`. */
  readonly operands: readonly string[];
};

type Definition<O extends Options> = {
  /** What stands after the command without a flag; each is required. */
  readonly operands?: readonly string[];
  readonly options: O;
  /** What a person should know beyond the summary. */
  readonly details?: string;
  /** @returns the exit code */
  readonly run: (call: Call<O>, output: Output) => Promise<number>;
};

/** A command as the dispatcher sees it, values yet to be matched with its options. */
export type Command = Omit<Definition<Options>, 'run'> & {
  readonly run: (call: ParsedCall, output: Output) => Promise<number>;
};

type ParsedCall = {
  readonly values: { readonly [name: string]: string | boolean | undefined };
  readonly operands: readonly string[];
};

/** Ties the type of the values to the options. */
export function command<const O extends Options>(definition: Definition<O>): Command {
  // Sound because arguments.ts hands over values of exactly these options, checked.
  return definition as unknown as Command;
}

/** A command line that cannot be understood: exit code 2, and a pointer to the help. */
export class UsageError extends Error {
  /** What to put before `--help`: `keys rotate`, or nothing. */
  readonly command: string;

  constructor(message: string, command = '') {
    super(message);
    this.name = 'UsageError';
    this.command = command;
  }
}
