// A credential without its secret.

import type { CredentialFacts } from '../store.ts';
import type { Database } from './schema.ts';
import { credentialCodec } from './schema.ts';

export function factsOf({ owner: _owner, ...row }: Database['credentials']): CredentialFacts {
  const { sealed: _sealed, ...facts } = credentialCodec.toRecord(row);
  return facts;
}
