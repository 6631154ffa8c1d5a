// What makes each of the four providers itself.
import type { ToolDefinition } from './tools/define.ts';
import { granolaTools } from './tools/granola.ts';
import { linearTools } from './tools/linear.ts';
import { renderTools } from './tools/render.ts';
import { sentryTools } from './tools/sentry.ts';
import type { ProviderName } from './types.ts';

export type Profile = {
  displayName: string;
  /** Answers as server-sent events rather than plain JSON. */
  sse: boolean;
  /** Scopes of its resource; `undefined`: API keys instead of OAuth. */
  scopes: string[] | undefined;
  tools: ToolDefinition[];
};

export const profiles: Record<ProviderName, Profile> = {
  linear: { displayName: 'Linear', sse: true, scopes: ['read', 'write'], tools: linearTools },
  sentry: {
    displayName: 'Sentry',
    sse: false,
    scopes: ['org:read', 'project:write', 'event:write'],
    tools: sentryTools,
  },
  granola: { displayName: 'Granola', sse: false, scopes: ['meetings:read'], tools: granolaTools },
  render: { displayName: 'Render', sse: false, scopes: undefined, tools: renderTools },
};
