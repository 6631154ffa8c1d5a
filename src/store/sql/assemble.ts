// One store out of its parts: the same Kysely code over either dialect, with its errors translated.

import type { Store } from '../store.ts';
import { accessStore } from './access.ts';
import { agentStore } from './agents.ts';
import { apiTokenStore } from './api-tokens.ts';
import { attemptStore } from './attempts.ts';
import { auditStore } from './audit.ts';
import { authorizationServerStore } from './authorization-servers.ts';
import { callStore } from './calls.ts';
import { databaseTime } from './clock.ts';
import { connectorStore } from './connectors.ts';
import { credentialStore } from './credentials.ts';
import type { Classify } from './faults.ts';
import { translating } from './faults.ts';
import { flowStore } from './flows.ts';
import { grantStore } from './grants.ts';
import { leaseStore } from './leases.ts';
import { mailStore } from './mail.ts';
import { metaStore } from './meta.ts';
import { verifyMigrations } from './migrate.ts';
import { overviewStore } from './overview.ts';
import { registrationStore } from './registrations.ts';
import type { Db, Dialect } from './schema.ts';
import { sealedStore } from './sealed.ts';
import type { CallWriter } from './sqlite-calls.ts';
import { toolStore } from './tools.ts';
import { transcriptStore } from './transcripts.ts';

/** @param writer writes the call log in place of the common way, and is closed with the store */
export function assembleStore(db: Db, dialect: Dialect, classify: Classify, writer?: CallWriter): Store {
  const calls = callStore(db);
  const told = <T extends object>(methods: T): T => translating(methods, classify);
  return {
    dialect,
    kysely: () => db.withoutPlugins(),
    connectors: told(connectorStore(db, dialect)),
    authorizationServers: told(authorizationServerStore(db)),
    registrations: told(registrationStore(db)),
    flows: told(flowStore(db)),
    credentials: told(credentialStore(db, dialect)),
    tools: told(toolStore(db, dialect)),
    agents: told(agentStore(db, dialect)),
    grants: told(grantStore(db, dialect)),
    access: told(accessStore(db)),
    apiTokens: told(apiTokenStore(db)),
    audit: told(auditStore(db)),
    calls: told(writer === undefined ? calls : { ...calls, append: writer.append }),
    overview: told(overviewStore(db, dialect)),
    transcripts: told(transcriptStore(db)),
    mail: told(mailStore(db)),
    leases: told(leaseStore(db)),
    attempts: told(attemptStore(db)),
    sealed: told(sealedStore(db)),
    meta: told(metaStore(db)),
    ...told({
      async ping() {
        writer?.checkFile();
        await verifyMigrations(db, dialect);
      },
      time: () => databaseTime(db, dialect),
      close: async () => {
        writer?.close();
        await db.destroy();
      },
    }),
  };
}
