// Who is at the other end of a sign-in, as far as it can be seen: shown in the list of sessions.

import { ADDRESS_HEADER } from './auth-options.ts';

export type Visitor = {
  readonly address: string | null;
  readonly userAgent: string | null;
  /** The session cookie that came along. */
  readonly cookie?: string | undefined;
};

const USER_AGENT_MAX_CHARACTERS = 300;

export function headersOf(visitor: Visitor, cookieName: string): Headers {
  const headers = new Headers();
  if (visitor.address !== null) headers.set(ADDRESS_HEADER, visitor.address);
  if (visitor.userAgent !== null) headers.set('user-agent', visitor.userAgent.slice(0, USER_AGENT_MAX_CHARACTERS));
  if (visitor.cookie !== undefined) headers.set('cookie', `${cookieName}=${visitor.cookie}`);
  return headers;
}
