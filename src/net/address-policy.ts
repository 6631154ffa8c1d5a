// Which hosts and addresses Chatelaine may talk to: public ones over https, and what the operator listed
// in CHATELAINE_ALLOWED_PRIVATE_HOSTS, over plain http too. Pure; who resolves names and connects
// is guarded-connect.ts. Guards against server-side request forgery by URLs that a stranger wrote
// (RFC 9728 section 7.7, OWASP SSRF prevention).

import ipaddr from 'ipaddr.js';
import { ChatelaineError, quoteForeign } from '../errors.ts';
import { isBlockedPort } from './blocked-ports.ts';
import { isPublicAddress, parseAddress } from './public-address.ts';

const SETTING = 'CHATELAINE_ALLOWED_PRIVATE_HOSTS';
const LOOPBACK_ADDRESSES = ['127.0.0.1', '::1'];

type Range = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];

/** What the operator listed: names in the spelling of a URL's host, and address ranges. */
export type AllowedHosts = { readonly names: ReadonlySet<string>; readonly ranges: readonly Range[] };

export type AddressPolicy = {
  /** Whether `host`, which resolved to `ip`, may be reached over https. */
  addressAllowed(host: string, ip: string): boolean;
  /** Whether `host`, which resolved to `ip`, may be reached over plain http. */
  plainHttpAllowed(host: string, ip: string): boolean;
  /** Why this URL must not be fetched, as far as that shows before DNS; null when nothing speaks against it. */
  urlRefusal(url: URL): string | null;
  /** Whether an `http:` URL that only a browser will open is acceptable: its host, by name or literal, is listed. */
  mayUsePlainHttp(url: URL): boolean;
};

/**
 * Reads the setting: hosts, IP addresses and CIDRs, separated by commas; an address is a range of one.
 *
 * @throws invalid_settings naming the setting and the entry that is wrong
 */
export function parseAllowedHosts(text: string): AllowedHosts {
  const names = new Set<string>();
  const ranges: Range[] = [];
  for (const entry of text.split(',').map((part) => part.trim())) {
    if (entry === '') continue;
    const range = parseRange(entry);
    if (range === null) names.add(parseHostName(entry));
    else ranges.push(range);
  }
  return { names, ranges };
}

/** The policy of one allow-list. */
export function addressPolicy(allowed: AllowedHosts): AddressPolicy {
  const listed = (host: string, ip: string): boolean =>
    allowed.names.has(bareHost(host)) || isInRanges(ip, allowed.ranges);
  const reachable = (host: string, ip: string): boolean => listed(host, ip) || isPublicAddress(ip);

  return {
    addressAllowed: reachable,
    plainHttpAllowed: listed,
    urlRefusal(url) {
      if (url.protocol !== 'https:' && url.protocol !== 'http:') {
        return `${quoteForeign(url.protocol)} is not a web address; only https is used.`;
      }
      if (url.username !== '' || url.password !== '') {
        return `The address of ${quoteForeign(url.hostname)} holds a user name or password; enter it without.`;
      }
      if (isBlockedPort(url.port)) return `Port ${url.port} of ${quoteForeign(url.hostname)} is not used for HTTP.`;
      const host = bareHost(url.hostname);
      const known = addressesWithoutDns(host);
      if (known !== null && !known.some((ip) => reachable(host, ip))) return privateRefusal(host, 'is');
      if (url.protocol === 'https:' || allowed.names.has(host)) return null;
      // A name may still resolve into a listed range; the connection decides that.
      const maybeListed = known === null ? allowed.ranges.length > 0 : known.some((ip) => listed(host, ip));
      return maybeListed ? null : plainHttpRefusal(host);
    },
    mayUsePlainHttp(url) {
      const host = bareHost(url.hostname);
      return url.protocol === 'http:' && (addressesWithoutDns(host) ?? ['']).some((ip) => listed(host, ip));
    },
  };
}

/** A URL's host as it is compared and resolved: without brackets and the root dot, in lower case. */
export function bareHost(hostname: string): string {
  return hostname
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '')
    .toLowerCase();
}

/** The sentence for a host that is, or resolves to, an address outside the public internet; never names that address. */
export function privateRefusal(host: string, verb: 'is' | 'resolves to'): string {
  return (
    `${quoteForeign(host)} ${verb} a private, local or reserved address. ` +
    `If this server is yours, add it to ${SETTING} and restart.`
  );
}

/** The sentence for plain http to a host that is not listed. */
export function plainHttpRefusal(host: string): string {
  return `${quoteForeign(host)} must be reached over https; plain http is only for hosts in ${SETTING}.`;
}

function addressesWithoutDns(host: string): readonly string[] | null {
  if (host === 'localhost' || host.endsWith('.localhost')) return LOOPBACK_ADDRESSES; // RFC 6761 section 6.3
  return parseAddress(host) === null ? null : [host];
}

function isInRanges(ip: string, ranges: readonly Range[]): boolean {
  if (ranges.length === 0) return false;
  const address = parseAddress(ip);
  if (address === null) return false;
  return ranges.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits));
}

function parseRange(entry: string): Range | null {
  const bare = entry.replace(/^\[(.*)\]$/, '$1');
  const address = parseAddress(bare);
  if (address !== null) return [address, address.kind() === 'ipv4' ? 32 : 128];
  if (!bare.includes('/')) return null;
  const valid = bare.includes(':') ? ipaddr.IPv6.isValidCIDR(bare) : ipaddr.IPv4.isValidCIDRFourPartDecimal(bare);
  if (!valid) throw invalidEntry(entry);
  const range = ipaddr.parseCIDR(bare);
  if (range[0].range() === 'ipv4Mapped') throw invalidEntry(entry);
  return range;
}

function parseHostName(entry: string): string {
  const asUrl = `https://${entry}`;
  if (/[/:@*?#\s\\%]/.test(entry) || !URL.canParse(asUrl)) throw invalidEntry(entry);
  const host = bareHost(new URL(asUrl).hostname);
  // `2130706433` and `0x7f.1` become addresses in a URL; whoever means an address writes it in full.
  if (host.split('.').includes('') || parseAddress(host) !== null) throw invalidEntry(entry);
  return host;
}

function invalidEntry(entry: string): ChatelaineError {
  return new ChatelaineError(
    'invalid_settings',
    `${SETTING}: ${quoteForeign(entry)} is not a host name, IP address or CIDR. ` +
      'Write entries like "mcp.intern.example", "10.1.2.3" or "10.0.0.0/8", separated by commas, without scheme, port or path.',
  );
}
