// The suite as a client of the gateway: fixtures behind `/mcp/{key}`, an agent that was granted all of their
// tools, and in front a loopback proxy that adds the agent's key, because the suite sends no token.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { createServer, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { FixtureEra } from './fixtures/server.ts';
import { startFixtures } from './fixtures/server.ts';
import { startHub } from './hub.ts';
import type { HubAddress } from './operator.ts';

const SUITE = fileURLToPath(
  new URL('../node_modules/@modelcontextprotocol/conformance/dist/index.js', import.meta.url),
);

/** As the suite prints it: `✓ ping: 1 passed, 0 failed`. */
const RESULT_LINE =
  /^[✓✗] (?<name>[^:]+): (?<passed>\d+) passed, (?<failed>\d+) failed(?:, (?<warnings>\d+) warnings)?$/gmu;
const UNSCORED_LINE = /^ {2}[✓✗] (?<name>\S+) \((?<reason>[^)]+)\)$/gmu;

export type ServerScenario = {
  readonly name: string;
  readonly unscored: boolean;
  readonly passed: number;
  readonly failed: number;
  readonly isPassed: boolean;
};

/** What the calls of the API used here answer with. */
type Made = { readonly id?: string; readonly key?: string; readonly items?: readonly { readonly name: string }[] };

/** Runs the server scenarios that `selection` names against a gateway of its own. */
export async function runServerFace(
  era: FixtureEra,
  selection: readonly string[],
  folder: string,
): Promise<ServerScenario[]> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const fixtures = await startFixtures(era);
  const hub = await startHub();
  try {
    const proxy = await startKeyProxy(hub.address.url, await prepare(hub.address, fixtures.url));
    try {
      const args = [SUITE, 'server', '--url', `${proxy.url}/mcp/fixtures`, ...selection, '--output-dir', folder];
      const suite = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
      suite.stderr.pipe(createWriteStream(join(folder, 'suite.log')));
      const [summary] = await Promise.all([text(suite.stdout), once(suite, 'close')]);
      await new Promise<void>((resolve) => createWriteStream(join(folder, 'summary.txt')).end(summary, resolve));
      return readResults(summary);
    } finally {
      proxy.close();
    }
  } finally {
    await hub.close();
    await fixtures.close();
  }
}

/** The connector `fixtures` with an agent that may call everything; answers the agent's key. */
async function prepare({ url, adminToken }: HubAddress, fixtures: string): Promise<string> {
  const api = async (method: string, path: string, body?: unknown): Promise<Made> => {
    const response = await fetch(`${url}/api${path}`, {
      method,
      headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return (response.status === 204 ? {} : await response.json()) as Made;
  };
  const connector = await api('POST', '/connectors', { name: 'Fixtures', url: fixtures, authType: 'none' });
  const { items = [] } = await api('GET', `/connectors/${connector.id}/tools`);
  const agent = await api('POST', '/agents', { name: 'Suite' });
  await api('PUT', `/agents/${agent.id}/tools`, { tools: items.map(({ name }) => `mcp__fixtures__${name}`) });
  return (await api('POST', `/agents/${agent.id}/keys`, { label: 'suite' })).key ?? '';
}

/** Passes everything on to the hub under its own host name, with the key; hosts that are not local stay as they are. */
async function startKeyProxy(hub: string, key: string): Promise<{ readonly url: string; close(): void }> {
  const target = new URL(hub);
  const server = createServer((incoming, outgoing) => {
    const headers = { ...incoming.headers, authorization: `Bearer ${key}` };
    const options = { host: target.hostname, port: target.port, path: incoming.url, method: incoming.method, headers };
    const passed = forward(options, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      outgoing.flushHeaders();
      answer.pipe(outgoing);
    });
    passed.on('error', () => outgoing.destroy());
    outgoing.on('close', () => passed.destroy());
    incoming.pipe(passed);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function readResults(summary: string): ServerScenario[] {
  const unscored = new Set([...summary.matchAll(UNSCORED_LINE)].map(({ groups = {} }) => groups.name));
  return [...summary.matchAll(RESULT_LINE)].map(({ groups = {} }) => {
    const name = groups.name ?? '';
    const [passed, failed] = [Number(groups.passed), Number(groups.failed)];
    return { name, unscored: unscored.has(name), passed, failed, isPassed: failed === 0 && passed > 0 };
  });
}
