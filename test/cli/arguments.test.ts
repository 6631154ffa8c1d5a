import { describe, expect, test } from 'vitest';
import { readArguments } from '../../src/cli/arguments.ts';
import { type Command, UsageError } from '../../src/cli/command.ts';
import { COMMANDS } from '../../src/cli/commands.ts';
import { reportFailure } from '../../src/cli/failure.ts';
import { helpOf, overview } from '../../src/cli/help.ts';
import { pairs, table } from '../../src/cli/output.ts';
import { readExpiry } from '../../src/cli/times.ts';

const load = async (path: string): Promise<Command> => {
  const command = await COMMANDS[path]?.load();
  if (command === undefined) throw new Error(`no command ${path}`);
  return command;
};

describe('arguments', () => {
  test.each([
    [
      'connectors add',
      ['--name', 'Linear', '--url', 'https://x.example', '--secret', 'hunter2'],
      'no option "--secret"',
    ],
    ['connectors add', ['--name', 'Linear', '--url', 'https://x.example', '--secret=hunter2'], 'no option "--secret"'],
    ['connectors add', ['--name', 'Linear', '--url', 'https://x.example', '--secret-stdin=hunter2'], 'takes no value'],
    [
      'connectors add',
      ['--name', 'Linear', '--url', 'https://x.example', '--secret-stdin', 'hunter2'],
      'only options can follow',
    ],
    ['connectors add', ['--name', '--url', 'https://x.example'], '--name needs a value'],
    ['connectors add', ['--name', 'Linear', '--name=Sentry', '--url', 'https://x.example'], '--name is given twice'],
    ['connectors add', ['--name', 'Linear'], '--url is missing'],
    [
      'connectors add',
      ['--name', 'Linear', '--url', 'https://x.example', '--auth-type', 'magic'],
      'takes one of none, bearer',
    ],
    ['connectors sync', [], '<id or key> is missing'],
    ['connectors sync', ['linear', 'sentry'], 'too many words'],
    ['tokens create', [], '--role is missing'],
    ['tokens create', ['--role', 'king'], 'takes one of owner, operator, reader'],
    ['serve', ['--constructor', 'x'], 'no option "--constructor"'],
    ['serve', ['--port'], '--port needs a value'],
    ['serve', ['--\u001b[2J'], 'no option "--\\u001b[2J"'],
  ])('%s %j is refused, and no value is repeated', async (path, args, said) => {
    const command = await load(path);
    const refuse = () => readArguments(path, command, args);
    expect(refuse).toThrow(UsageError);
    expect(refuse).toThrow(said);
    expect(refuse).not.toThrow(/hunter2|magic|king/);
  });

  test('options and operands come out by name and in order, in either spelling', async () => {
    const read = readArguments('connectors sync', await load('connectors sync'), ['linear', '--data=a b', '--json']);
    expect(read).toEqual({ values: { data: 'a b', json: true }, operands: ['linear'], json: true, help: false });
  });

  test('--help needs nothing else', async () => {
    expect(readArguments('connectors add', await load('connectors add'), ['--help']).help).toBe(true);
  });
});

describe('help', () => {
  test.each(Object.keys(COMMANDS))('%s explains itself and every option', async (path) => {
    const command = await load(path);
    const help = helpOf(path, command);
    for (const [name, option] of Object.entries(command.options)) {
      expect(help).toContain(`--${name}`);
      expect(help).toContain(option.help);
    }
    expect(overview()).toContain(`  ${path} `);
  });

  test.each(Object.keys(COMMANDS))('%s takes no secret as an argument', async (path) => {
    const takesValue = Object.entries((await load(path)).options).filter(([, option]) => option.type === 'string');
    const names = takesValue.map(([name]) => name).filter((name) => /secret|token|key|password/.test(name));
    expect(names.filter((name) => name !== 'secret-reference')).toEqual([]);
  });
});

describe('times', () => {
  test.each([
    ['2027-01-31', Date.UTC(2027, 0, 31)],
    ['2027-01-31T12:00Z', Date.UTC(2027, 0, 31, 12)],
    ['2027-01-31T12:00:00.5+02:00', Date.UTC(2027, 0, 31, 10, 0, 0, 500)],
  ])('%s is one moment everywhere', (text, at) => {
    expect(readExpiry(text, 'tokens create')).toBe(at);
  });

  test.each(['tomorrow', '2027', '2027-13-01', '2027-01-31T12:00', '31.01.2027', '1e12'])('%s is refused', (text) => {
    expect(() => readExpiry(text, 'tokens create')).toThrow(UsageError);
  });
});

describe('output', () => {
  test('columns are aligned', () => {
    expect(
      table(
        ['KEY', 'NAME'],
        [
          ['a', 'b'],
          ['longer', 'c'],
        ],
      ),
    ).toBe('KEY     NAME\na       b\nlonger  c');
  });

  test('text from elsewhere can neither steer the terminal nor forge a line', () => {
    expect(pairs([['name', 'a\u001b[2Jb\nstate  ok\u202e']])).toBe('  name  a\ufffd[2Jb\ufffdstate  ok\ufffd');
  });

  test('nothing but a foreseen failure is called foreseen', () => {
    const lines: unknown[] = [];
    const { error } = console;
    console.error = (line) => lines.push(line);
    try {
      expect(reportFailure(new UsageError('--name is missing.', 'agents add'), false, null)).toBe(2);
      expect(reportFailure(new Error('boom'), false, null)).toBe(1);
    } finally {
      console.error = error;
    }
    expect(lines[0]).toBe('chatelaine: --name is missing. See: chatelaine agents add --help');
    expect(lines[1]).toBe('chatelaine: something unexpected went wrong.');
    expect(lines[2]).toContain('Error: boom');
  });
});
