// A form out of a tool's input schema: which control each property gets, and the value that was entered.

export type Control = 'text' | 'long' | 'number' | 'boolean' | 'choice' | 'several' | 'lines' | 'json';

export type SchemaField = {
  readonly name: string;
  /** What the schema calls it for people. */
  readonly title: string | null;
  readonly control: Control;
  readonly required: boolean;
  readonly description: string | null;
  readonly choices: readonly Choice[];
  readonly initial: string;
  /** True where lines or a choice stand for numbers. */
  readonly numeric: boolean;
  /** What the browser itself can check. */
  readonly input: {
    readonly type: string;
    readonly min?: number;
    readonly max?: number;
    readonly minLength?: number;
    readonly maxLength?: number;
    readonly step?: number | 'any';
  };
};

export type Choice = { readonly value: string; readonly label: string };

type Schema = Record<string, unknown>;

const isObject = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export function fieldsOf(schema: Schema | null): SchemaField[] {
  const properties = isObject(schema?.properties) ? schema.properties : {};
  const required = new Set(Array.isArray(schema?.required) ? schema.required : []);
  const fields = Object.entries(properties).map(([name, property]) =>
    fieldOf(name, isObject(property) ? property : {}, required.has(name)),
  );
  return fields.sort((a, b) => Number(b.required) - Number(a.required));
}

function fieldOf(name: string, property: Schema, required: boolean): SchemaField {
  const type = Array.isArray(property.type) ? property.type.find((one) => one !== 'null') : property.type;
  const items = isObject(property.items) ? property.items : {};
  const choices = choicesOf(type === 'array' ? items : property);
  const numeric = [type, items.type].some((one) => one === 'number' || one === 'integer');
  return {
    name,
    required,
    choices,
    numeric,
    title: typeof property.title === 'string' && property.title.trim() !== '' ? property.title : null,
    control: controlOf(name, type, choices, items.type),
    description: hintOf(name, property.description),
    initial: textOf(property.default),
    input: inputOf(type, property),
  };
}

/** As it is entered: a list of plain values is one on each line. */
function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value) && value.every((one) => typeof one !== 'object')) return value.join('\n');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** @see SEP-1330: plain values, values with names beside them, or values that each have a title */
function choicesOf(schema: Schema): Choice[] {
  const titled = [schema.oneOf, schema.anyOf].find(Array.isArray);
  const options = (titled ?? []).filter(isObject);
  if (options.length > 0 && options.every((one) => 'const' in one))
    return options.map((one) => ({ value: String(one.const), label: String(one.title ?? one.const) }));
  const names = Array.isArray(schema.enumNames) ? schema.enumNames : [];
  const values = Array.isArray(schema.enum) ? schema.enum : [];
  return values.map((one, index) => ({ value: String(one), label: String(names[index] ?? one) }));
}

const FORMATS: Record<string, string> = { email: 'email', uri: 'url', date: 'date' };

function inputOf(type: unknown, schema: Schema): SchemaField['input'] {
  const number = (name: string, as: string) => (typeof schema[name] === 'number' ? { [as]: schema[name] } : {});
  if (type === 'number' || type === 'integer')
    return {
      type: 'number',
      step: type === 'integer' ? 1 : 'any',
      ...number('minimum', 'min'),
      ...number('maximum', 'max'),
    };
  return {
    type: FORMATS[String(schema.format)] ?? 'text',
    ...number('minLength', 'minLength'),
    ...number('maxLength', 'maxLength'),
  };
}

/** A description that only repeats the name says nothing. */
function hintOf(name: string, description: unknown): string | null {
  if (typeof description !== 'string') return null;
  const letters = (text: string): string => text.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  return letters(description) === letters(name) ? null : description;
}

function controlOf(name: string, type: unknown, choices: readonly Choice[], items: unknown): Control {
  if (choices.length > 0) return type === 'array' ? 'several' : 'choice';
  if (type === 'boolean') return 'boolean';
  if (type === 'number' || type === 'integer') return 'number';
  if (type === 'array' && (items === 'string' || items === 'number' || items === 'integer')) return 'lines';
  if (type === 'string' || type === undefined)
    return /description|body|content|text|prompt/i.test(name) ? 'long' : 'text';
  return 'json';
}

/** @throws SyntaxError where JSON was asked for and something else entered */
export function argumentsOf(
  fields: readonly SchemaField[],
  entered: Readonly<Record<string, string>>,
): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const field of fields) {
    const text = entered[field.name] ?? field.initial;
    if (text.trim() === '') continue;
    result[field.name] = entryOf(field, text);
  }
  return result;
}

function entryOf({ name, control, numeric }: SchemaField, text: string): unknown {
  switch (control) {
    case 'boolean':
      return text === 'true';
    case 'number':
      return Number(text);
    case 'choice':
      return numeric ? Number(text) : text;
    case 'several':
    case 'lines': {
      const lines = text.split('\n').map((line) => line.trim());
      return lines.filter((line) => line !== '').map((line) => (numeric ? Number(line) : line));
    }
    case 'json':
      try {
        return JSON.parse(text);
      } catch (cause) {
        throw new SyntaxError(`${name} is not valid JSON.`, { cause });
      }
    default:
      return text;
  }
}
