// What an operator does in each scenario of the suite. Nearly always the same: pastes the URL, lists the
// tools, tries each one; the hub finds out everything else by itself, the protocol revision included.

import type { ConnectorInput, HubAddress, McpAnswer, Tool } from './operator.ts';
import { HubProblem, Operator } from './operator.ts';

export type Scenario = {
  readonly name: string;
  readonly serverUrl: string;
  /** What the suite hands over: a client known to the provider, or calls to make. */
  readonly context: Readonly<Record<string, unknown>>;
};

/** How it ended, and how it should have. `done`, or the code of the hub's problem. */
export type Outcome = {
  readonly ended: string;
  readonly expected: string;
  readonly message: string;
  readonly transcript: readonly string[];
};

/** Scenarios whose server or provider is not to be trusted: only the hub's refusal is the right end. */
const REFUSALS: Readonly<Record<string, string>> = {
  'auth/resource-mismatch': 'resource_mismatch',
  'auth/metadata-issuer-mismatch': 'issuer_mismatch',
  'auth/iss-supported-missing': 'issuer_mismatch',
  'auth/iss-wrong-issuer': 'issuer_mismatch',
  'auth/iss-unexpected': 'issuer_mismatch',
  'auth/iss-normalized': 'issuer_mismatch',
  'auth/scope-retry-limit': 'needs_scope',
};

/** Nothing at the server says that it uses OAuth; an operator knows. */
const SILENT_ABOUT_OAUTH = 'auth/2025-03-26-oauth-endpoint-fallback';

type Trial = (operator: Operator, tools: readonly Tool[], scenario: Scenario) => Promise<void>;

const TRIALS: Readonly<Record<string, Trial>> = {
  'elicitation-sep1034-client-defaults': acceptDefaults,
  'http-standard-headers': tryEverything,
  'http-custom-headers': makeGivenCalls,
  // The tool is there to be read; the server cannot run it.
  'json-schema-ref-no-deref': async () => {},
  'json-schema-2020-12-preservation': echoSchema,
  'sep-2322-client-request-state': answerQuestions,
};

/** Plays `scenario` through the hub. Never throws for what the hub or the server does. */
export async function play(hub: HubAddress, scenario: Scenario): Promise<Outcome> {
  const expected = REFUSALS[scenario.name] ?? 'done';
  let operator: Operator | null = null;
  try {
    operator = await Operator.addConnector(hub, connectorFor(scenario));
    const tools = await operator.sync();
    await (TRIALS[scenario.name] ?? tryTools)(operator, tools, scenario);
    return { ended: 'done', expected, message: '', transcript: await operator.transcript() };
  } catch (error) {
    const ended = error instanceof HubProblem ? error.code : 'broken';
    const message = error instanceof HubProblem ? error.message : String((error as Error).stack ?? error);
    return { ended, expected, message, transcript: (await operator?.transcript()) ?? [] };
  }
}

function connectorFor({ name, serverUrl, context }: Scenario): ConnectorInput {
  const connector = { name: `${name} at ${new URL(serverUrl).port}`, url: serverUrl };
  const { client_id: clientId, client_secret: clientSecret, private_key_pem: privateKey } = context;
  const oauth = { authType: 'oauth', credentialMode: 'shared' };
  if (name === SILENT_ABOUT_OAUTH) return { ...connector, ...oauth };
  if (typeof clientId !== 'string') return connector;
  return {
    ...connector,
    ...oauth,
    oauth: {
      clientId,
      ...(name.startsWith('auth/client-credentials') ? { grant: 'client_credentials' } : {}),
      ...(typeof clientSecret === 'string' ? { clientSecret } : {}),
      ...(typeof privateKey === 'string'
        ? { privateKey, privateKeyAlgorithm: String(context.signing_algorithm ?? 'ES256') }
        : {}),
    },
  };
}

async function tryTools(operator: Operator, tools: readonly Tool[]): Promise<void> {
  for (const tool of tools) await callTool(operator, tool.name, sampleArguments(tool));
}

async function acceptDefaults(operator: Operator, tools: readonly Tool[]): Promise<void> {
  for (const { name } of tools) {
    await operator.request({ method: 'tools/call', params: { name, arguments: {} }, elicitation: 'accept_defaults' });
  }
}

async function tryEverything(operator: Operator, tools: readonly Tool[]): Promise<void> {
  await tryTools(operator, tools);
  const resources = await operator.request({ method: 'resources/list' });
  for (const { uri } of items(resources, 'resources')) {
    await operator.request({ method: 'resources/read', params: { uri } });
  }
  const prompts = await operator.request({ method: 'prompts/list' });
  for (const { name } of items(prompts, 'prompts')) await operator.request({ method: 'prompts/get', params: { name } });
}

async function makeGivenCalls(operator: Operator, _tools: readonly Tool[], { context }: Scenario): Promise<void> {
  for (const params of context.toolCalls as Record<string, unknown>[]) {
    await operator.request({ method: 'tools/call', params });
  }
}

/** Sends back the schema of one tool as the hub kept it. */
async function echoSchema(operator: Operator, tools: readonly Tool[]): Promise<void> {
  const schema = tools.find(({ name }) => name === 'json_schema_2020_12_tool')?.inputSchema;
  await callTool(operator, 'json_schema_echo', { schema });
}

/** Once as a person who answers a form, with another call in between; once leaving it to the hub. */
async function answerQuestions(operator: Operator): Promise<void> {
  const params = { name: 'test_mrtr_echo_state', arguments: {} };
  const { result } = await operator.request({ method: 'tools/call', params });
  await callTool(operator, 'test_mrtr_unrelated', {});
  const answers = Object.keys(result.inputRequests as object).map((name) => [
    name,
    { action: 'accept', content: { confirmed: true } },
  ]);
  await operator.request({
    method: 'tools/call',
    params,
    inputResponses: Object.fromEntries(answers),
    requestState: String(result.requestState),
  });
  const unstated = { name: 'test_mrtr_no_state', arguments: {} };
  await operator.request({ method: 'tools/call', params: unstated, elicitation: 'accept_defaults' });
  await callTool(operator, 'test_mrtr_no_result_type', {});
}

function callTool(operator: Operator, name: string, args: Record<string, unknown>): Promise<McpAnswer> {
  return operator.request({ method: 'tools/call', params: { name, arguments: args } });
}

const items = ({ result }: McpAnswer, field: string): Record<string, unknown>[] =>
  result[field] as Record<string, unknown>[];

const SAMPLES: Readonly<Record<string, unknown>> = { string: 'sample', number: 5, integer: 5, boolean: true };

/** Something for each required argument. */
function sampleArguments({ inputSchema }: Tool): Record<string, unknown> {
  const properties = (inputSchema.properties ?? {}) as Record<string, { type?: string }>;
  const required = (inputSchema.required ?? []) as string[];
  return Object.fromEntries(required.map((name) => [name, SAMPLES[properties[name]?.type ?? 'string'] ?? {}]));
}
