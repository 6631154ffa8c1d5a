// What the handlers find in their context, and what the app is made of.

import type { Gateway } from '../gateway/gateway.ts';
import type { Actor } from '../hub/audit.ts';
import type { Hub } from '../hub/hub.ts';
import type { Secret } from '../secret.ts';

export type Role = 'owner' | 'reader';

export type HttpEnvironment = {
  Variables: {
    actor: Actor;
    role: Role;
  };
};

export type Metrics = {
  /** Prometheus text and its content type. */
  readonly read: () => Promise<{ text: string; contentType: string }>;
  readonly observe: (route: string, method: string, status: number, durationMs: number) => void;
};

export type HttpDependencies = {
  readonly hub: Hub;
  readonly gateway: Pick<Gateway, 'handle' | 'metadata'>;
  readonly version: string;
  readonly adminToken: Secret | null;
  readonly metrics: Metrics;
  readonly log: { error(fields: Record<string, unknown>, message: string): void };
  readonly now: () => number;
};
