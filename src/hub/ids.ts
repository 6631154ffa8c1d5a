// Ids that sort by time, so that a keyset page is a walk through history: a prefix, 48 bits of
// milliseconds, 80 random bits, in Crockford's base 32.

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/** `con_01k…`: prefix says the kind, the rest is unguessable enough but never a secret. */
export function newId(prefix: string, now: number): string {
  return idMaker(prefix, 1)(now);
}

/** The same for ids that are made in great number: randomness is drawn for many at a time. */
export function idMaker(prefix: string, atOnce = 256): (now: number) => string {
  const bytes = new Uint8Array(16 * atOnce);
  let at = bytes.length;
  return (now) => {
    if (at === bytes.length) {
      crypto.getRandomValues(bytes);
      at = 0;
    }
    let random = '';
    for (const end = at + 16; at < end; at += 1) random += ALPHABET[(bytes[at] ?? 0) % 32];
    return `${firstIdAt(prefix, now)}${random}`;
  };
}

/** Sorts before every id made at this moment or later, and after every earlier one. */
export function firstIdAt(prefix: string, at: number): string {
  let time = '';
  for (let rest = at, i = 0; i < 10; i += 1) {
    time = ALPHABET[rest % 32] + time;
    rest = Math.floor(rest / 32);
  }
  return `${prefix}_${time}`;
}
