// Writes web/api/schema.d.ts from the hub's OpenAPI document, so that a route or field that does not exist
// does not compile in the page. To be run after a change of the API: node scripts/run.mjs api-types
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHub } from '../src/server/create-hub.ts';
import { generateKey } from '../src/vault/keyring.ts';

const HEADER =
  '// The API as types, made from its OpenAPI document by scripts/api-types.mjs: change the routes, not this.\n\n';

// openapi-typescript prints with the compiler's own printer, which TypeScript 7 has not.
registerHooks({
  resolve: (specifier, context, next) => next(specifier === 'typescript' ? 'typescript-5' : specifier, context),
});

const folder = mkdtempSync(join(tmpdir(), 'chatelaine-api-'));
const hub = await createHub({
  url: 'http://127.0.0.1:4100',
  database: { kind: 'sqlite', file: join(folder, 'api.db') },
  encryptionKeys: generateKey(),
  background: false,
});
try {
  const answer = await hub.fetch(new Request('http://127.0.0.1:4100/api/openapi.json'));
  const { default: openapi, astToString } = await import('openapi-typescript');
  const types = await openapi(/** @type {import('openapi-typescript').OpenAPI3} */ (await answer.json()), {
    alphabetize: true,
  });
  writeFileSync(new URL('../web/api/schema.d.ts', import.meta.url), HEADER + astToString(types));
} finally {
  await hub.close();
  rmSync(folder, { recursive: true });
}
