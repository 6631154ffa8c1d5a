// Every agent revision against every server revision (MCP 2024-11-05 to 2026-07-28) at both endpoints: a call,
// its progress, its cancellation, its errors, and the server's question where the pair allows one. The servers
// are built on the official packages, the agents are raw ones and the official clients of both lines.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StandIn } from '../stand-in/server.ts';
import { REVISIONS, startStandIn } from '../stand-in/server.ts';
import { TOOLS } from '../stand-in/tools.ts';
import { startHub, type TestHub } from '../support/hub.ts';
import { until } from '../support/until.ts';
import { agentWith, connectTo, MODERN } from './agents.ts';
import { asks, DRIVERS, type Outcome, type Talk } from './drivers.ts';

let hub: TestHub;
let agentKey: string;
const servers = new Map<string, { server: StandIn; key: string }>();

beforeAll(async () => {
  hub = await startHub();
  for (const revision of REVISIONS) {
    const server = await startStandIn(revision, { auth: 'bearer' });
    const secret = server.issue('ada');
    const connector = await connectTo(hub, server.url, { authType: 'bearer', credentialMode: 'shared', secret });
    servers.set(revision, { server, key: connector.key });
  }
  const names = [...servers.values()].flatMap(({ key }) => TOOLS.map((tool) => `mcp__${key}__${tool}`));
  agentKey = (await agentWith(hub, names)).key;
});
afterAll(async () => {
  await hub?.close();
  await Promise.all([...servers.values()].map(({ server }) => server.close()));
});

/** Whether the server's question can reach the person at this agent. */
function canAsk(agent: string, server: string): boolean {
  if (!asks(agent) || !asks(server)) return false;
  // A modern agent has no open stream on which an older server could ask in the middle of a call.
  return agent !== MODERN || server === MODERN;
}

const saidIn = ({ result }: Outcome) => JSON.parse(result?.content[0]?.text ?? 'null');
let nonces = 0;

describe.each(REVISIONS)('a server of %s', (revision) => {
  describe.each(DRIVERS)('and the agent $name', (driver) => {
    describe.each(['own', 'all'] as const)('at the endpoint %s', (endpoint) => {
      let talk: Talk;
      let server: StandIn;
      const nonce = (): string => {
        nonces += 1;
        return `n-${nonces}`;
      };
      const name = (tool: string): string => (endpoint === 'own' ? tool : `${servers.get(revision)?.key}__${tool}`);

      beforeAll(async () => {
        const at = servers.get(revision) as { server: StandIn; key: string };
        server = at.server;
        talk = await driver.connect(
          endpoint === 'own' ? `${hub.url}/mcp/${at.key}` : `${hub.url}/mcp`,
          agentKey,
          'Ada',
        );
      });
      afterAll(() => talk?.close());

      test('list the tools and make a call', async () => {
        expect(await talk.tools()).toEqual(expect.arrayContaining(TOOLS.map(name)));
        const args = { nonce: nonce() };
        expect(saidIn(await talk.call(name('whoami'), args))).toEqual({ account: 'ada', ...args });
      });

      test('tell of progress', async () => {
        const steps: number[] = [];
        const args = { nonce: nonce() };
        const called = await talk.call(name('steps'), args, { onProgress: (step) => steps.push(step) });
        expect(saidIn(called)).toEqual({ account: 'ada', ...args });
        expect(steps).toEqual([1, 2]);
      });

      test('end a call that the agent cancels, at the server too', async () => {
        const args = { nonce: nonce() };
        const leaving = new AbortController();
        const calling = talk
          .call(name('hold'), args, { signal: leaving.signal })
          .catch((error: unknown) => ({ error: error as Error }));
        await until('the call is at the server', () => server.held.waiting.has(args.nonce));
        leaving.abort();
        await until('the server was told', () => server.held.cancelled.has(args.nonce));
        expect((await calling).error).toBeDefined();
      });

      test('pass a failed tool and an error of the protocol on as they are', async () => {
        const args = { nonce: nonce() };
        const failed = await talk.call(name('fail'), args);
        expect(failed.result?.isError).toBe(true);
        expect(saidIn(failed)).toEqual({ account: 'ada', ...args, failed: true });
        const refused = await talk.call(name('refuse'), args);
        expect(refused.error).toMatchObject({
          code: -32603,
          message: expect.stringContaining(`refused ${args.nonce}`),
        });
        const unknown = await talk.call(name('no_such_tool'), args);
        expect(unknown.error?.code).toBe(-32602);
      });

      const asked = canAsk(driver.version, revision);
      test(asked ? 'put a question to the person' : 'end a call clearly that would need an answer', async () => {
        const args = { nonce: nonce() };
        const answered = await talk.call(name('ask'), args);
        if (asked) {
          expect(saidIn(answered)).toEqual({ account: 'ada', ...args, action: 'accept', name: 'Ada' });
        } else {
          const told = answered.result?.isError ? answered.result.content[0]?.text : answered.error?.message;
          expect(told).toMatch(/cannot be asked|not declare/);
        }
      });
    });
  });
});
