// What callers send and get for people.

import { z } from '@hono/zod-openapi';
import { PASSWORD_MAX_CHARACTERS, PASSWORD_MIN_CHARACTERS } from '../../limits.ts';
import type { SignedIn } from '../../people/context.ts';
import { ROLES } from '../../people/role.ts';
import { nullableTime, time } from './shapes.ts';

export const role = z.enum(ROLES);
/** Control characters and halves of letters, which not every database gives back as they were. */
const PLAIN = /^[^\p{Cc}\p{Cs}]*$/u;
export const email = z.email().max(254);
/** Any address: a wrong one is told as such. */
export const knownEmail = z.string().max(254).regex(PLAIN, 'must not hold control characters');
export const personName = z.string().trim().min(1).max(100).regex(PLAIN, 'must not hold control characters');
export const newPassword = z
  .string()
  .min(PASSWORD_MIN_CHARACTERS)
  .max(PASSWORD_MAX_CHARACTERS)
  .openapi({ format: 'password' });
/** Any text: a wrong one is told as such, never as too short. */
export const knownPassword = z.string().max(1000).openapi({ format: 'password' });
/** Set-up codes and the tokens of links. */
export const oneTimeCode = z.string().max(200);

export const me = z
  .object({
    kind: z.enum(['person', 'token']),
    id: z.string(),
    name: z.string(),
    email: z.string().nullable(),
    role,
    sessionId: z.string().nullable(),
    hasPassword: z.boolean(),
  })
  .openapi('Me');

export const person = z
  .object({
    id: z.string(),
    name: z.string(),
    email: z.string(),
    role,
    enabled: z.boolean(),
    createdAt: time,
    lastSeenAt: nullableTime,
    sessions: z.number().int(),
    signIn: z.array(z.enum(['password', 'oidc'])),
  })
  .openapi('Person');

export const invitation = z
  .object({
    id: z.string(),
    email: z.string().nullable(),
    role,
    createdAt: time,
    expiresAt: time,
    createdBy: z.string(),
  })
  .openapi('Invitation');

export const link = z.object({ url: z.string(), expiresAt: time });

export const meOfPerson = ({ personId, name, email: address, role: held, sessionId, hasPassword }: SignedIn) => ({
  kind: 'person' as const,
  id: personId,
  name,
  email: address,
  role: held,
  sessionId,
  hasPassword,
});
