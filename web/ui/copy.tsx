// Copying to the clipboard, with a word that it happened.

import { Check, Copy } from 'lucide-react';
import { useEffect, useState } from 'react';

const SHOWN_MS = 1800;

function CopyButton({ text, label = 'Copy', what }: { text: string; label?: string; what: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <button
      type="button"
      className="btn btn-default btn-sm"
      aria-label={`${label} ${what}`}
      onClick={async () => {
        await copyText(text);
        setCopied(true);
      }}
    >
      {copied ? <Check className="text-ok" /> : <Copy />}
      <span>{copied ? 'Copied' : label}</span>
      <span role="status" className="sr-only">
        {copied ? `Copied ${what}` : ''}
      </span>
    </button>
  );
}

/** The clipboard is for secure contexts alone; on plain http the old way still works. */
async function copyText(text: string): Promise<void> {
  if (navigator.clipboard !== undefined && window.isSecureContext) return navigator.clipboard.writeText(text);
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'fixed opacity-0';
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}

/** One line of text with its copy button: a URL, a key. */
export function CopyLine({ text, what }: { text: string; what: string }) {
  return (
    <div className="flex items-center gap-2 rounded-md border border-line bg-sunken py-1 pr-1 pl-3">
      <code className="min-w-0 flex-1 font-mono text-xs [overflow-wrap:anywhere]">{text}</code>
      <CopyButton text={text} what={what} />
    </div>
  );
}

export function CodeBlock({ text, what, title }: { text: string; what: string; title?: string }) {
  return (
    <div className="overflow-hidden rounded-lg border border-line bg-sunken">
      <div className="flex items-center justify-between gap-2 border-b border-line py-1 pr-1 pl-3">
        <span className="truncate font-mono text-xs text-ink-3">{title ?? what}</span>
        <CopyButton text={text} what={what} />
      </div>
      <section className="max-h-96 overflow-auto p-3" tabIndex={0} aria-label={what}>
        <pre className="font-mono text-xs leading-5 max-sm:whitespace-pre-wrap max-sm:[overflow-wrap:anywhere]">
          {text}
        </pre>
      </section>
    </div>
  );
}
