// All four stand-ins on fixed ports, with what a person needs to paste into the hub. Prints nothing itself.
import { startProvider } from './start-provider.ts';
import type { ProviderName, ProviderOptions, RunningProvider } from './types.ts';

const FIRST_PORT = 4201;
const NAMES: ProviderName[] = ['linear', 'sentry', 'granola', 'render'];

export type DemoOptions = {
  /** Ports are this one and the three after it; 0 picks free ones. Default 4201. */
  firstPort?: number;
  /** Default 127.0.0.1. */
  host?: string;
  /** Passed to each provider. The consent page asks for a click unless `autoApprove` is set. */
  provider?: Omit<ProviderOptions, 'port' | 'host'>;
};

/** A running stand-in and what to paste into the hub's connector form. */
export type DemoProvider = RunningProvider & {
  connector: { name: string; url: string; authType: 'oauth' | 'bearer'; apiKey?: string };
};

export async function startDemoProviders(options: DemoOptions = {}): Promise<DemoProvider[]> {
  const { firstPort = FIRST_PORT, host = '127.0.0.1', provider: shared } = options;
  const account = shared?.account ?? 'ada@example.test';
  const started: DemoProvider[] = [];
  try {
    for (const [index, name] of NAMES.entries()) {
      const port = firstPort === 0 ? 0 : firstPort + index;
      const provider = await startProvider(name, { autoApprove: false, ...shared, host, port });
      const connector = {
        name: name.charAt(0).toUpperCase() + name.slice(1),
        url: provider.mcpUrl,
        authType: provider.apiKeys ? ('bearer' as const) : ('oauth' as const),
        ...(provider.apiKeys ? { apiKey: provider.apiKeys.issue(account) } : {}),
      };
      started.push(Object.assign(provider, { connector }));
    }
  } catch (error) {
    await Promise.all(started.map((provider) => provider.close()));
    throw error;
  }
  return started;
}
