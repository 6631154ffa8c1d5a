// A form out of a tool's input schema: which control each property gets, and the value that was entered.

export type Control = 'text' | 'long' | 'number' | 'boolean' | 'choice' | 'lines' | 'json';

export type SchemaField = {
  readonly name: string;
  readonly control: Control;
  readonly required: boolean;
  readonly description: string | null;
  readonly choices: readonly string[];
  readonly initial: string;
  /** True where lines or a choice stand for numbers. */
  readonly numeric: boolean;
};

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
  const choices = Array.isArray(property.enum) ? property.enum.map(String) : [];
  const items = isObject(property.items) ? property.items.type : undefined;
  const numeric = type === 'number' || type === 'integer' || items === 'number' || items === 'integer';
  const value = property.default;
  return {
    name,
    required,
    choices,
    numeric,
    control: controlOf(name, type, choices, items),
    description: hintOf(name, property.description),
    initial: value === undefined ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value),
  };
}

/** A description that only repeats the name says nothing. */
function hintOf(name: string, description: unknown): string | null {
  if (typeof description !== 'string') return null;
  const letters = (text: string): string => text.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  return letters(description) === letters(name) ? null : description;
}

function controlOf(name: string, type: unknown, choices: readonly string[], items: unknown): Control {
  if (choices.length > 0) return 'choice';
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
