// Which IP addresses belong to the public internet. Everything in IANA's special-purpose registries
// (RFC 6890) is not: private, loopback, link-local, CGNAT, ULA, NAT64, 6to4, multicast, reserved.
// The ranges are ipaddr.js's; here stand only the decisions that a range table does not make.

import ipaddr from 'ipaddr.js';

/** The only block from which global IPv6 addresses are given out (RFC 4291 section 2.4, IANA registry). */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');

/** Azure's metadata and DHCP endpoint sits in public space; every other cloud's is link-local, CGNAT, ULA or reserved. */
const AZURE_WIRE_SERVER = '168.63.129.16';

/**
 * Reads an address in its canonical form; an IPv4-mapped IPv6 address becomes the IPv4 address that a
 * socket would really reach.
 *
 * @returns null when it is no IP address
 */
export function parseAddress(ip: string): ipaddr.IPv4 | ipaddr.IPv6 | null {
  // Four decimal parts only: ipaddr.js would also read `0x7f.1`, which no resolver answers.
  if (ip.includes(':') ? !ipaddr.IPv6.isValid(ip) : !ipaddr.IPv4.isValidFourPartDecimal(ip)) return null;
  return ipaddr.process(ip);
}

/** True when the address is global unicast; false for everything special and everything unreadable. */
export function isPublicAddress(ip: string): boolean {
  const address = parseAddress(ip);
  if (address === null || address.range() !== 'unicast') return false;
  if (address instanceof ipaddr.IPv6) return address.match(GLOBAL_IPV6);
  return address.toString() !== AZURE_WIRE_SERVER;
}
