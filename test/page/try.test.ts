// “Try a tool” with a server that asks back: forms made from its schema, pages to open, and a refusal.

import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type MiniServer, miniServer, modern, result, tool } from '../mcp/mini-server.ts';
import { HANDS, type Hand } from './hands.ts';
import { axe, openStage, type Stage } from './stage.ts';

const PASSENGER = {
  type: 'object',
  properties: {
    name: { type: 'string', title: 'Full name', minLength: 2 },
    email: { type: 'string', format: 'email', title: 'Address' },
    seat: {
      type: 'string',
      title: 'Seat',
      oneOf: [
        { const: 'w', title: 'Window' },
        { const: 'a', title: 'Aisle' },
      ],
    },
    meals: { type: 'array', title: 'Meals', items: { type: 'string', enum: ['lunch', 'dinner'] } },
    bags: { type: 'integer', title: 'Bags', minimum: 0, default: 1 },
    news: { type: 'boolean', title: 'Newsletter', default: false },
  },
  required: ['name', 'seat'],
};
const PAY = 'https://pay.example.test/bill?id=7&for=someone';
const FIRST_STATE = ' {"round" : 1} é';

/** Books a journey: asks who travels, then for a payment at a page of its own. */
const bookingServer = (): Promise<MiniServer> =>
  miniServer(
    modern((seen, response) => {
      const { method, params = {} } = seen.rpc;
      if (method === 'tools/list')
        result(response, seen, { resultType: 'complete', tools: [tool('book')], ttlMs: 60_000, cacheScope: 'private' });
      else if (method === 'tools/call') result(response, seen, booking(params));
      else return false;
      return true;
    }),
  );

function booking({ requestState, inputResponses }: Record<string, unknown>): Record<string, unknown> {
  const { who, pay } = (inputResponses ?? {}) as Record<string, { action: string } | undefined>;
  const ask = (name: string, params: object, state: string) => ({
    resultType: 'input_required',
    inputRequests: { [name]: { method: 'elicitation/create', params } },
    requestState: state,
  });
  if (who === undefined && pay === undefined)
    return ask('who', { mode: 'form', message: 'Who travels?', requestedSchema: PASSENGER }, FIRST_STATE);
  if (who?.action === 'accept' && requestState === FIRST_STATE)
    return ask('pay', { mode: 'url', message: 'Pay first.', url: PAY, elicitationId: 'e1' }, 'second');
  return { resultType: 'complete', content: [{ type: 'text', text: `ended with ${(who ?? pay)?.action}` }] };
}

describe.each(HANDS)('%s', (_name, handAt) => {
  let stage: Stage;
  let page: Page;
  let hand: Hand;

  beforeAll(async () => {
    stage = await openStage();
    page = await stage.owner();
    hand = handAt(page);
  });
  afterAll(() => stage?.close());
  afterEach(() => hand.steady());

  /** An agent that may call `book`, at “Try a tool”, asked back already. */
  async function askedBack(): Promise<MiniServer> {
    const server = await bookingServer();
    const { hub } = stage;
    const made = await hub.ok('POST', '/api/connectors', { name: 'Travel', url: server.url, authType: 'none' });
    const agent = await hub.ok('POST', '/api/agents', { name: 'Planner' });
    onTestFinished(async () => {
      await hub.ok('DELETE', `/api/connectors/${made.id}`);
      await hub.ok('DELETE', `/api/agents/${agent.id}`);
    });
    await hub.ok('PUT', `/api/agents/${agent.id}/tools`, { tools: [`mcp__${made.key}__book`] });
    await page.goto(`${hub.url}/agents/${agent.id}?tab=try`);
    await hand.press(page.getByRole('button', { name: 'Run' }));
    await page.getByRole('heading', { name: 'Travel asks back' }).waitFor();
    return server;
  }
  const answersTo = (server: MiniServer) =>
    server.of('tools/call').map(({ rpc: { params } }) => ({
      state: params?.requestState,
      answers: params?.inputResponses,
    }));

  test('a form that the server asks for is filled in, and then its page is opened by the person alone', async () => {
    const server = await askedBack();
    expect(server.of('tools/call')[0]?.rpc.params?._meta).toMatchObject({
      'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {}, url: {} } },
    });
    await page.getByText('Who travels?').waitFor();
    expect(await axe(page)).toEqual([]);
    expect(await page.getByLabel('Address').getAttribute('type')).toBe('email');
    expect(await page.getByLabel('Bags').inputValue()).toBe('1');
    await hand.fill(page.getByLabel('Full name'), 'Ada Winter');
    await hand.choose(page.getByLabel('Seat'), 'a');
    await hand.tick(page.getByRole('checkbox', { name: 'lunch' }));
    await hand.press(page.getByRole('button', { name: 'Send answer' }));

    await page.getByText('Pay first.').waitFor();
    const link = page.getByRole('link', { name: 'Open pay.example.test' });
    expect(await link.getAttribute('href')).toBe(PAY);
    expect(await link.getAttribute('rel')).toBe('noopener noreferrer');
    await page.getByText(PAY, { exact: true }).waitFor();
    expect(await axe(page)).toEqual([]);
    await hand.press(page.getByRole('button', { name: 'I have done it' }));
    await page.getByText('ended with accept').waitFor();
    expect(answersTo(server).slice(1)).toEqual([
      {
        state: FIRST_STATE,
        answers: {
          who: { action: 'accept', content: { name: 'Ada Winter', seat: 'a', meals: ['lunch'], bags: 1, news: false } },
        },
      },
      { state: 'second', answers: { pay: { action: 'accept' } } },
    ]);
  });

  test.each([
    ['Decline', 'decline'],
    ['Cancel', 'cancel'],
  ])('“%s” tells the server so, with nothing of what was typed', async (button, action) => {
    const server = await askedBack();
    await hand.fill(page.getByLabel('Full name'), 'Nobody');
    await hand.press(page.getByRole('button', { name: button, exact: true }));
    await page.getByText(`ended with ${action}`).waitFor();
    expect(answersTo(server).at(-1)?.answers).toEqual({ who: { action } });
  });

  test('no page broke the content security policy or threw', () => {
    expect(stage.complaints).toEqual([]);
  });
});
