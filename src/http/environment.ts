// What the handlers find in their context, and what the app is made of.

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

/** What agents speak to; a null key means the endpoint with every tool. */
export type GatewayDoor = {
  readonly handle: (request: Request, key: string | null) => Promise<Response>;
  readonly metadata: (key: string | null) => Response;
};

export type HttpDependencies = {
  readonly hub: Hub;
  readonly gateway: GatewayDoor;
  readonly version: string;
  readonly adminToken: Secret | null;
  readonly metrics: Metrics;
  readonly log: { error(fields: Record<string, unknown>, message: string): void };
  readonly now: () => number;
};
