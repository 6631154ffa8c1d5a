// The command line: finds the command, reads its arguments, runs it, turns its end into an exit code.
// What the commands are is cli/commands.ts's.

import { readArguments } from './cli/arguments.ts';
import { type Command, UsageError } from './cli/command.ts';
import { COMMANDS, DEFAULT_COMMAND, membersOf } from './cli/commands.ts';
import { reportFailure } from './cli/failure.ts';
import { helpOf, overview } from './cli/help.ts';
import { createOutput } from './cli/output.ts';
import { quoteForeign } from './errors.ts';
import { guardMemory } from './server/memory-guard.ts';
import { VERSION } from './server/version.ts';

guardMemory();
// A reader that has enough (`| head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});
process.exitCode = await main(process.argv.slice(2));

/** @returns the exit code: 0 done, 1 failed, 2 not understood */
async function main(args: readonly string[]): Promise<number> {
  let command: Command | null = null;
  try {
    const [first, second] = args;
    if (first === '--help' || first === '-h') return print(overview());
    if (first === '--version') return print(VERSION);
    if (first !== undefined && second === '--help' && membersOf(first).length > 0) return print(overview(first));
    const { path, rest } = findCommand(args);
    command = (await COMMANDS[path]?.load()) ?? null;
    if (command === null) throw new UsageError('there is no such command.');
    const { values, operands, json, help } = readArguments(path, command, rest);
    if (help) return print(helpOf(path, command));
    return await command.run({ values, operands }, createOutput(json));
  } catch (error) {
    return reportFailure(error, args.includes('--json'), command);
  }
}

function findCommand(args: readonly string[]): { path: string; rest: readonly string[] } {
  const [first, second] = args;
  if (first === undefined || first.startsWith('-')) return { path: DEFAULT_COMMAND, rest: args };
  if (Object.hasOwn(COMMANDS, first)) return { path: first, rest: args.slice(1) };
  const members = membersOf(first);
  if (members.length === 0) throw new UsageError(`there is no command ${quoteForeign(first)}.`);
  if (second === undefined || !members.includes(second)) {
    throw new UsageError(`${first} is followed by ${members.join(', ').replace(/, (?=\S+$)/, ' or ')}.`, first);
  }
  return { path: `${first} ${second}`, rest: args.slice(2) };
}

function print(text: string): number {
  console.log(text);
  return 0;
}
