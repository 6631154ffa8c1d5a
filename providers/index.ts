// Local stand-ins for four third-party MCP providers, for tests and the demo. Nothing here shares code with src/:
// a stand-in is an independent judge of what the hub sends. See README.md.
export type { DemoOptions, DemoProvider } from './demo.ts';
export { startDemoProviders } from './demo.ts';
export type { CannedAnswer, Challenge, Endpoint, Faults, InsufficientScope, PerEndpoint } from './faults.ts';
export type { RecordedRequest } from './request-log.ts';
export { startProvider } from './start-provider.ts';
export type { ToolDefinition } from './tools/define.ts';
export type {
  ClientMetadata,
  Era,
  MetadataLocation,
  ProviderName,
  ProviderOptions,
  RunningProvider,
  SignIn,
} from './types.ts';
