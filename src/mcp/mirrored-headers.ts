// `x-mcp-header` (MCP 2026-07-28, server/tools): a tool may ask that an argument is mirrored into an HTTP
// header `Mcp-Param-<Name>`, so that intermediaries can route on it. Finds the annotations, judges them,
// and builds the headers of one call. A tool with a bad annotation must not be used at all.

import { quoteForeign } from '../errors.ts';
import { decodeHeaderValue, encodeHeaderValue } from './header-value.ts';
import type { JsonObject } from './json.ts';
import { isObject, nearestNumber } from './json.ts';
import type { ToolDefinition } from './types.ts';

const ANNOTATION = 'x-mcp-header';
const HEADER_PREFIX = 'Mcp-Param-';
/** RFC 9110 section 5.6.2 */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const MIRRORED_TYPES: readonly unknown[] = ['string', 'integer', 'boolean'];

/** Subschemas that do not stand for one fixed argument, so that no annotation may be under them. */
const SINGLE_SUBSCHEMAS = [
  'items',
  'contains',
  'additionalProperties',
  'unevaluatedProperties',
  'unevaluatedItems',
  'propertyNames',
  'not',
  'if',
  'then',
  'else',
];
const LISTED_SUBSCHEMAS = ['items', 'prefixItems', 'oneOf', 'anyOf', 'allOf'];
const NAMED_SUBSCHEMAS = ['patternProperties', 'dependentSchemas', '$defs', 'definitions'];

type MirroredParameter = { readonly path: readonly string[]; readonly header: string };
/** By header name in lower case, which must be unique. */
type MirroredParameters = Map<string, MirroredParameter>;

/** Why a tool's annotations make it unusable with a modern server; null when there is nothing wrong. */
export function mirroringFault(tool: ToolDefinition): string | null {
  const found = findMirrored(tool.inputSchema);
  return typeof found === 'string' ? found : null;
}

/**
 * The `Mcp-Param-*` headers of one call. Absent and null arguments have none, and neither have values
 * that have no exact text form (objects, numbers beyond the safe integers).
 */
export function mirroredHeaders(tool: ToolDefinition, toolArguments: unknown): Record<string, string> {
  const found = findMirrored(tool.inputSchema);
  if (typeof found === 'string') return {};
  const headers: Record<string, string> = {};
  for (const { path, header } of found.values()) {
    const text = textForm(path.reduce<unknown>(ownField, toolArguments));
    if (text !== null) headers[`${HEADER_PREFIX}${header}`] = encodeHeaderValue(text);
  }
  return headers;
}

/**
 * What is wrong with the `Mcp-Param-*` headers that came with a call; null when they say what the body says.
 *
 * @param headers by lower-case name
 * @see MCP 2026-07-28, server/tools, "Server Validation"
 */
export function mirroringMismatch(
  tool: ToolDefinition,
  toolArguments: unknown,
  headers: Readonly<Record<string, string | undefined>>,
): string | null {
  const found = findMirrored(tool.inputSchema);
  if (typeof found === 'string') return null;
  for (const { path, header } of found.values()) {
    const name = `${HEADER_PREFIX}${header}`;
    const sent = headers[name.toLowerCase()] ?? null;
    const wanted = nearestNumber(path.reduce<unknown>(ownField, toolArguments));
    const isAbsent = wanted === undefined || wanted === null;
    if (isAbsent ? sent !== null : sent === null || !says(decodeHeaderValue(sent), wanted)) {
      return `${name} does not repeat the argument ${quoteForeign(path.join('.'), 80)}`;
    }
  }
  return null;
}

function says(sent: string | null, wanted: unknown): boolean {
  if (sent === null) return false;
  if (typeof wanted === 'number') return sent.trim() !== '' && Number(sent) === wanted;
  return sent === textForm(wanted);
}

/** All annotated parameters, or what is wrong with one of them. */
function findMirrored(inputSchema: unknown): MirroredParameters | string {
  const found: MirroredParameters = new Map();
  const fault = visit(inputSchema, [], true, found);
  return fault ?? found;
}

function visit(schema: unknown, path: readonly string[], isFixed: boolean, found: MirroredParameters): string | null {
  if (!isObject(schema)) return null;
  if (Object.hasOwn(schema, ANNOTATION)) {
    const fault = judge(schema, isFixed && path.length > 0, found);
    if (fault !== null) return `${ANNOTATION} at ${quoteForeign(path.join('.') || '(root)', 80)}: ${fault}`;
    const header = String(schema[ANNOTATION]);
    found.set(header.toLowerCase(), { path, header });
  }
  for (const [name, child] of entries(schema.properties)) {
    const fault = visit(child, [...path, name], isFixed, found);
    if (fault !== null) return fault;
  }
  for (const [keyword, child] of otherSubschemas(schema)) {
    const fault = visit(child, [...path, keyword], false, found);
    if (fault !== null) return fault;
  }
  return null;
}

function judge(schema: JsonObject, isReachable: boolean, found: MirroredParameters): string | null {
  const name = schema[ANNOTATION];
  if (!isReachable) return 'only a parameter reached through "properties" alone may be mirrored';
  if (typeof name !== 'string' || name === '') return 'the header name is empty or no string';
  if (!TOKEN.test(name)) return `${quoteForeign(name, 60)} is no HTTP token`;
  if (!MIRRORED_TYPES.includes(schema.type)) return 'only a string, an integer or a boolean may be mirrored';
  return found.has(name.toLowerCase()) ? `${quoteForeign(name, 60)} is used twice (case does not count)` : null;
}

function otherSubschemas(schema: JsonObject): [string, unknown][] {
  const single = SINGLE_SUBSCHEMAS.map((keyword): [string, unknown] => [keyword, schema[keyword]]);
  const listed = LISTED_SUBSCHEMAS.flatMap((keyword) => {
    const value = schema[keyword];
    return Array.isArray(value) ? value.map((child): [string, unknown] => [keyword, child]) : [];
  });
  const named = NAMED_SUBSCHEMAS.flatMap((keyword) =>
    entries(schema[keyword]).map(([, child]): [string, unknown] => [keyword, child]),
  );
  return [...single, ...listed, ...named];
}

function entries(value: unknown): [string, unknown][] {
  return isObject(value) ? Object.entries(value) : [];
}

function ownField(value: unknown, field: string): unknown {
  return isObject(value) && Object.hasOwn(value, field) ? value[field] : undefined;
}

function textForm(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  if (typeof value !== 'number' || !Number.isFinite(value)) return null;
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? null : String(value);
}
