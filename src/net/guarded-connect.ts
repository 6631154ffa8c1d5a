// Opens connections only to addresses that the policy allows. The name is resolved once, every answer is
// checked, and the socket is opened to those very answers, so a second DNS answer (rebinding) has no say.
// IP literals never pass through a lookup and are checked here as well.

import type { LookupAddress, LookupAllOptions } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import { ChatelaineError } from '../errors.ts';
import { type AddressPolicy, bareHost, plainHttpRefusal, privateRefusal } from './address-policy.ts';

/** The part of `dns.lookup` that is used: all addresses of a name. */
export type Lookup = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * A connector for an undici Agent.
 *
 * @param timeoutMs for DNS, TCP and TLS together
 * @throws (through its callback) address_refused
 */
export function guardedConnector(policy: AddressPolicy, lookup: Lookup, timeoutMs: number): buildConnector.connector {
  const common = { timeout: timeoutMs, allowH2: false };
  const connectTls = buildConnector({
    ...common,
    // Said outright, so that NODE_TLS_REJECT_UNAUTHORIZED in someone's environment cannot switch it off.
    rejectUnauthorized: true,
    lookup: checkedLookup(lookup, (host, ip) => refusal(policy, 'https:', host, ip)),
  });
  const connectPlain = buildConnector({
    ...common,
    lookup: checkedLookup(lookup, (host, ip) => refusal(policy, 'http:', host, ip)),
  });

  return (options, callback) => {
    const host = bareHost(options.hostname);
    const refused = isIP(host) === 0 ? null : refusal(policy, options.protocol, host, host);
    if (refused !== null) callback(refused, null);
    else if (options.protocol === 'https:') connectTls(options, callback);
    else connectPlain(options, callback);
  };
}

function refusal(policy: AddressPolicy, protocol: string, host: string, ip: string): ChatelaineError | null {
  if (!policy.addressAllowed(host, ip)) {
    return new ChatelaineError('address_refused', privateRefusal(bareHost(host), host === ip ? 'is' : 'resolves to'));
  }
  if (protocol !== 'https:' && !policy.plainHttpAllowed(host, ip)) {
    return new ChatelaineError('address_refused', plainHttpRefusal(bareHost(host)));
  }
  return null;
}

function checkedLookup(lookup: Lookup, refuse: (host: string, ip: string) => ChatelaineError | null): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, '');
      // One forbidden answer condemns the name: mixed answers are how rebinding is done.
      for (const { address } of addresses) {
        const refused = refuse(hostname, address);
        if (refused !== null) return callback(refused, '');
      }
      const [first] = addresses;
      if (first === undefined) return callback(Object.assign(new Error('no addresses'), { code: 'ENODATA' }), '');
      if (options.all === true) return callback(null, addresses);
      return callback(null, first.address, first.family);
    });
  };
}
