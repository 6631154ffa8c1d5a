// All items of a list that comes in pages.

import { PAGE_LIMIT_MAX } from '../limits.ts';
import type { Page, PageRequest } from '../store/records.ts';

export async function everyPage<T>(list: (page: PageRequest) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await list({ limit: PAGE_LIMIT_MAX, cursor });
    items.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return items;
}
