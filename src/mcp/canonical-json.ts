// One spelling for one JSON value (after RFC 8785): keys in order of their UTF-16 units, no spaces, numbers and
// strings as ECMAScript writes them. So equal definitions give equal digests, however a server orders keys.

import { isObject } from './json.ts';

/** The canonical text of a JSON value; fields that are undefined are left out. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (!isObject(value) || JSON.isRawJSON(value)) return JSON.stringify(value ?? null);
  const fields = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key])}`);
  return `{${fields.join(',')}}`;
}
