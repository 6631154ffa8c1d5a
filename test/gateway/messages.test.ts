// What an agent sends, read without a doubt; and the names under which it sees tools.

import type { ServerResponse } from 'node:http';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { flawIn, withParamsName } from '../../src/gateway/message-text.ts';
import { legacy, miniServer, modern, result, type Seen, tool } from '../mcp/mini-server.ts';
import { startHub, type TestHub } from '../support/hub.ts';
import { agentWith, connectTo, envelope, MODERN, modernClient, post } from './agents.ts';

describe('keys that could be read in two ways', () => {
  test.each([
    ['{"method":"a","method":"b"}', true],
    ['{"method":"a","Method":"b"}', true],
    ['{"params":{"name":"a","name":"b"}}', true],
    ['{"params":{"name":"a","na\\u006de":"b"}}', true],
    ['{"params":{"name":"a" , "NAME" : "b"}}', true],
    ['{"params":{"name":"a"},"id":{"name":"b"}}', false],
    ['{"params":{"name":"name","arguments":{"x":1,"x":2}}}', false],
    ['{"a":"\\"b\\":{","b":["a","a"]}', false],
    ['{"a":"\\\\","b":"\\\\\\""}', false],
    ['[{"id":1},{"id":2}]', false],
  ])('%s: %s', (text, expected) => {
    expect(flawIn(text)).toBe(expected ? 'ambiguous' : null);
  });

  test('are never found in what a serializer wrote, however odd the strings', () => {
    const key = fc.string({ maxLength: 6 }).map((text) => text.toLowerCase());
    const value = fc.oneof(fc.string(), fc.integer(), fc.dictionary(key, fc.string(), { maxKeys: 3 }));
    const isOne = (object: object): boolean => {
      const names = Object.keys(object).map((name) => name.toLowerCase());
      return new Set(names).size === names.length;
    };
    fc.assert(
      fc.property(fc.dictionary(key, value, { maxKeys: 5 }), (object) => {
        fc.pre(isOne(object) && Object.values(object).every((one) => typeof one !== 'object' || isOne(one)));
        expect(flawIn(JSON.stringify(object, null, 1))).toBeNull();
        expect(flawIn(JSON.stringify(object))).toBeNull();
      }),
    );
  });
});

describe('a message under another name', () => {
  test('differs in that name alone, wherever else the same word stands', () => {
    const message = (name: string): string =>
      `{ "name":"a","id":{"params":{"name":"a"}}, "params" : {"arguments":{"name":"a","n":12345678901234567890},"na\\u006de" : ${name} ,"x":["name","a"]},"y":"a" }`;
    expect(withParamsName(message('"a\\"b"'), 'other "name"')).toBe(message('"other \\"name\\""'));
  });

  test('is the message that a parser would have changed', () => {
    const params = fc.dictionary(fc.string({ maxLength: 6 }), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 });
    fc.assert(
      fc.property(params, fc.string(), fc.string(), fc.constantFrom(undefined, 1), (others, before, after, space) => {
        const message = { jsonrpc: '2.0', params: { ...others, name: before }, method: 'tools/call' };
        fc.pre(flawIn(JSON.stringify(message)) === null);
        const changed = withParamsName(JSON.stringify(message, null, space), after);
        const expected = { ...message, params: { ...message.params, name: after } };
        expect(JSON.parse(changed)).toEqual(JSON.parse(JSON.stringify(expected)));
      }),
    );
  });
});

describe('over the wire', () => {
  let hub: TestHub;
  beforeAll(async () => {
    hub = await startHub();
  });
  afterAll(() => hub?.close());

  const LONG = `get_${'very_'.repeat(20)}long_name`;
  const serverOf = () =>
    miniServer(
      modern((seen, response) => {
        if (seen.rpc.method === 'tools/list') {
          const tools = [tool('granted'), tool('forbidden'), tool(LONG), tool(`${LONG}r`)];
          result(response, seen, { resultType: 'complete', tools });
        } else if (seen.rpc.method === 'tools/call') {
          result(response, seen, { resultType: 'complete', content: [], called: seen.rpc.params?.name });
        } else return false;
        return true;
      }),
    );

  test('a call that names two tools reaches no server', async () => {
    const server = await serverOf();
    const { key } = await connectTo(hub, server.url);
    const agent = await agentWith(hub, [`mcp__${key}__granted`]);
    const meta = JSON.stringify(envelope());
    const headers = { 'mcp-protocol-version': MODERN, 'mcp-method': 'tools/call', 'mcp-name': 'granted' };
    const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"forbidden","name":"granted","_meta":${meta}}}`;
    const response = await post(`${hub.url}/mcp/${key}`, agent.key, body, headers);
    expect(response.status).toBe(400);
    expect(server.of('tools/call')).toEqual([]);
  });

  test('long names are short at the endpoint with every tool, different, the same each time, and callable', async () => {
    const server = await serverOf();
    const { key } = await connectTo(hub, server.url);
    const agent = await agentWith(hub, [`mcp__${key}__${LONG}`, `mcp__${key}__${LONG}r`]);
    const client = modernClient(`${hub.url}/mcp`, agent.key);
    const names = async (): Promise<string[]> =>
      (await client.request('tools/list')).answer.result.tools.map(({ name }: { name: string }) => name);
    const [first = '', second = ''] = await names();
    expect([first, second].every((name) => name.length <= 64 && /^[\w.-]+$/.test(name))).toBe(true);
    expect(first).not.toBe(second);
    expect(await names()).toEqual([first, second]);
    const called = await client.request('tools/call', { name: second, arguments: {} });
    expect(called.answer.result.called).toBe(`${LONG}r`);
  });

  const LARGE = '12345678901234567890';
  const ARGUMENTS = `{"account":${LARGE},"share":0.1,"limit":1e400}`;

  test.each([
    ['modern', 'modern'],
    ['modern', 'legacy'],
    ['2025-11-25', 'modern'],
    ['2025-11-25', 'legacy'],
    ['2025-03-26', 'legacy'],
  ])('numbers larger than a double holds pass between a %s agent and a %s server', async (agentEra, serverEra) => {
    const list = { tools: [tool('look', { inputSchema: { type: 'object', properties: { account: {} } } })] };
    const answer = (seen: Seen, response: ServerResponse): boolean => {
      if (seen.rpc.method === 'tools/list') result(response, seen, { resultType: 'complete', ...list });
      else if (seen.rpc.method === 'tools/call') {
        const text = `{"jsonrpc":"2.0","id":${JSON.stringify(seen.rpc.id)},"result":{"resultType":"complete","content":[],"structuredContent":${ARGUMENTS}}}`;
        response.writeHead(200, { 'content-type': 'application/json' }).end(text);
      } else return false;
      return true;
    };
    const server = await miniServer(serverEra === 'modern' ? modern(answer) : legacy(answer));
    const { key } = await connectTo(hub, server.url);
    const agent = await agentWith(hub, [`mcp__${key}__look`]);
    const params = (name: string, meta: string): string => `{"name":"${name}","arguments":${ARGUMENTS}${meta}}`;
    for (const [path, name] of [
      ['/mcp', `${key}__look`],
      [`/mcp/${key}`, 'look'],
    ] as const) {
      const url = `${hub.url}${path}`;
      let said: string;
      if (agentEra === 'modern') {
        const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params(name, `,"_meta":${JSON.stringify(envelope())}`)}}`;
        const headers = { 'mcp-protocol-version': MODERN, 'mcp-method': 'tools/call', 'mcp-name': name };
        said = await (await post(url, agent.key, body, headers)).text();
      } else {
        const begun = await post(url, agent.key, {
          jsonrpc: '2.0',
          id: 0,
          method: 'initialize',
          params: { protocolVersion: agentEra, capabilities: {}, clientInfo: { name: 'test', version: '1' } },
        });
        await begun.text();
        const session = { 'mcp-session-id': begun.headers.get('mcp-session-id') ?? '' };
        const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params(name, '')}}`;
        const batched = agentEra === '2025-03-26' ? `[${body}]` : body;
        said = await (await post(url, agent.key, batched, session)).text();
      }
      expect(said).toContain(ARGUMENTS);
      expect(server.of('tools/call').at(-1)?.text).toContain(ARGUMENTS);
    }
  });
});
