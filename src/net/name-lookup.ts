// From a name to all its addresses: the hosts file, then DNS. Not by the system's own call (getaddrinfo), which blocks
// one of very few threads until its name servers have answered or given up: two names whose servers are silent would
// keep every other name from being looked up. The system is only asked for what DNS does not know and an operator
// may have meant (search domains, mDNS), or where there is no name server to ask.

import { lookup as askSystem, type LookupAddress, Resolver } from 'node:dns';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { DNS_SECOND_FAMILY_MS, DNS_TRIES, DNS_TRY_MS } from '../work-limits.ts';
import type { Lookup } from './guarded-connect.ts';

const HOSTS_FILE = '/etc/hosts';
/** The name has no address, as opposed to nobody being there to say so. */
const UNKNOWN = new Set(['ENOTFOUND', 'ENODATA', 'EBADNAME']);

/** @param hasPrivateHosts whether an operator allowed hosts that public DNS may not know */
export function nameLookup(hasPrivateHosts: boolean): Lookup {
  return (hostname, options, callback) => {
    const name = hostname.replace(/\.$/, '').toLowerCase();
    const known = /(^|\.)localhost$/.test(name) ? ['127.0.0.1', '::1'] : hostsFileEntries(name);
    if (known.length > 0) return callback(null, known.map(withFamily));
    askDns(hostname, (failure, addresses) => {
      if (failure === null) return callback(null, addresses.map(withFamily));
      const isForSystem = failure === 'ECONNREFUSED' || (UNKNOWN.has(failure) && hasPrivateHosts);
      if (isForSystem) askSystem(hostname, options, callback);
      else callback(failed(UNKNOWN.has(failure) ? failure : 'EAI_AGAIN', hostname), []);
    });
  };
}

function hostsFileEntries(name: string): string[] {
  let text: string;
  try {
    text = readFileSync(HOSTS_FILE, 'utf8');
  } catch {
    return [];
  }
  const found: string[] = [];
  for (const line of text.split('\n')) {
    const [address = '', ...names] = (line.split('#')[0] ?? '').trim().split(/\s+/);
    if (isIP(address) !== 0 && names.some((each) => each.toLowerCase() === name)) found.push(address);
  }
  return found;
}

/** Both families at once; `failure` is the code of why there is none of either. */
function askDns(hostname: string, done: (failure: string | null, addresses: readonly string[]) => void): void {
  // A new one knows the name servers of now.
  const resolver = new Resolver({ timeout: DNS_TRY_MS, tries: DNS_TRIES });
  const found: { 4: readonly string[]; 6: readonly string[] } = { 4: [], 6: [] };
  const failures: string[] = [];
  let open = 2;
  let grace: NodeJS.Timeout | undefined;
  let isOver = false;
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(grace);
    if (open > 0) resolver.cancel();
    const addresses = [...found[4], ...found[6]];
    // One that answered "no such name" while the other was silent has not said that there is no address.
    const worst = failures.find((code) => !UNKNOWN.has(code)) ?? failures[0] ?? 'ENODATA';
    done(addresses.length > 0 ? null : worst, addresses);
  };
  const heard = (family: 4 | 6) => (error: NodeJS.ErrnoException | null, addresses: string[]) => {
    open -= 1;
    if (error === null) found[family] = addresses;
    else failures.push(error.code ?? 'ESERVFAIL');
    if (open === 0) end();
    // Some name servers never answer for one family.
    else if (error === null && addresses.length > 0) grace = setTimeout(end, DNS_SECOND_FAMILY_MS);
  };
  resolver.resolve4(hostname, heard(4));
  resolver.resolve6(hostname, heard(6));
}

function withFamily(address: string): LookupAddress {
  return { address, family: isIP(address) };
}

function failed(code: string, hostname: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code} ${hostname}`), { code, hostname });
}
