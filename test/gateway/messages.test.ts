// What an agent sends, read without a doubt; and the names under which it sees tools.

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { flawIn } from '../../src/gateway/message-text.ts';
import { miniServer, modern, result, tool } from '../mcp/mini-server.ts';
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
});
