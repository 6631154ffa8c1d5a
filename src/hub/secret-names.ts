// Which names are those of secrets: of fields, parameters, headers, elements, and as people write them.

/** Wherever they stand in a name. */
const ANYWHERE =
  /token|secret|passw|passphrase|pass[^a-z]?(?:code|phrase|key)|pwd|authorization|authentication|oauth|bearer|cookie|credential|session|signature|private|jwt|csrf|xsrf|mnemonic|seed[^a-z]*(?:phrase|word)|(?:recovery|backup|verification|security|confirmation|authenticator|access|auth|login|sms|mfa|2fa|one[^a-z]?time)[^a-z]*(?:code|pin|phrase|word|answer|number)|card[^a-z]*number|keys?(?:$|[^a-z])/;
/** Short ones, which are parts of ordinary words too. */
const AS_A_WORD =
  /(?:^|[^a-z])(?:auth|pass|passes|otps?|totp|hotp|mfa|2fa|tfa|pins?|cvv|cvc|csc|ssns?|iban|pan|sid|seed)(?:$|[^a-z])/;
const LIKE_A_NAME = /^[-\w.$@:/[\]]{1,64}(?: [-\w.#]{1,32}){0,2}(?<!\.) ?[:=]?$/;

/** Words are told apart by their case or by what stands between them. */
export function isSecretName(name: string): boolean {
  const words = name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
  return ANYWHERE.test(words) || AS_A_WORD.test(words);
}

/** The same for a text that may be something else than a name: a sentence is none. */
export function isSecretLabel(text: unknown): boolean {
  return typeof text === 'string' && text.length <= 128 && LIKE_A_NAME.test(text.trim()) && isSecretName(text);
}
