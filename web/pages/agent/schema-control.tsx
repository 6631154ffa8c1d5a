// One field of a tool's form.

import { useId } from 'react';
import type { SchemaField } from '../../model/schema-form.ts';
import { SelectField, TextField } from '../../ui/form.tsx';

export function SchemaControl({
  field,
  value,
  onChange,
}: {
  field: SchemaField;
  value: string;
  onChange: (value: string) => void;
}) {
  const { name, control, required, description } = field;
  const shared = { label: name, optional: !required, hint: description, required, value };
  switch (control) {
    case 'choice':
      return (
        <SelectField
          {...shared}
          options={[['', required ? 'Choose…' : 'Not set'], ...field.choices.map((one) => [one, one] as const)]}
          onChange={(event) => onChange(event.target.value)}
        />
      );
    case 'boolean':
      return (
        <SelectField
          {...shared}
          options={[
            ['', 'Not set'],
            ['true', 'true'],
            ['false', 'false'],
          ]}
          onChange={(event) => onChange(event.target.value)}
        />
      );
    case 'number':
      return <TextField {...shared} type="number" step="any" onChange={(event) => onChange(event.target.value)} />;
    case 'text':
      return <TextField {...shared} onChange={(event) => onChange(event.target.value)} />;
    default:
      return <Long field={field} value={value} onChange={onChange} />;
  }
}

const NOTE: Record<string, string> = { lines: 'One on each line.', json: 'As JSON.' };

function Long({ field, value, onChange }: { field: SchemaField; value: string; onChange: (value: string) => void }) {
  const id = useId();
  const hint = [field.description, NOTE[field.control]].filter(Boolean).join(' ');
  return (
    <div className="space-y-1.5 sm:col-span-2">
      <label htmlFor={id} className="flex items-baseline gap-2 text-sm font-medium">
        {field.name}
        {!field.required && <span className="text-xs font-normal text-ink-3">optional</span>}
      </label>
      <textarea
        id={id}
        rows={3}
        required={field.required}
        className={`field ${field.control === 'json' ? 'font-mono' : ''}`}
        aria-describedby={hint ? `${id}-hint` : undefined}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
      {hint && (
        <p id={`${id}-hint`} className="text-xs text-ink-3">
          {hint}
        </p>
      )}
    </div>
  );
}
