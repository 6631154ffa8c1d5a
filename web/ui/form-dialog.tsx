// The two dialogs of making something: a short form, and what came of it, which is shown once.

import type { FormEvent, ReactNode } from 'react';
import { CopyLine } from './copy.tsx';
import { Modal } from './dialog.tsx';
import { Button, ErrorNote, Note } from './parts.tsx';

export function FormDialog({
  open = true,
  title,
  description,
  label,
  busy,
  disabled = false,
  error = null,
  submit,
  close,
  children,
}: {
  open?: boolean;
  title: string;
  description?: string;
  /** Of the button that makes it. */
  label: string;
  busy: boolean;
  disabled?: boolean;
  error?: unknown;
  submit: () => void;
  close: () => void;
  children: ReactNode;
}) {
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    submit();
  };
  return (
    <Modal open={open} onClose={close} title={title} description={description}>
      <form onSubmit={onSubmit} className="space-y-5">
        {children}
        {error !== null && <ErrorNote error={error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={close}>Cancel</Button>
          <Button type="submit" kind="primary" busy={busy} disabled={disabled}>
            {label}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

export function MadeDialog({
  title,
  wide = false,
  close,
  children,
}: {
  title: string;
  wide?: boolean;
  close: () => void;
  children: ReactNode;
}) {
  const done = (
    <Button kind="primary" onClick={close}>
      Done
    </Button>
  );
  return (
    <Modal open onClose={close} title={title} wide={wide} footer={done}>
      <div className="space-y-4">{children}</div>
    </Modal>
  );
}

/** A secret that the hub made and does not keep. */
export function ShownOnce({ text, what }: { text: string; what: string }) {
  return (
    <>
      <Note kind="warn" title="Copy it now">
        It is shown this once; the hub keeps only its digest.
      </Note>
      <CopyLine text={text} what={what} />
    </>
  );
}
