// What every store must do, whatever it is built on. Each database calls this with its own backend.

import { describeAccess } from './conformance/access.ts';
import { describeAttempts } from './conformance/attempts.ts';
import type { Backend } from './conformance/backend.ts';
import { describeBookkeeping } from './conformance/bookkeeping.ts';
import { describeCalls } from './conformance/calls.ts';
import { describeCascades } from './conformance/cascades.ts';
import { describeConcurrency } from './conformance/concurrency.ts';
import { describeConnectorsAndAgents } from './conformance/connectors-and-agents.ts';
import { describeCrash } from './conformance/crash.ts';
import { describeCredentials } from './conformance/credentials.ts';
import { describeFlows } from './conformance/flows.ts';
import { describeMigrations } from './conformance/migrations.ts';
import { describePages } from './conformance/pages.ts';
import { describeSealed } from './conformance/sealed.ts';
import { describeTools } from './conformance/tools.ts';

export function describeStore(backend: Backend): void {
  describeConnectorsAndAgents(backend);
  describeFlows(backend);
  describeCredentials(backend);
  describeTools(backend);
  describeAccess(backend);
  describeBookkeeping(backend);
  describeCalls(backend);
  describeAttempts(backend);
  describePages(backend);
  describeSealed(backend);
  describeCascades(backend);
  describeConcurrency(backend);
  describeMigrations(backend);
  describeCrash(backend);
}
