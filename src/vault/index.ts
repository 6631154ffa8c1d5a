// The vault as a library: secrets sealed to the place they belong to, under keys that can be rotated.

export { hashToken, randomToken } from './hash.ts';
export { generateKey, type Keyring, parseKeyring } from './keyring.ts';
export { createVault, type SealContext, type Vault } from './seal.ts';
