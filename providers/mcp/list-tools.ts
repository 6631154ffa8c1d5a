// tools/list: the provider's tools, in pages, with the faults a listing can have.
import type { Faults } from '../faults.ts';
import type { ToolDefinition } from '../tools/define.ts';

export type ToolPage = { tools: ToolDefinition[]; nextCursor?: string };

const LOOPING_CURSOR = 'cursor-that-never-advances';

export function listTools(all: ToolDefinition[], faults: Faults, cursor: string | undefined): ToolPage {
  const page = pageNumber(cursor);
  if (faults.loopingCursor) return { tools: all, nextCursor: LOOPING_CURSOR };
  if (faults.endlessPages) {
    const renamed = page === 1 ? all : all.map((tool) => ({ ...tool, name: `${tool.name}_${page}` }));
    return { tools: renamed, nextCursor: cursorOf(page + 1) };
  }
  if (!faults.pageSize) return { tools: all };
  const end = page * faults.pageSize;
  const tools = all.slice(end - faults.pageSize, end);
  return end < all.length ? { tools, nextCursor: cursorOf(page + 1) } : { tools };
}

/** What is listed in all: the provider's tools and those that faults add. */
export function offeredTools(tools: ToolDefinition[], faults: Faults): ToolDefinition[] {
  const first = tools[0];
  return [
    ...tools,
    ...(faults.duplicateToolNames && first ? [{ ...first, description: 'The same name once more' }] : []),
    ...(faults.paramHeaderTool ? [PARAM_HEADER_TOOL] : []),
    ...(faults.invalidHeaderTools ? INVALID_HEADER_TOOLS : []),
  ];
}

/** Counted from 1; cursors are opaque to clients, not to us. */
export function pageNumber(cursor: string | undefined): number {
  if (cursor === undefined) return 1;
  const page = Number(Buffer.from(cursor, 'base64url').toString().replace('page:', ''));
  return Number.isInteger(page) && page > 0 ? page : 1;
}

const cursorOf = (page: number) => Buffer.from(`page:${page}`).toString('base64url');

function headerTool(name: string, properties: Record<string, Record<string, unknown>>): ToolDefinition {
  return { name, description: 'Mirrors an argument into a header', inputSchema: { type: 'object', properties } };
}

export const PARAM_HEADER_TOOL = headerTool('query_region', {
  region: { type: 'string', 'x-mcp-header': 'Region' },
  query: { type: 'string' },
});

/** One for each rule a 2026-07-28 client must check (Streamable HTTP, "x-mcp-header"). */
const INVALID_HEADER_TOOLS = [
  headerTool('header_empty', { region: { type: 'string', 'x-mcp-header': '' } }),
  headerTool('header_not_a_token', { region: { type: 'string', 'x-mcp-header': 'Bad Name:' } }),
  headerTool('header_duplicate', {
    region: { type: 'string', 'x-mcp-header': 'Region' },
    area: { type: 'string', 'x-mcp-header': 'region' },
  }),
  headerTool('header_on_object', { region: { type: 'object', 'x-mcp-header': 'Region' } }),
];
