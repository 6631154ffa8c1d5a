// Decides whether a listed tool can be offered to agents. One malformed definition makes many clients
// reject the whole list it stands in, so it is left out here, with the reason; nothing is ever mended.

import { isObject, stringField } from './json.ts';
import { mirroringFault } from './mirrored-headers.ts';
import type { ToolDefinition } from './types.ts';

const NAME_MAX_CHARACTERS = 128;
const HIDDEN_CHARACTERS = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

export type Judgement =
  | { readonly tool: ToolDefinition }
  | { readonly dropped: { readonly name: string; readonly reason: string } };

/**
 * The tool as it was sent, or why it is left out.
 *
 * @param era headers are mirrored by modern servers only, so only there a bad `x-mcp-header` counts
 * @see MCP 2026-07-28, server/tools: clients must leave out tools with an invalid x-mcp-header
 */
export function judgeTool(value: unknown, era: 'modern' | 'legacy'): Judgement {
  const name = stringField(value, 'name');
  if (!isObject(value) || name === null) return { dropped: { name: '(unnamed)', reason: 'it has no name' } };
  const tool: ToolDefinition = { ...value, name };
  const reason = nameFault(name) ?? shapeFault(tool) ?? (era === 'modern' ? mirroringFault(tool) : null);
  return reason === null ? { tool } : { dropped: { name: name.slice(0, NAME_MAX_CHARACTERS), reason } };
}

function nameFault(name: string): string | null {
  if (name.trim() === '') return 'its name is empty';
  if (name.length > NAME_MAX_CHARACTERS) return `its name is longer than ${NAME_MAX_CHARACTERS} characters`;
  return HIDDEN_CHARACTERS.test(name) ? 'its name holds invisible characters' : null;
}

function shapeFault(tool: ToolDefinition): string | null {
  if (!isObject(tool.inputSchema)) return 'it has no inputSchema';
  if (tool.inputSchema.type !== 'object') return 'its inputSchema is not of type "object"';
  if (!isAbsentOr(isObject, tool.inputSchema.properties)) return 'the properties of its inputSchema are no object';
  if (!isAbsentOr(isObject, tool.outputSchema)) return 'its outputSchema is no object';
  if (!isAbsentOr(isObject, tool.annotations)) return 'its annotations are no object';
  const isText = (value: unknown): boolean => typeof value === 'string';
  return isAbsentOr(isText, tool.description) && isAbsentOr(isText, tool.title)
    ? null
    : 'its title or description is no text';
}

function isAbsentOr(test: (value: unknown) => boolean, value: unknown): boolean {
  return value === undefined || test(value);
}
