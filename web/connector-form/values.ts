// What the connector form holds, and what of it is sent: only what its auth type and mode show.

import type { Connector, ConnectorChange, ConnectorInput } from '../api/queries.ts';

export type AuthType = Connector['authType'];
export type Mode = 'shared' | 'per_agent';
export type HeaderRow = {
  readonly id: number;
  readonly name: string;
  readonly value: string;
  readonly stored: boolean;
};

export type FormValues = {
  readonly name: string;
  readonly url: string;
  readonly authType: AuthType;
  readonly mode: Mode;
  readonly headerName: string;
  readonly secret: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope: string;
  readonly issuer: string;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  readonly revocationEndpoint: string;
  readonly headers: readonly HeaderRow[];
};

export const EMPTY: FormValues = {
  name: '',
  url: '',
  authType: 'oauth',
  mode: 'shared',
  headerName: '',
  secret: '',
  clientId: '',
  clientSecret: '',
  scope: '',
  issuer: '',
  authorizationEndpoint: '',
  tokenEndpoint: '',
  revocationEndpoint: '',
  headers: [],
};

/** Which fields a choice of auth type and mode shows. */
export const shows = ({ authType, mode }: Pick<FormValues, 'authType' | 'mode'>) => ({
  mode: authType !== 'none',
  headerName: authType === 'api_key_header',
  secret: (authType === 'bearer' || authType === 'api_key_header') && mode === 'shared',
  oauth: authType === 'oauth',
});

export function valuesOf(connector: Omit<Connector, 'consent'>): FormValues {
  const { oauth } = connector;
  return {
    ...EMPTY,
    name: connector.name,
    url: connector.url,
    authType: connector.authType,
    mode: connector.credentialMode ?? 'shared',
    headerName: connector.headerName ?? '',
    scope: oauth?.scope ?? '',
    issuer: oauth?.pinnedIssuer ?? '',
    authorizationEndpoint: oauth?.authorizationEndpoint ?? '',
    tokenEndpoint: oauth?.tokenEndpoint ?? '',
    revocationEndpoint: oauth?.revocationEndpoint ?? '',
    headers: connector.headerNames.map((name, index) => ({ id: index, name, value: '', stored: true })),
  };
}

const orNull = (text: string): string | null => (text.trim() === '' ? null : text.trim());

export function inputOf(values: FormValues): ConnectorInput {
  const seen = shows(values);
  const headers = values.headers.filter(({ name, value }) => name.trim() !== '' && value !== '');
  return {
    name: values.name.trim(),
    url: values.url.trim(),
    authType: values.authType,
    ...(seen.mode ? { credentialMode: values.mode } : {}),
    ...(seen.headerName ? { headerName: values.headerName.trim() } : {}),
    ...(seen.secret && values.secret !== '' ? { secret: values.secret } : {}),
    ...(seen.oauth ? { oauth: given(oauthOf(values)) } : {}),
    ...(headers.length > 0
      ? { headers: Object.fromEntries(headers.map(({ name, value }) => [name.trim(), value])) }
      : {}),
  };
}

/** A blank secret is not sent, which keeps the stored one. */
export function changeOf(values: FormValues, before: Connector): ConnectorChange {
  const { headers: _headers, oauth: _oauth, ...rest } = inputOf(values);
  const kept = new Set(values.headers.filter(({ stored }) => stored).map(({ name }) => name));
  const headers: Record<string, string | null> = {};
  for (const name of before.headerNames) if (!kept.has(name)) headers[name] = null;
  for (const { name, value } of values.headers) if (name.trim() !== '' && value !== '') headers[name.trim()] = value;
  const { clientId, clientSecret, ...places } = oauthOf(values);
  return {
    ...rest,
    ...(shows(values).oauth ? { oauth: { ...places, ...given({ clientId, clientSecret }) } } : {}),
    ...(Object.keys(headers).length > 0 ? { headers } : {}),
  };
}

const oauthOf = (values: FormValues) => ({
  clientId: orNull(values.clientId),
  clientSecret: orNull(values.clientSecret),
  scope: orNull(values.scope),
  issuer: orNull(values.issuer),
  authorizationEndpoint: orNull(values.authorizationEndpoint),
  tokenEndpoint: orNull(values.tokenEndpoint),
  revocationEndpoint: orNull(values.revocationEndpoint),
});

function given<T extends Record<string, string | null>>(values: T): { [K in keyof T]?: string } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null)) as {
    [K in keyof T]?: string;
  };
}

/** A name for a server that is known by its address alone: mcp.linear.app is Linear. */
export function nameFrom(url: string, serverName: string | null): string {
  if (serverName !== null && /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,40}$/u.test(serverName))
    return capital(serverName.replace(/[-_]?mcp([-_]server)?$/i, '') || serverName);
  try {
    const { hostname } = new URL(url);
    const labels = hostname.split('.').filter((label) => !/^(www|mcp|api|com|app|dev|io|ai|net|org|co)$/.test(label));
    return /^[\d.]+$/.test(hostname) ? '' : capital(labels.at(-1) ?? '');
  } catch {
    return '';
  }
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
