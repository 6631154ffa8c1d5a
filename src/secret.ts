// A string that must not be printed, serialised or compared carelessly. `reveal()` is the only way to
// the value, so that every place where a secret leaves is found by one search.

const HIDDEN = '[secret]';

export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself, for the request that needs it. */
  reveal(): string {
    return this.#value;
  }

  get isEmpty(): boolean {
    return this.#value.length === 0;
  }

  /** Compares without telling by its duration how much was equal; only the length may leak. */
  equals(other: Secret): boolean {
    const a = this.#value;
    const b = other.#value;
    let difference = a.length ^ b.length;
    for (let i = 0; i < a.length; i += 1) difference |= a.charCodeAt(i) ^ (b.charCodeAt(i) || 0);
    return difference === 0;
  }

  toString(): string {
    return HIDDEN;
  }

  toJSON(): string {
    return HIDDEN;
  }

  [Symbol.toPrimitive](): string {
    return HIDDEN;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return HIDDEN;
  }
}
