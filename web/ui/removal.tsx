// The end of a thing at the foot of its settings: what is lost is said before it is.

import { type ReactNode, useState } from 'react';
import { Confirm } from './dialog.tsx';
import { Button, Section } from './parts.tsx';

export function Removal({
  what,
  name,
  hint,
  remove,
  children,
}: {
  /** Its kind: agent, connector. */
  what: string;
  name: string;
  hint: string;
  /** Removes it and leaves its page. */
  remove: () => Promise<void>;
  /** What goes with it. */
  children: ReactNode;
}) {
  const [asking, setAsking] = useState(false);
  return (
    <Section title="Danger zone">
      <div className="flex flex-wrap items-center justify-between gap-3 rounded-lg border border-bad/30 px-4 py-3.5">
        <div className="min-w-0 flex-[1_1_18rem] text-sm">
          <p className="font-medium">Remove this {what}</p>
          <p className="text-ink-3">{hint}</p>
        </div>
        <Button kind="danger-quiet" onClick={() => setAsking(true)}>
          Remove {what}
        </Button>
      </div>
      <Confirm
        open={asking}
        onClose={() => setAsking(false)}
        title={`Remove ${name}?`}
        action={`Remove ${what}`}
        run={remove}
      >
        <p>This cannot be undone. It removes:</p>
        {children}
      </Confirm>
    </Section>
  );
}
