// The MCP OAuth client as a library: pure functions over values and a fetch of one's own. A guarded fetch
// is the caller's to bring; without one, every URL in here comes from strangers.

export { authorizationUrl } from './authorization-request.ts';
export { validateAuthorizationResponse } from './authorization-response.ts';
export { bearerChallenge } from './challenge.ts';
export { chooseAuthMethod } from './client-authentication.ts';
export { requestClientCredentials } from './client-credentials.ts';
export { clientMetadata } from './client-metadata.ts';
export { chooseRegistration } from './client-registration.ts';
export { discover, manualServer } from './discovery.ts';
export { registerClient } from './dynamic-registration.ts';
export { createPkce } from './pkce.ts';
export { refreshTokens } from './refresh.ts';
export { resourceFor } from './resource-indicator.ts';
export { revokeTokens } from './revocation.ts';
export { missingScopes, selectScope } from './scope.ts';
export { exchangeCode } from './token-endpoint.ts';
export type { AuthorizationServer, BearerChallenge, OAuthClient, TokenSet } from './types.ts';
