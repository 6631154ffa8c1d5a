// Readers of what comes from outside, against a corpus (one file each: what, the text, what is made of it) and against
// what chance makes of it. Whatever comes, a reader answers or throws what it is documented to throw; it tells no
// secret, forges no line of a log, and twice the text is not four times the work. A text that once went wrong stays.

import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseBody, readMessage } from '../../src/gateway/agent-message.ts';
import { checkReturnTo } from '../../src/hub/return-to.ts';
import { canonicalJson } from '../../src/mcp/canonical-json.ts';
import { decodeHeaderValue, encodeHeaderValue } from '../../src/mcp/header-value.ts';
import { judgeTool } from '../../src/mcp/judge-tool.ts';
import { toolDigest } from '../../src/mcp/tool-digest.ts';
import { connectorKeyFrom, offeredToolName, parseOfferedToolName } from '../../src/mcp/tool-name.ts';
import { Secret } from '../../src/secret.ts';
import { parseKeyring } from '../../src/vault/keyring.ts';
import { createVault } from '../../src/vault/seal.ts';
import { hostileText, hostileValue, runs } from '../support/fuzz.ts';
import { BASE, KEYS, outcome, READERS, SENT } from './readers.ts';

type Vector = readonly [what: string, text: string, word: string];

const corpus = (name: string): Vector[] =>
  JSON.parse(readFileSync(new URL(`./${name}.json`, import.meta.url), 'utf8')) as Vector[];

/** Longer words of an error fill logs and pages. */
const SAID_MAX_CHARACTERS = 16_000;

/** Settings that hold no secret are quoted; whoever puts one there reads it on their own console. */
const QUOTED: ReadonlySet<string> = new Set(['settings', 'allowed-hosts']);

function expectFitToShow(said: string, maySay = false): void {
  if (!maySay) expect(said).not.toContain(SENT.reveal());
  // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these must not be there
  expect(said).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/);
  expect(said.length).toBeLessThan(SAID_MAX_CHARACTERS);
}

describe.each(Object.entries(READERS))('%s', (name, reader) => {
  test.each(corpus(name))('%s', async (_what, text, word) => {
    const { word: found, said } = await outcome(reader, text);
    expect(found).toBe(word);
    expectFitToShow(said);
  });

  test('answers or refuses whatever chance makes of it', async () => {
    const texts = corpus(name)
      .map(([, text]) => text)
      .filter((text) => text.length < 3_000);
    await fc.assert(
      fc.asyncProperty(mutated(texts), async (text) => {
        expectFitToShow((await outcome(reader, text)).said, QUOTED.has(name));
      }),
      runs(60),
    );
  });
});

/** One of the texts with some of it cut out, doubled, replaced or put into another one. */
function mutated(texts: readonly string[]): fc.Arbitrary<string> {
  const one = fc.constantFrom(...texts);
  const place = fc.double({ min: 0, max: 1, noNaN: true });
  const cut = fc.record({
    from: place,
    to: place,
    into: fc.oneof(hostileText(), one),
    times: fc.integer({ min: 0, max: 3 }),
  });
  return fc.oneof(
    { weight: 1, arbitrary: hostileText() },
    { weight: 1, arbitrary: hostileValue().map((value) => JSON.stringify(value) ?? '') },
    {
      weight: 4,
      arbitrary: fc.tuple(one, fc.array(cut, { minLength: 1, maxLength: 4 })).map(([text, cuts]) =>
        cuts.reduce((left, { from, to, into, times }) => {
          const [start, end] = [from, to].map((share) => Math.floor(share * left.length)).sort((a, b) => a - b);
          return left.slice(0, start) + into.repeat(times) + left.slice(end);
        }, text),
      ),
    },
  );
}

describe('work grows with the text, not with its square', () => {
  const PUMPED: readonly [reader: string, what: string, text: (times: number) => string][] = [
    ['challenge', 'open quotes', (n) => 'Bearer a="b", '.repeat(n)],
    ['challenge', 'words', (n) => 'a '.repeat(n)],
    ['resource-metadata', 'brackets', (n) => '['.repeat(n)],
    ['server-metadata', 'members', (n) => `{${Array.from({ length: n }, (_, i) => `"m${i}":1`).join()}}`],
    ['token', 'scopes', (n) => JSON.stringify({ access_token: 'a', token_type: 'bearer', scope: 'ab '.repeat(n) })],
    ['token', 'what was sent', (n) => JSON.stringify({ error: 'x', error_description: SENT.reveal().repeat(n) })],
    ['sse', 'short lines', (n) => 'data: a\n\n'.repeat(n)],
    ['sse', 'a comment without end', (n) => `:${'x'.repeat(8 * n)}`],
    ['server-answer', 'messages', (n) => `[${'{"method":"a"},'.repeat(Math.min(n, 600))}1]`],
    ['agent-message', 'keys', (n) => `{${Array.from({ length: n }, (_, i) => `"k${i}":0`).join()}}`],
    ['agent-message', 'escapes', (n) => `{"a":"${'\\"'.repeat(n)}"}`],
    ['agent-message', 'quotes', (n) => '"'.repeat(n)],
    ['agent-message', 'blanks behind strings', (n) => `["a"${' '.repeat(n)}`],
    [
      'tool',
      'properties',
      (n) => tool(Object.fromEntries(Array.from({ length: n }, (_, i) => [`p${i}`, { type: 'string' }]))),
    ],
    [
      'tool',
      'headers',
      (n) =>
        tool(
          Object.fromEntries(
            Array.from({ length: n }, (_, i) => [`p${i}`, { type: 'string', 'x-mcp-header': `H${i}` }]),
          ),
        ),
    ],
    [
      'pages',
      'tools',
      (n) => JSON.stringify([{ tools: Array.from({ length: Math.min(n, 9_000) }, (_, i) => ({ name: `t${i}` })) }]),
    ],
    ['tool-name', 'underscores', (n) => `mcp__${'a_'.repeat(n)}`],
    ['sealed-text', 'characters', (n) => `v1.k1.${'A'.repeat(n)}`],
    ['return-to', 'dots', (n) => `/${'../'.repeat(n)}`],
    ['url', 'parameters', (n) => `https://a.example/?${'a=b&'.repeat(n)}`],
  ];
  const SMALL = 2_000;
  const TIMES = 8;
  /** Of time; a square would be 64. */
  const LIMIT = 36;

  test.each(PUMPED)('%s: %s', async (name, _what, text) => {
    const reader = READERS[name];
    if (reader === undefined) throw new Error(`there is no reader ${name}`);
    const work = async (given: string): Promise<number> => {
      const times: number[] = [];
      for (let i = 0; i < 3; i += 1) {
        const from = process.cpuUsage();
        await outcome(reader, given);
        const { user, system } = process.cpuUsage(from);
        times.push(user + system);
      }
      return Math.min(...times);
    };
    const [small, large] = [text(SMALL), text(SMALL * TIMES)];
    await work(small);
    // Below a millisecond the clock says nothing.
    const base = Math.max(await work(small), 1_000);
    expect((await work(large)) / base).toBeLessThan(LIMIT);
  });

  function tool(properties: Record<string, unknown>): string {
    return JSON.stringify({ name: 'a', inputSchema: { type: 'object', properties } });
  }
});

describe('what goes out comes back', () => {
  const vault = createVault(parseKeyring(KEYS));
  const wellFormed = fc.string({ unit: 'grapheme', maxLength: 200 });

  test('a header value of any text', () => {
    fc.assert(
      fc.property(fc.oneof(hostileText(), wellFormed), (text) => {
        const field = encodeHeaderValue(text);
        expect(field).toMatch(/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/);
        expect(decodeHeaderValue(field)).toBe(text.toWellFormed());
      }),
      runs(300),
    );
  });

  test('a sealed text, in its place alone and unchanged alone', async () => {
    const place = { kind: 'flow.state', id: 'one', issuer: 'https://as.example' };
    await fc.assert(
      fc.asyncProperty(wellFormed, fc.nat(), fc.integer({ min: 1, max: 127 }), async (text, at, change) => {
        const sealed = await vault.seal(new Secret(text), place);
        expect((await vault.open(sealed, place)).reveal()).toBe(text);
        const index = at % sealed.length;
        const other = String.fromCharCode((sealed.charCodeAt(index) + change) % 128);
        const broken = sealed.slice(0, index) + other + sealed.slice(index + 1);
        for (const [one, where] of [
          [broken, place],
          [sealed.slice(0, index), place],
          [sealed, { ...place, id: 'two' }],
          [sealed, { ...place, issuer: null }],
          [sealed, { ...place, kind: 'flow.stat' }],
        ] as const) {
          if (one === sealed && where === place) continue;
          await expect(vault.open(one, where)).rejects.toMatchObject({ code: 'secret_unreadable' });
        }
      }),
      runs(60),
    );
  });

  test('a tool with all that it holds, under one digest however its keys are ordered', async () => {
    const field = fc.oneof(hostileText(), fc.constantFrom('__proto__', 'x-more', '_meta', 'title2'));
    const extra = fc.dictionary(field, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 5 });
    await fc.assert(
      fc.asyncProperty(extra, extra, async (more, inner) => {
        const text = JSON.stringify({ ...more, ...SHAPE, inputSchema: { ...inner, ...SHAPE.inputSchema } });
        const judged = judgeTool(JSON.parse(text), 'modern');
        if ('dropped' in judged) return;
        expect(canonicalJson(judged.tool)).toBe(canonicalJson(JSON.parse(text)));
        const reordered = Object.fromEntries(Object.entries(judged.tool).reverse()) as typeof judged.tool;
        expect(await toolDigest(reordered)).toBe(await toolDigest(judged.tool));
      }),
      runs(150),
    );
  });
  const SHAPE = {
    name: 'a',
    description: 'd',
    title: 't',
    annotations: {},
    outputSchema: {},
    inputSchema: { type: 'object', properties: {} },
  };

  test('the name of a tool, for any connector and any tool', () => {
    fc.assert(
      fc.property(fc.oneof(hostileText(), wellFormed), hostileText(), (connector, name) => {
        const key = connectorKeyFrom(connector);
        expect(key).toMatch(/^[a-z0-9]+(?:_[a-z0-9]+)*$/);
        expect(key.length).toBeLessThanOrEqual(32);
        if (name !== '') expect(parseOfferedToolName(offeredToolName(key, name))).toEqual({ key, tool: name });
      }),
      runs(400),
    );
  });

  test('the id of a request of an agent, to the letter', () => {
    const id = fc.oneof(
      fc.string().map((text) => JSON.stringify(text)),
      fc.integer().map(String),
      fc.constantFrom('1e400', '-1e400', '1.0', '9007199254740993', '0.1', '-0', '1E2'),
    );
    fc.assert(
      fc.property(id, (written) => {
        let message: ReturnType<typeof readMessage>;
        try {
          message = readMessage(parseBody(`{"jsonrpc":"2.0","id":${written},"method":"ping"}`), {});
        } catch {
          return;
        }
        if (message.kind !== 'request') throw new Error('a request was read as something else');
        // Other languages hold whole numbers exactly: what we would answer under must be the number that was sent.
        const answered = JSON.stringify(message.id);
        if (/^-?\d+$/.test(written)) expect(BigInt(answered)).toBe(BigInt(written));
        else expect(JSON.parse(answered)).toBe(JSON.parse(written));
      }),
      runs(200),
    );
  });
});

test('a way back never leads to another origin, in the eyes of a browser', () => {
  const part = fc.constantFrom(
    '/',
    '\\',
    '.',
    '..',
    '%2f',
    '%5c',
    '%2e',
    '@',
    ':',
    '?',
    '#',
    '\t',
    'a',
    'evil.example',
    'https:',
    '\u2215',
  );
  fc.assert(
    fc.property(
      fc.array(part, { maxLength: 8 }).map((parts) => `/${parts.join('')}`),
      (text) => {
        let path: string | null;
        try {
          path = checkReturnTo(BASE, text);
        } catch {
          return;
        }
        if (path === null) return;
        expect(new URL(path, BASE).origin).toBe(new URL(BASE).origin);
        expect(new URL(path, `${BASE}/sign-in/oidc/sso/callback`).origin).toBe(new URL(BASE).origin);
      },
    ),
    runs(2_000),
  );
});
