// The mock server's tools: about as heavy as a real tracker's, some 450 bytes each; the first is `echo`.

const VERBS = ['list', 'get', 'create', 'update', 'delete'];
const NOUNS = ['issues', 'projects', 'cycles', 'comments', 'documents', 'labels', 'teams', 'users', 'milestones'];
const ECHO = {
  name: 'echo',
  description: 'Returns nonce, then filler text, size bytes in all.',
  inputSchema: {
    type: 'object',
    properties: { size: { type: 'integer', minimum: 0 }, nonce: { type: 'string' } },
  },
};
const PROPERTIES = {
  query: { type: 'string', description: 'Free text to look for' },
  team: { type: 'string', description: 'Team key or id' },
  limit: { type: 'integer', minimum: 1, maximum: 250, default: 50 },
  cursor: { type: 'string', description: 'Next page cursor' },
  includeArchived: { type: 'boolean', default: false },
};

type Tool = { readonly name: string; readonly description: string; readonly inputSchema: object };

export function upstreamTools(count: number): readonly Tool[] {
  const more = Array.from({ length: count - 1 }, (_, i) => {
    const verb = VERBS[i % VERBS.length] ?? '';
    const noun = NOUNS[Math.floor(i / VERBS.length) % NOUNS.length] ?? '';
    return {
      name: `${verb}_${noun}${i < VERBS.length * NOUNS.length ? '' : `_${i}`}`,
      description: `${verb} ${noun} in the workspace. Accepts the usual filters; results are paged, newest first, and only include what the caller may see.`,
      inputSchema: { type: 'object', properties: PROPERTIES, required: verb === 'list' ? [] : ['team'] },
    };
  });
  return [ECHO, ...more];
}
