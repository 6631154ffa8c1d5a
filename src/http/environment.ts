// What the handlers find in their context, and what the app is made of.

import type { Gateway } from '../gateway/gateway.ts';
import type { Actor } from '../hub/audit.ts';
import type { Hub } from '../hub/hub.ts';
import type { Views } from '../hub/views.ts';
import type { SignedIn } from '../people/context.ts';
import type { People } from '../people/people.ts';
import type { Role } from '../people/role.ts';
import type { Secret } from '../secret.ts';

/** What the server tells beside a request. */
export type RequestFacts = { readonly address?: string | undefined };

export type HttpEnvironment = {
  Bindings: RequestFacts;
  Variables: {
    actor: Actor;
    /** null for calls that need nobody to be signed in. */
    role: Role | null;
    /** The person behind a session; null for a token. */
    me: SignedIn | null;
  };
};

export type Metrics = {
  /** Prometheus text and its content type. */
  readonly read: () => Promise<{ text: string; contentType: string }>;
  readonly observe: (route: string, method: string, status: number, durationMs: number) => void;
};

export type PageFile = {
  readonly type: string;
  /** The file in the best of these encodings that it is kept in; null where none of them is. */
  readonly body: (accepted: readonly string[]) => { readonly bytes: Uint8Array; readonly encoding: string | null };
};

/** The built web page. */
export type WebPage = {
  /** The index of a hub whose public URL has the path `mount`, as `/keys`; empty where it has none. */
  readonly index: (mount: string) => PageFile;
  /** By path, as `/assets/index-3fa9.js`; null where there is no such file. */
  readonly file: (path: string) => PageFile | null;
};

export type HttpDependencies = {
  readonly hub: Hub;
  readonly people: People;
  readonly views: Views;
  readonly gateway: Pick<Gateway, 'handle' | 'metadata'>;
  /** null where it was not built. */
  readonly webPage: WebPage | null;
  readonly version: string;
  readonly adminToken: Secret | null;
  readonly metrics: Metrics;
  readonly log: { error(fields: Record<string, unknown>, message: string): void };
  readonly now: () => number;
};
