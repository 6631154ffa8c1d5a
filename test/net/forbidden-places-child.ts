// Runs in a network of its own, where every address that the vectors name is this machine: what the canary does not
// hear there was not even connected to. Prints what happened as one JSON text.

import { execFileSync } from 'node:child_process';
import { parseAllowedHosts } from '../../src/net/address-policy.ts';
import { createOutbound } from '../../src/net/guarded-fetch.ts';
import { startCanary } from './canary.ts';
import { forbiddenUrls } from './forbidden-urls.ts';

const ip = (...args: string[]): void => void execFileSync('ip', args, { stdio: 'ignore' });

ip('link', 'set', 'lo', 'up');
const canary = await startCanary();
const vectors = forbiddenUrls(canary.port).filter(({ reason, url }) => reason === 'private' && URL.canParse(url));
const hosts = new Set(vectors.map(({ url }) => new URL(url).hostname.replace(/^\[(.*)\]$/, '$1')));
for (const host of hosts) {
  // Multicast and the like are no addresses that a machine can have.
  try {
    if (/^[\d.]+$|:/.test(host)) ip('address', 'add', `${host}/${host.includes(':') ? 128 : 32}`, 'dev', 'lo');
  } catch {}
}

const outbound = createOutbound({ userAgent: 'test', allowed: parseAllowedHosts('') });
const heard: string[] = [];
const touched: string[] = [];
for (const host of hosts) if (await canary.hears(host)) heard.push(host);
for (const { url } of vectors) {
  for (const fetch of [outbound.metadata, outbound.oauth, outbound.mcp]) {
    const before = canary.touched;
    await fetch(url).catch(() => undefined);
    await new Promise((resolve) => setImmediate(resolve));
    if (canary.touched > before) touched.push(url);
  }
}
await outbound.close();
await canary.close();
process.stdout.write(JSON.stringify({ hosts: hosts.size, heard, touched }));
