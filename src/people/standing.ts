// Whether whoever handed something out was still an owner then. Asked once it is written: a removal from the hub
// that came in between has not seen it, and a session may be believed for a moment after it ended.

import { ChatelaineError } from '../errors.ts';
import { makerOf } from '../hub/api-tokens.ts';
import type { Actor } from '../hub/audit.ts';
import type { User } from './auth.ts';
import type { PeopleContext } from './context.ts';

/** @param undo takes back what was handed out. @throws forbidden, once it is taken back */
export async function checkStanding(context: PeopleContext, actor: Actor, undo: () => Promise<unknown>): Promise<void> {
  if (await isStanding(context, await makerOf(context.hub, actor))) return;
  await undo();
  throw new ChatelaineError('forbidden', 'Whoever asks for this is no owner of this hub any more.');
}

async function isStanding(context: PeopleContext, maker: string): Promise<boolean> {
  const [kind, id = ''] = maker.split(':');
  if (kind === 'token') return (await context.hub.store.apiTokens.get(id)) !== null;
  if (kind !== 'person') return true;
  const user = (await (await context.auth()).internal.findUserById(id)) as User | null;
  return user?.enabled === true && user.role === 'owner';
}
