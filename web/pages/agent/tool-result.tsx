// What a tool answered: its texts as text, the rest as JSON.

import { CodeBlock } from '../../ui/copy.tsx';
import { StateBadge } from '../../ui/parts.tsx';

type Answer = { resultType: string; result: Record<string, unknown>; durationMs: number };

export function ToolResult({ answer }: { answer: Answer }) {
  const { result, durationMs } = answer;
  const failed = result.isError === true;
  const content = Array.isArray(result.content) ? (result.content as Record<string, unknown>[]) : [];
  const texts = content.filter(({ type }) => type === 'text').map(({ text }) => readable(String(text)));
  const { content: _content, isError: _isError, structuredContent, ...rest } = result;
  const structured = structuredContent === undefined ? null : JSON.stringify(structuredContent, null, 2);
  return (
    <section aria-label="Result" className="space-y-3">
      <div role="status" className="flex items-center gap-3">
        <StateBadge tone={failed ? 'bad' : 'ok'}>
          {failed ? 'The tool reports a failure' : 'The tool answered'}
        </StateBadge>
        <span className="text-xs text-ink-3 tabular-nums">{Math.round(durationMs)} ms</span>
      </div>
      {structured !== null && <CodeBlock text={structured} what="structured result" title="structured" />}
      {/* Servers repeat their structured result as a text for older clients: that is shown once. */}
      {texts
        .filter((text) => text !== structured)
        .map((text, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: parts have an order and nothing else
          <CodeBlock key={index} text={text} what="text of the result" title="text" />
        ))}
      {Object.keys(rest).length > 0 && (
        <CodeBlock text={JSON.stringify(rest, null, 2)} what="rest of the result" title="rest" />
      )}
      {content.length > texts.length && (
        <CodeBlock
          text={JSON.stringify(
            content.filter(({ type }) => type !== 'text'),
            null,
            2,
          )}
          what="other content"
          title="other content"
        />
      )}
    </section>
  );
}

/** Many servers answer JSON as a text. */
function readable(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
