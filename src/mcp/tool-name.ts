// Names of tools as agents see them, `mcp__{key}__{tool}`, and the connector keys inside them. A key never
// holds two underscores in a row and never begins or ends with one, so that every name has one reading.

const PREFIX = 'mcp__';
const SEPARATOR = '__';
const KEY_MAX_CHARACTERS = 32;
const FALLBACK_KEY = 'connector';
const KEY = /^[a-z0-9]+(?:_[a-z0-9]+)*$/;

/** Letters that Unicode decomposition leaves as they are. */
const SPELLED_OUT: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ...{ ß: 'ss', æ: 'ae', œ: 'oe', ø: 'o', đ: 'd', ð: 'd', þ: 'th', ł: 'l', ħ: 'h', ı: 'i', ŋ: 'ng' },
    ...{ α: 'a', β: 'v', γ: 'g', δ: 'd', ε: 'e', ζ: 'z', η: 'i', θ: 'th', ι: 'i', κ: 'k', λ: 'l', μ: 'm', ν: 'n' },
    ...{ ξ: 'x', ο: 'o', π: 'p', ρ: 'r', σ: 's', ς: 's', τ: 't', υ: 'y', φ: 'f', χ: 'ch', ψ: 'ps', ω: 'o' },
    ...{ а: 'a', б: 'b', в: 'v', г: 'g', ґ: 'g', д: 'd', е: 'e', ж: 'zh', з: 'z', и: 'i', і: 'i', к: 'k', л: 'l' },
    ...{ м: 'm', н: 'n', о: 'o', п: 'p', р: 'r', с: 's', т: 't', у: 'u', ф: 'f', х: 'kh', ц: 'ts', ч: 'ch' },
    ...{ ш: 'sh', щ: 'shch', ъ: '', ы: 'y', ь: '', э: 'e', ю: 'yu', я: 'ya', є: 'ye' },
    '&': ' and ',
    "'": '',
    '’': '',
  }),
);

/** The name under which agents get `tool` of the connector with `key`. */
export function offeredToolName(key: string, tool: string): string {
  return `${PREFIX}${key}${SEPARATOR}${tool}`;
}

/** The parts of an offered name; null when it is none. */
export function parseOfferedToolName(name: string): { key: string; tool: string } | null {
  if (!name.startsWith(PREFIX)) return null;
  const rest = name.slice(PREFIX.length);
  const end = rest.indexOf(SEPARATOR);
  if (end === -1) return null;
  const key = rest.slice(0, end);
  const tool = rest.slice(end + SEPARATOR.length);
  return KEY.test(key) && tool !== '' ? { key, tool } : null;
}

/**
 * A key made from a connector's name: 1 to 32 characters of `[a-z0-9_]`. Different names may give the same
 * key; keeping keys apart is left to whoever stores them.
 */
export function connectorKeyFrom(name: string): string {
  const letters = Array.from(
    name
      .toLowerCase()
      .normalize('NFKD')
      .replace(/\p{Mark}+/gu, ''),
  );
  const spelled = letters.map((letter) => SPELLED_OUT.get(letter) ?? letter).join('');
  const key = spelled
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_/, '')
    .slice(0, KEY_MAX_CHARACTERS)
    .replace(/_$/, '');
  return key === '' ? FALLBACK_KEY : key;
}
