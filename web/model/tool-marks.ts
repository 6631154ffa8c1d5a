// What a tool's annotations claim. They are the server's own words: a help for choosing, not a guarantee.

type Annotated = { readonly annotations?: Record<string, unknown> | null };

export type ToolKind = 'read_only' | 'destructive' | 'write';

/** The defaults are the protocol's: without a word, a tool may change and destroy. */
export function toolKind({ annotations }: Annotated): ToolKind {
  if (annotations?.readOnlyHint === true) return 'read_only';
  if (annotations?.destructiveHint === true) return 'destructive';
  return 'write';
}

export const KIND_LABEL: Record<ToolKind, string> = {
  read_only: 'read-only',
  destructive: 'destructive',
  write: 'may change data',
};
