// Turns one line of a tool table into a whole MCP tool definition, so that each provider's tools fit on one screen.

type JsonSchema = Record<string, unknown>;

export type ToolDefinition = {
  name: string;
  title?: string;
  description?: string;
  inputSchema: { type: 'object'; properties?: Record<string, JsonSchema>; required?: string[]; [key: string]: unknown };
  annotations?: Record<string, unknown>;
};

/** What a tool does to the account, from which its annotations follow. */
const EFFECTS = new Set(['read', 'write', 'update', 'delete']);

/** Reads a table with one tool a line: `name | effect | parameters | description`; for parameters see `parameter`. */
export function defineTools(table: string, openWorld = true): ToolDefinition[] {
  const rows = table.split('\n').filter((line) => line.trim() !== '');
  return rows.map((row) => {
    const [name = '', effect = '', parameters = '', description = ''] = row.split(' | ').map((cell) => cell.trim());
    if (!EFFECTS.has(effect)) throw new Error(`No such effect in the tool table: ${row}`);
    const declared = parameters.split(/\s+/).filter(Boolean).map(parameter);
    const title = titleOf(name);
    return {
      name,
      title,
      description,
      inputSchema: {
        type: 'object',
        properties: Object.fromEntries(declared.map(({ key, schema }) => [key, schema])),
        required: declared.filter(({ required }) => required).map(({ key }) => key),
        additionalProperties: false,
      },
      annotations: {
        title,
        readOnlyHint: effect === 'read',
        destructiveHint: effect === 'delete',
        idempotentHint: effect !== 'write',
        openWorldHint: openWorld,
      },
    };
  });
}

/** `name`, `name!` (required), `name:integer`, `name:string[]`, `name:a|b` (enumeration). */
function parameter(text: string): { key: string; required: boolean; schema: JsonSchema } {
  const [declaration = '', type = 'string'] = text.split(':');
  const key = declaration.replace('!', '');
  const words = titleOf(key);
  const schema: JsonSchema = type.includes('|')
    ? { type: 'string', enum: type.split('|') }
    : type.endsWith('[]')
      ? { type: 'array', items: { type: type.slice(0, -2) } }
      : type === 'date'
        ? { type: 'string', format: 'date-time' }
        : { type };
  return { key, required: declaration.endsWith('!'), schema: { ...schema, description: words } };
}

function titleOf(name: string): string {
  const words = name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replaceAll('_', ' ')
    .toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
