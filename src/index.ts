// Chatelaine as a library: the same hub that the server runs, to mount in an application of one's own.
//
//   const { hub, fetch, close } = await createHub({ url, database, encryptionKeys });

export { ChatelaineError, type ErrorCode, type ErrorDetails, isChatelaineError } from './errors.ts';
export type { Actor } from './hub/audit.ts';
export type { ConnectorChange, ConnectorInput, OAuthInput } from './hub/connector-input.ts';
export type { ConnectorView } from './hub/connector-view.ts';
export type { Hub } from './hub/hub.ts';
export { Secret } from './secret.ts';
export { type CreateHubOptions, createHub, type EmbeddedHub } from './server/create-hub.ts';
export { openStore, type StoreLocation } from './store/open-store.ts';
export type { Store } from './store/store.ts';
export { generateKey } from './vault/keyring.ts';
