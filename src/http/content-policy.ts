// What a page of our own may load (Content Security Policy Level 3): nothing, and its one style by what it is, so that
// no text that finds its way into a page can bring a style or a script along.

const NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** For every answer that is no page. */
export const NO_CONTENT_POLICY = NOTHING;

/** For pages whose only style is `style`, between `<style>` and `</style>` to the letter. */
export function policyForStyle(style: string): () => Promise<string> {
  let made: Promise<string> | null = null;
  return () => {
    made ??= hashOf(style).then((hash) => `${NOTHING}; style-src 'sha256-${hash}'`);
    return made;
  };
}

async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return btoa(String.fromCharCode(...new Uint8Array(digest)));
}
