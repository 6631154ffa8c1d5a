// Who calls /api: the configured admin token, or an API token with its role.

import type { MiddlewareHandler } from 'hono';
import { ChatelaineError } from '../errors.ts';
import { Secret } from '../secret.ts';
import type { HttpDependencies, HttpEnvironment } from './environment.ts';

/** Sets `actor` and `role`. @throws unauthorized, forbidden */
export function authenticate({ hub, adminToken }: HttpDependencies): MiddlewareHandler<HttpEnvironment> {
  return async (c, next) => {
    const match = /^Bearer +([\x21-\x7e]+)$/i.exec(c.req.header('authorization') ?? '');
    if (match === null) {
      throw new ChatelaineError(
        'unauthorized',
        'Send Authorization: Bearer with an API token; `chatelaine tokens create` makes one.',
      );
    }
    const presented = new Secret(match[1] ?? '');
    if (adminToken?.equals(presented)) {
      c.set('actor', { name: 'admin' });
      c.set('role', 'owner');
    } else {
      const token = await hub.apiTokens.find(presented);
      if (token === null)
        throw new ChatelaineError('unauthorized', 'This API token is unknown, expired or was revoked.');
      c.set('actor', { name: `token:${token.id}` });
      c.set('role', token.role);
    }
    const reads = c.req.method === 'GET' || c.req.method === 'HEAD';
    if (!reads && c.get('role') !== 'owner')
      throw new ChatelaineError('forbidden', 'This API token may read only; this call needs the owner role.');
    return next();
  };
}
