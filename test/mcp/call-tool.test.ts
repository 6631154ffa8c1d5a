import { describe, expect, test, vi } from 'vitest';
import { callMethod } from '../../src/mcp/call-tool.ts';
import { acceptWithDefaults, answerInputRequests } from '../../src/mcp/elicitation.ts';
import { openUpstream } from '../../src/mcp/upstream.ts';
import type { Reply } from './mini-server.ts';
import { legacy, miniServer, modern, OPTIONS, result, rpcError, tool } from './mini-server.ts';

const CALL = { method: 'tools/call', params: { name: 't', arguments: { region: 'eu' } } };

async function server(answer: Reply, era = modern) {
  const mini = await miniServer(
    era((seen, response) => {
      if (seen.rpc.method !== 'tools/call') return false;
      void answer(seen, response);
      return true;
    }),
  );
  return { mini, upstream: await openUpstream({ ...OPTIONS, url: mini.url }) };
}

const question = (params: object = {}, method = 'elicitation/create') => ({ method, params });

describe('callMethod', () => {
  test('gives a complete result, and takes one without a type as complete', async () => {
    const { upstream } = await server((seen, response) => result(response, seen, { content: [] }));
    expect(await callMethod(upstream, CALL)).toEqual({ resultType: 'complete', result: { content: [] } });
  });

  test('hands on what a modern server wants to know first', async () => {
    const asked = { resultType: 'input_required', inputRequests: { a: question() }, requestState: ' {"x" :1}\n' };
    const { upstream } = await server((seen, response) => result(response, seen, asked));
    expect(await callMethod(upstream, CALL)).toEqual({ resultType: 'input_required', result: asked });
  });

  test('takes the same words of a legacy server as its own', async () => {
    const { upstream } = await server(
      (seen, response) => result(response, seen, { resultType: 'input_required' }),
      legacy,
    );
    expect(await callMethod(upstream, CALL)).toMatchObject({ resultType: 'complete' });
  });

  test('refuses input_required that asks nothing', async () => {
    const { upstream } = await server((seen, response) => result(response, seen, { resultType: 'input_required' }));
    await expect(callMethod(upstream, CALL)).rejects.toMatchObject({ code: 'upstream_invalid_response' });
  });

  test('sends answers and state as they are, and neither when there is none', async () => {
    const { mini, upstream } = await server((seen, response) => result(response, seen, {}));
    const requestState = '\u0000{"a" : 1} é\n';
    await callMethod(upstream, { ...CALL, inputResponses: { a: { action: 'decline' } }, requestState });
    await callMethod(upstream, CALL);
    expect(mini.of('tools/call')[0]?.rpc.params).toMatchObject({
      ...CALL.params,
      inputResponses: { a: { action: 'decline' } },
      requestState,
    });
    expect(Object.keys(mini.of('tools/call')[1]?.rpc.params ?? {}).sort()).toEqual(['_meta', 'arguments', 'name']);
  });

  test('gets the headers right after the server found them wrong, once', async () => {
    const annotated = tool('t', {
      inputSchema: { type: 'object', properties: { region: { type: 'string', 'x-mcp-header': 'Region' } } },
    });
    const { mini, upstream } = await server((seen, response) =>
      seen.headers['mcp-param-region'] === 'eu'
        ? result(response, seen, { ok: true })
        : rpcError(response, 400, seen.rpc.id, -32020),
    );
    const relist = vi.fn(async () => annotated);
    expect(await callMethod(upstream, { ...CALL, tool: tool('t'), relist })).toMatchObject({ result: { ok: true } });
    expect(relist).toHaveBeenCalledOnce();
    expect(mini.of('tools/call').map(({ headers }) => headers['mcp-param-region'])).toEqual([undefined, 'eu']);
  });

  test.each([
    ['nobody can list again', undefined, 1],
    ['the tool is gone', async () => undefined, 1],
    ['the new headers are wrong too', async () => tool('t'), 2],
  ])('tells the mismatch when %s', async (_, relist, calls) => {
    const { mini, upstream } = await server((seen, response) => rpcError(response, 400, seen.rpc.id, -32020));
    await expect(callMethod(upstream, { ...CALL, relist })).rejects.toMatchObject({ rpcCode: -32020 });
    expect(mini.of('tools/call')).toHaveLength(calls);
  });
});

describe('answerInputRequests', () => {
  test('asks, answers, and echoes the state of the last round alone', async () => {
    const { mini, upstream } = await server((seen, response) => {
      const round = mini.of('tools/call').length;
      if (round === 1)
        result(response, seen, {
          resultType: 'input_required',
          requestState: 's1',
          inputRequests: { who: question({ message: 'Who?' }) },
        });
      else if (round === 2)
        result(response, seen, { resultType: 'input_required', inputRequests: { where: question() } });
      else result(response, seen, { content: [] });
    });
    const asked: unknown[] = [];
    const done = await answerInputRequests(upstream, CALL, async (params) => {
      asked.push(params);
      return { action: 'accept', content: { a: 1 } };
    });
    expect(done).toEqual({ content: [] });
    expect(asked).toEqual([{ message: 'Who?' }, {}]);
    const [first, second, third] = mini.of('tools/call').map(({ rpc }) => rpc);
    expect(second?.params).toMatchObject({
      ...CALL.params,
      requestState: 's1',
      inputResponses: { who: { action: 'accept', content: { a: 1 } } },
    });
    expect(third?.params).toMatchObject({ inputResponses: { where: { action: 'accept', content: { a: 1 } } } });
    expect(third?.params).not.toHaveProperty('requestState');
    expect(new Set([first?.id, second?.id, third?.id]).size).toBe(3);
  });

  test('comes back at once with a state alone', async () => {
    const { mini, upstream } = await server((seen, response) =>
      result(
        response,
        seen,
        seen.rpc.params?.requestState === 's' ? { done: true } : { resultType: 'input_required', requestState: 's' },
      ),
    );
    expect(await answerInputRequests(upstream, CALL, async () => ({ action: 'cancel' }))).toEqual({ done: true });
    expect(mini.of('tools/call')[1]?.rpc.params).not.toHaveProperty('inputResponses');
  });

  test('gives up a server that asks without end', async () => {
    const { mini, upstream } = await server((seen, response) =>
      result(response, seen, { resultType: 'input_required', requestState: 's' }),
    );
    await expect(answerInputRequests(upstream, CALL, async () => ({ action: 'cancel' }))).rejects.toMatchObject({
      code: 'protocol_error',
    });
    expect(mini.of('tools/call')).toHaveLength(11);
  });

  test.each([question({}, 'sampling/createMessage'), question({}, 'roots/list'), 'nonsense'])(
    'gives up a server that asks for %j',
    async (request) => {
      const { upstream } = await server((seen, response) =>
        result(response, seen, { resultType: 'input_required', inputRequests: { a: request } }),
      );
      await expect(answerInputRequests(upstream, CALL, async () => ({ action: 'cancel' }))).rejects.toMatchObject({
        code: 'protocol_error',
      });
    },
  );

  test('declines to open a page without asking anybody', async () => {
    const { mini, upstream } = await server((seen, response) =>
      result(
        response,
        seen,
        seen.rpc.params?.inputResponses
          ? {}
          : { resultType: 'input_required', inputRequests: { a: question({ mode: 'url', url: 'https://x' }) } },
      ),
    );
    const handler = vi.fn();
    await answerInputRequests(upstream, CALL, handler);
    expect(handler).not.toHaveBeenCalled();
    expect(mini.of('tools/call')[1]?.rpc.params?.inputResponses).toEqual({ a: { action: 'decline' } });
  });
});

describe('acceptWithDefaults', () => {
  test('fills in every default of the form and nothing else', () => {
    const properties = {
      name: { type: 'string', default: 'John Doe' },
      age: { type: 'integer', default: 30 },
      score: { type: 'number', default: 95.5 },
      status: { type: 'string', enum: ['active', 'pending'], default: 'active' },
      verified: { type: 'boolean', default: false },
      tags: { type: 'array', default: ['a'] },
      empty: { type: 'string', default: '' },
      none: { type: 'string' },
    };
    expect(acceptWithDefaults({ type: 'object', properties })).toEqual({
      name: 'John Doe',
      age: 30,
      score: 95.5,
      status: 'active',
      verified: false,
      tags: ['a'],
      empty: '',
    });
  });

  test.each([undefined, null, 'x', {}, { properties: [] }, { properties: { a: null, b: true } }])(
    'makes nothing of %j',
    (schema) => {
      expect(acceptWithDefaults(schema)).toEqual({});
    },
  );
});
