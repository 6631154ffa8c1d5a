// Where the browser may be sent after a callback: a path of this hub, never another site.

import { ChatelaineError } from '../errors.ts';

const MAX_CHARACTERS = 2_048;

/**
 * A path below the base URL's origin, or null when none was asked for.
 *
 * @throws invalid_request for anything that a browser could read as another origin
 */
export function checkReturnTo(baseUrl: string, returnTo: string | null): string | null {
  if (returnTo === null || returnTo === '') return null;
  const refuse = (): ChatelaineError =>
    new ChatelaineError('invalid_request', 'returnTo must be a path on this hub, such as /connectors.', {
      details: { field: 'returnTo' },
    });
  if (returnTo.length > MAX_CHARACTERS || !/^\/(?![/\\])[\x21-\x7e]*$/.test(returnTo) || returnTo.includes('\\'))
    throw refuse();
  const base = new URL(baseUrl);
  let target: URL;
  try {
    target = new URL(returnTo, base);
  } catch {
    throw refuse();
  }
  if (target.origin !== base.origin || target.pathname.startsWith('//')) throw refuse();
  return `${target.pathname}${target.search}${target.hash}`;
}

/** `path` with query parameters set, its fragment kept. */
export function withQuery(path: string, parameters: Readonly<Record<string, string>>): string {
  const url = new URL(path, 'http://path.invalid');
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return `${url.pathname}${url.search}${url.hash}`;
}
