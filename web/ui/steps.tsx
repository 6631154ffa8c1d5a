// Requests made to a server, in order: what was asked, what came back, what was decided.

import type { Probe } from '../api/queries.ts';

type Step = Pick<Probe['requests'][number], 'step' | 'method' | 'url' | 'status' | 'durationMs' | 'decision'>;

const tone = (status: number | null): string => {
  if (status === null) return 'text-ink-3';
  if (status >= 500) return 'text-bad';
  return status >= 400 ? 'text-warn' : 'text-ok';
};

export const stepName = (step: string): string => {
  const words = step.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
};

export function Steps({ steps }: { steps: readonly Step[] }) {
  return (
    <ol className="divide-y divide-line text-sm">
      {steps.map((step, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: steps have an order and nothing else
        <li key={index} className="px-4 py-2.5">
          <div className="flex flex-wrap items-baseline gap-x-2">
            <span className="font-medium">{stepName(step.step)}</span>
            {step.status !== null && <span className={`font-mono text-xs ${tone(step.status)}`}>{step.status}</span>}
            {step.durationMs !== null && (
              <span className="ml-auto text-xs text-ink-3 tabular-nums">{Math.round(step.durationMs)} ms</span>
            )}
          </div>
          {step.url !== null && (
            <p className="font-mono text-xs text-ink-3 [overflow-wrap:anywhere]">
              {step.method} {step.url}
            </p>
          )}
          {step.decision !== null && <p className="text-xs text-ink-2 [overflow-wrap:anywhere]">{step.decision}</p>}
        </li>
      ))}
    </ol>
  );
}
