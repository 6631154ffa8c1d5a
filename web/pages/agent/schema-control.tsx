// One field of a tool's form.

import { useId } from 'react';
import type { SchemaField } from '../../model/schema-form.ts';
import { SelectField, TextField } from '../../ui/form.tsx';

type Props = {
  field: SchemaField;
  /** In place of the property's own name. */
  label?: string;
  value: string;
  onChange: (value: string) => void;
};

export function SchemaControl({ field, label = field.name, value, onChange }: Props) {
  const { control, required, description, input } = field;
  const shared = { label, optional: !required, hint: description, required, value };
  switch (control) {
    case 'choice':
      return (
        <SelectField
          {...shared}
          options={[
            ['', required ? 'Choose…' : 'Not set'],
            ...field.choices.map((one) => [one.value, one.label] as const),
          ]}
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
    case 'text':
      return <TextField {...shared} {...input} onChange={(event) => onChange(event.target.value)} />;
    case 'several':
      return <Several field={field} label={label} value={value} onChange={onChange} />;
    default:
      return <Long field={field} label={label} value={value} onChange={onChange} />;
  }
}

const NOTE: Record<string, string> = { lines: 'One on each line.', json: 'As JSON.' };

function Several({ field, label, value, onChange }: Required<Props>) {
  const chosen = value.split('\n').filter((one) => one !== '');
  return (
    <fieldset>
      <legend className="mb-1.5 text-sm font-medium">{label}</legend>
      <div className="flex flex-wrap gap-x-5 gap-y-1.5">
        {field.choices.map((choice) => (
          <label key={choice.value} className="flex items-center gap-2 text-sm">
            <input
              type="checkbox"
              className="check"
              checked={chosen.includes(choice.value)}
              onChange={({ target }) =>
                onChange(
                  field.choices
                    .map((one) => one.value)
                    .filter((one) => (one === choice.value ? target.checked : chosen.includes(one)))
                    .join('\n'),
                )
              }
            />
            {choice.label}
          </label>
        ))}
      </div>
      {field.description && <p className="mt-1.5 text-xs text-ink-3">{field.description}</p>}
    </fieldset>
  );
}

function Long({ field, label, value, onChange }: Required<Props>) {
  const id = useId();
  const hint = [field.description, NOTE[field.control]].filter(Boolean).join(' ');
  return (
    <div className="space-y-1.5 sm:col-span-2">
      <label htmlFor={id} className="flex items-baseline gap-2 text-sm font-medium">
        {label}
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
