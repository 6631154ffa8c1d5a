// What changed in a tool's definition, small enough to be read by the person who granted it. Large changes
// are left out: that the tool changed is told by its digest, and the definition itself can be looked at.

import { canonicalJson } from './canonical-json.ts';
import type { JsonObject } from './json.ts';
import { isObject } from './json.ts';
import type { ToolDefinition } from './types.ts';

const TEXT_MAX_CHARACTERS = 500;
const NAMES_MAX = 20;

export type ToolChange = {
  readonly description?: { readonly before: string | null; readonly after: string | null };
  /** Names of the input's parameters; `changed` includes one that became required or optional. */
  readonly schema?: {
    readonly added: readonly string[];
    readonly removed: readonly string[];
    readonly changed: readonly string[];
  };
  /** The changed hints, by name; null where there was or is none. */
  readonly annotations?: { readonly [hint: string]: { readonly before: unknown; readonly after: unknown } };
};

/** The parts of the definition that differ, each only where its change is small. */
export function describeToolChange(before: ToolDefinition, after: ToolDefinition): ToolChange {
  const description = textChange(before.description, after.description);
  const schema = schemaChange(before.inputSchema, after.inputSchema);
  const annotations = annotationsChange(before.annotations, after.annotations);
  return {
    ...(description === null ? {} : { description }),
    ...(schema === null ? {} : { schema }),
    ...(annotations === null ? {} : { annotations }),
  };
}

function textChange(before: unknown, after: unknown): Required<ToolChange>['description'] | null {
  const texts = { before: textOrNull(before), after: textOrNull(after) };
  if (texts.before === texts.after) return null;
  const length = Math.max(texts.before?.length ?? 0, texts.after?.length ?? 0);
  return length <= TEXT_MAX_CHARACTERS ? texts : null;
}

function schemaChange(before: unknown, after: unknown): Required<ToolChange>['schema'] | null {
  const [old, present] = [parametersOf(before), parametersOf(after)];
  const added = [...present.keys()].filter((name) => !old.has(name));
  const removed = [...old.keys()].filter((name) => !present.has(name));
  const changed = [...present.keys()].filter((name) => old.has(name) && old.get(name) !== present.get(name));
  const names = [...added, ...removed, ...changed];
  const isReadable = names.length <= NAMES_MAX && names.join('').length <= TEXT_MAX_CHARACTERS;
  return names.length > 0 && isReadable ? { added, removed, changed } : null;
}

/** Each parameter's schema as text, with whether it is required. */
function parametersOf(schema: unknown): Map<string, string> {
  const { properties, required } = objectOrEmpty(schema);
  const needed = new Set(Array.isArray(required) ? required : []);
  const entries = Object.entries(objectOrEmpty(properties));
  return new Map(entries.map(([name, child]) => [name, `${needed.has(name)} ${canonicalJson(child)}`]));
}

function annotationsChange(before: unknown, after: unknown): Required<ToolChange>['annotations'] | null {
  const [old, present] = [objectOrEmpty(before), objectOrEmpty(after)];
  const changes = [...new Set([...Object.keys(old), ...Object.keys(present)])]
    .filter((hint) => canonicalJson(own(old, hint)) !== canonicalJson(own(present, hint)))
    .map((hint) => [hint, { before: own(old, hint), after: own(present, hint) }] as const);
  const isReadable = JSON.stringify(changes).length <= 2 * TEXT_MAX_CHARACTERS;
  return changes.length > 0 && isReadable ? Object.fromEntries(changes) : null;
}

function own(object: JsonObject, field: string): unknown {
  return Object.hasOwn(object, field) ? object[field] : null;
}

function objectOrEmpty(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
