// What the demo tells the person who started it: links to click and lines to paste.

import { bold, pairs } from './output.ts';

export type DemoConnector = {
  readonly id: string;
  readonly key: string;
  readonly name: string;
  readonly url: string;
  /** Where the provider's faults can be switched. */
  readonly providerUrl: string;
  /** For OAuth; once, for ten minutes. */
  readonly connectUrl: string | null;
  /** A key of the provider, for one that takes keys. */
  readonly apiKey: string | null;
};

export type DemoScene = {
  readonly url: string;
  /** Signs the reader in, once, within an hour. */
  readonly signInUrl: string;
  readonly dataFolder: string;
  readonly token: string;
  readonly agentId: string;
  readonly connectors: readonly DemoConnector[];
};

export function announcement({ url, signInUrl, dataFolder, token, agentId, connectors }: DemoScene): string {
  const links = connectors.flatMap(({ name, connectUrl }): [string, string][] =>
    connectUrl === null ? [] : [[name, connectUrl]],
  );
  const curl = (rest: string): string => `  curl -H "authorization: Bearer $TOKEN" ${rest}`;
  const withBody = (method: string, body: unknown, path: string): string =>
    curl(`-H 'content-type: application/json' -X ${method} -d '${JSON.stringify(body)}' ${url}${path}`);
  const keyed = connectors.filter((connector) => connector.apiKey !== null);
  const [first] = connectors;
  return [
    `${bold('Chatelaine demo')}  ${url}/  (data in ${dataFolder})`,
    '',
    'Click to open it, signed in; works once, within the hour:',
    pairs([['Page', signInUrl]]),
    '',
    'Click to connect; each link works once, for ten minutes:',
    pairs(links),
    '',
    'For the lines below, the token of this demo:',
    `  export TOKEN=${token}`,
    ...keyed.flatMap(({ id, name, apiKey }) => [
      '',
      `${name} takes an API key, one for each agent; give the demo agent its own:`,
      withBody('PUT', { secret: apiKey }, `/api/agents/${agentId}/credentials/${id}`),
    ]),
    '',
    'What the hub knows, what the agent can use, a new link:',
    curl(`${url}/api/connectors`),
    curl(`${url}/api/agents/${agentId}/connectors`),
    withBody('POST', {}, `/api/connectors/${first?.id}/connect`),
    '',
    'Break a provider, then watch the transcript (more faults: providers/README.md):',
    `  curl -H 'content-type: application/json' -d '{"delayMs":{"token":2000}}' ${first?.providerUrl}/__faults`,
    curl(`${url}/api/connectors/${first?.id}/transcript`),
    '',
    'Ctrl-C ends the demo.',
  ].join('\n');
}
