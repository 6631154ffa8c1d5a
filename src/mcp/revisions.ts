// The MCP revisions Chatelaine speaks to servers, as data: what one revision has and another has not is
// asked here and nowhere else. "Modern" is 2026-07-28 and newer (stateless), "legacy" what begins with
// `initialize`.

export type Revision = {
  readonly version: string;
  readonly era: 'modern' | 'legacy';
};

/** Newest first. */
const REVISIONS: readonly Revision[] = [
  { version: '2026-07-28', era: 'modern' },
  { version: '2025-11-25', era: 'legacy' },
  { version: '2025-06-18', era: 'legacy' },
  { version: '2025-03-26', era: 'legacy' },
  { version: '2024-11-05', era: 'legacy' },
];

export const LATEST_MODERN = '2026-07-28';
export const LATEST_LEGACY = '2025-11-25';

/** The only revision whose HTTP transport is a GET stream plus a POST address. */
export const HTTP_SSE_REVISION = '2024-11-05';

/** True for a revision we speak that is stateless. */
export function isModern(version: string): boolean {
  return revisionOf(version)?.era === 'modern';
}

/** True for a revision we speak that begins with `initialize`. */
export function isLegacy(version: string): boolean {
  return revisionOf(version)?.era === 'legacy';
}

/** What we know of a revision; null for one that we do not speak. */
export function revisionOf(version: string): Revision | null {
  return REVISIONS.find((revision) => revision.version === version) ?? null;
}

/** The newest modern revision among those a server names; null when there is none in common. */
export function newestModern(offered: readonly string[]): string | null {
  return REVISIONS.find(({ era, version }) => era === 'modern' && offered.includes(version))?.version ?? null;
}
