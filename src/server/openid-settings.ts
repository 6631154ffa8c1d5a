// The settings of single sign-on, read together: half of them is a mistake that is told at the start.

import { ChatelaineError } from '../errors.ts';
import type { OpenIdSettings } from '../people/openid-provider.ts';
import { ROLES, type Role } from '../people/role.ts';
import { Secret } from '../secret.ts';

const PREFIX = 'CHATELAINE_OIDC_';
/** Anybody may have an account there, so that it vouches for nobody in particular. */
const OPEN_TO_ALL =
  /^https:\/\/(accounts\.google\.com|login\.microsoftonline\.com\/(common|consumers|organizations))\b/;

/**
 * @param read the text of a variable; null where it is not set
 * @returns null where single sign-on is not set up
 * @throws invalid_settings
 */
export function readOpenIdSettings(read: (variable: string) => string | null): OpenIdSettings | null {
  const text = (name: string): string | null => read(`${PREFIX}${name}`);
  const issuer = text('ISSUER');
  const clientId = text('CLIENT_ID');
  if (issuer === null && clientId === null) return null;
  if (issuer === null) throw invalid('ISSUER', 'is missing: set it to the address of the identity provider');
  if (clientId === null) throw invalid('CLIENT_ID', 'is missing: register this hub at the identity provider');
  const url = URL.parse(issuer);
  if (url === null || !/^https?:$/.test(url.protocol) || url.search || url.hash || url.username)
    throw invalid('ISSUER', 'is not usable: set it to an address such as https://login.example.com');
  const secret = text('CLIENT_SECRET');
  const settings: OpenIdSettings = {
    issuer,
    clientId,
    clientSecret: secret === null ? null : new Secret(secret),
    name: text('NAME') ?? url.hostname,
    defaultRole: readRole(text('DEFAULT_ROLE')),
    allowedDomains: readDomains(text('ALLOWED_DOMAINS')),
  };
  if (OPEN_TO_ALL.test(issuer) && settings.defaultRole !== null && settings.allowedDomains.length === 0) {
    throw invalid(
      'ALLOWED_DOMAINS',
      `is missing: anybody has an account at ${url.hostname}; name the domains that may come in, or set ${PREFIX}DEFAULT_ROLE to none`,
    );
  }
  return settings;
}

function readRole(text: string | null): Role | null {
  if (text === null) return 'viewer';
  if (text === 'none') return null;
  const role = ROLES.find((known) => known === text);
  if (role !== undefined) return role;
  throw invalid('DEFAULT_ROLE', `is not usable: use one of ${ROLES.join(', ')} or none`);
}

function readDomains(text: string | null): readonly string[] {
  const domains = (text ?? '')
    .toLowerCase()
    .split(',')
    .map((each) => each.trim().replace(/^@/, ''))
    .filter(Boolean);
  if (domains.every((domain) => /^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(domain))) return domains;
  throw invalid('ALLOWED_DOMAINS', 'is not usable: write domains such as example.com, separated by commas');
}

function invalid(name: string, what: string): ChatelaineError {
  return new ChatelaineError('invalid_settings', `${PREFIX}${name} ${what}.`);
}
