// Values for a JSON schema as OpenAPI 3.1 documents hold it: mostly of the right shape, so that they come past the
// first check, and here and there something else.

import fc from 'fast-check';
import { hostileText, hostileValue } from './fuzz.ts';

export type Schema = { readonly [keyword: string]: any };

/** Of every `SPOILT` values one is not what the schema asks for. */
const SPOILT = 8;
const MAX_DEPTH = 6;

/**
 * @param named values that are worth trying for a field, by its name
 */
export function valueFor(
  schema: Schema,
  document: Schema,
  named: (field: string) => readonly unknown[] = () => [],
  field = '',
  depth = 0,
): fc.Arbitrary<unknown> {
  const within = (inner: Schema, name = field): fc.Arbitrary<unknown> =>
    valueFor(inner, document, named, name, depth + 1);
  const good = fc.oneof(...goodValues(schema, document, within, depth), ...named(field).map((one) => fc.constant(one)));
  return fc.oneof({ weight: SPOILT - 1, arbitrary: good }, { weight: 1, arbitrary: hostileValue() });
}

function goodValues(
  schema: Schema,
  document: Schema,
  within: (inner: Schema, name?: string) => fc.Arbitrary<unknown>,
  depth: number,
): fc.Arbitrary<unknown>[] {
  if (depth > MAX_DEPTH) return [fc.constant(null)];
  if (typeof schema.$ref === 'string') return [within(resolved(schema.$ref, document))];
  const choices: Schema[] | undefined = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return choices.map((choice) => within(choice));
  if (schema.allOf !== undefined) return [fc.tuple(...schema.allOf.map((part: Schema) => within(part))).map(merged)];
  if (schema.enum !== undefined) return [fc.constantFrom(...schema.enum)];
  if (schema.const !== undefined) return [fc.constant(schema.const)];
  const types: string[] = [schema.type ?? []].flat();
  const values = types.map((type) => ofType(type, schema, within));
  return values.length === 0 ? [hostileValue()] : values;
}

function ofType(
  type: string,
  schema: Schema,
  within: (inner: Schema, name?: string) => fc.Arbitrary<unknown>,
): fc.Arbitrary<unknown> {
  switch (type) {
    case 'object': {
      const fields = Object.entries(schema.properties ?? {}) as [string, Schema][];
      const known = fc.record(Object.fromEntries(fields.map(([name, inner]) => [name, within(inner, name)])), {
        requiredKeys: schema.required ?? [],
      });
      const more: unknown = schema.additionalProperties;
      if (typeof more !== 'object' || more === null) return known;
      return fc.tuple(known, fc.dictionary(hostileText(), within(more as Schema), { maxKeys: 4 })).map(merged);
    }
    case 'array':
      return fc.array(within(schema.items ?? {}), { maxLength: 4 });
    case 'integer':
      return fc.oneof(fc.integer({ min: schema.minimum ?? -5, max: schema.maximum ?? 1_000 }), fc.integer());
    case 'number':
      return fc.double();
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    default:
      return hostileText();
  }
}

function merged(parts: readonly unknown[]): unknown {
  return Object.assign({}, ...parts.map((part) => (typeof part === 'object' && part !== null ? part : {})));
}

function resolved(reference: string, document: Schema): Schema {
  return reference
    .replace('#/', '')
    .split('/')
    .reduce<any>((at, name) => at?.[name], document);
}
