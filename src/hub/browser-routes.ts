// Every address of the hub that a browser visits, in one place: whoever builds a link and whoever answers it
// say the same name, and a mistyped one does not compile.

export const browserRoutes = {
  connect: <T extends string>(ticket: T) => `/connect/${ticket}` as const,
  callback: '/oauth/callback',
  clientMetadata: '/oauth/client.json',
  signInLink: <T extends string>(token: T) => `/sign-in/link/${token}` as const,
  openId: <T extends string>(id: T) => `/sign-in/oidc/${id}` as const,
  openIdCallback: <T extends string>(id: T) => `/sign-in/oidc/${id}/callback` as const,
  connector: <T extends string>(id: T) => `/connectors/${id}` as const,
  agent: <T extends string>(id: T) => `/agents/${id}` as const,
} as const;
