// Labelled fields: what is asked, why, and what was wrong with the answer, tied together for screen readers.

import { type ComponentProps, type ReactNode, useId } from 'react';

type Wrapped = { label: string; hint?: ReactNode; error?: string | null; optional?: boolean };

function Labelled({ id, label, hint, error, optional, children }: Wrapped & { id: string; children: ReactNode }) {
  return (
    <div className="space-y-1.5">
      <label htmlFor={id} className="flex items-baseline gap-2 text-sm font-medium">
        {label}
        {optional && <span className="text-xs font-normal text-ink-3">optional</span>}
      </label>
      {children}
      {hint && (
        <p id={`${id}-hint`} className="text-xs text-ink-3 [overflow-wrap:anywhere]">
          {hint}
        </p>
      )}
      {error && (
        <p id={`${id}-error`} role="alert" className="text-xs text-bad">
          {error}
        </p>
      )}
    </div>
  );
}

const described = (id: string, { hint, error }: Wrapped) =>
  [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ') || undefined;

export function TextField({
  label,
  hint,
  error,
  optional,
  className = '',
  ...rest
}: Wrapped & ComponentProps<'input'>) {
  const id = useId();
  const wrapped = { label, hint, error, optional };
  return (
    <Labelled id={id} {...wrapped}>
      <input
        id={id}
        className={`field ${className}`}
        autoComplete="off"
        spellCheck={false}
        aria-invalid={error ? true : undefined}
        aria-describedby={described(id, wrapped)}
        {...rest}
      />
    </Labelled>
  );
}

/** A secret goes in and never comes back: an empty field keeps what is stored. */
export function SecretField({
  stored = false,
  hint,
  ...rest
}: Wrapped & { stored?: boolean } & ComponentProps<'input'>) {
  return (
    <TextField
      {...rest}
      type="password"
      autoComplete="off"
      data-1p-ignore=""
      placeholder={stored ? '•••••••• kept; leave empty to keep it' : rest.placeholder}
      hint={hint}
    />
  );
}

export function SelectField({
  label,
  hint,
  error,
  optional,
  options,
  ...rest
}: Wrapped & { options: readonly (readonly [value: string, text: string])[] } & ComponentProps<'select'>) {
  const id = useId();
  const wrapped = { label, hint, error, optional };
  return (
    <Labelled id={id} {...wrapped}>
      <select id={id} className="field" aria-describedby={described(id, wrapped)} {...rest}>
        {options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </Labelled>
  );
}

/** A few choices side by side, each with a sentence. */
export function Choices<T extends string>({
  legend,
  name,
  value,
  onChange,
  options,
  disabled = false,
}: {
  legend: string;
  name: string;
  value: T;
  onChange: (value: T) => void;
  options: readonly { value: T; label: string; hint: string }[];
  disabled?: boolean;
}) {
  return (
    <fieldset disabled={disabled}>
      <legend className="mb-1.5 text-sm font-medium">{legend}</legend>
      <div className="grid gap-2 sm:grid-cols-2">
        {options.map((option) => (
          <label
            key={option.value}
            className="flex gap-2.5 rounded-lg border border-line-strong bg-surface p-3 transition-colors hover:bg-hover has-checked:border-accent has-checked:bg-accent-soft"
          >
            <input
              type="radio"
              className="check mt-0.5"
              name={name}
              checked={value === option.value}
              onChange={() => onChange(option.value)}
            />
            <span className="min-w-0">
              <span className="block text-sm font-medium">{option.label}</span>
              <span className="block text-xs text-ink-2">{option.hint}</span>
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
