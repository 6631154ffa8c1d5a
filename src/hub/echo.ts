// Some servers repeat the credential that they were sent: in an error, in a tool's description, in their
// name. What they say is kept and shown to people who may not know the secret, so it is taken out before.

import type { ChatelaineError } from '../errors.ts';
import type { Protocol } from '../mcp/types.ts';

const HIDDEN = '[secret]';
/** Shorter values (a tenant, a region) are words that a server may say for other reasons. */
const SECRET_MIN_CHARACTERS = 12;

export type Hide = (text: string) => string;

/** Takes the values of `headers` out of a text, also where it is JSON. */
export function hideEchoes(headers: Readonly<Record<string, string>>): Hide {
  const values = Object.values(headers)
    .map((value) => value.replace(/^(?:Bearer|Basic|DPoP) +/i, ''))
    .filter((value) => value.length >= SECRET_MIN_CHARACTERS);
  const spellings = new Set(values.flatMap((value) => [value, JSON.stringify(value).slice(1, -1)]));
  // The longer first, so that one secret within another leaves no rest.
  const longestFirst = [...spellings].sort((a, b) => b.length - a.length);
  return (text) => longestFirst.reduce((rest, value) => rest.replaceAll(value, HIDDEN), text);
}

/** The same in a fault that quotes the server. */
export function hideInFault(error: ChatelaineError, hide: Hide): void {
  error.message = hide(error.message);
  const { upstreamText } = error.details;
  if (upstreamText !== undefined) Object.assign(error.details, { upstreamText: hide(upstreamText) });
}

/** The same in what a server calls itself. */
export function hideInProtocol(protocol: Protocol, hide: Hide): Protocol {
  const { serverName, serverVersion } = protocol;
  return {
    ...protocol,
    serverName: serverName === null ? null : hide(serverName),
    serverVersion: serverVersion === null ? null : hide(serverVersion),
  };
}
