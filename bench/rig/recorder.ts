// Keeps the durations of calls without making garbage, and reads the figures off them.

export type LoadFigures = {
  readonly seconds: number;
  readonly requests: number;
  /** Good ones in all, with those outside the measured time. */
  readonly replies: number;
  readonly perSecond: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
  readonly errors: number;
  /** How often each kind of error was seen. */
  readonly errorKinds: Readonly<Record<string, number>>;
};

const FIRST_CAPACITY = 1 << 16;

export class Recorder {
  #durations = new Float64Array(FIRST_CAPACITY);
  #count = 0;
  #errors = 0;
  readonly #kinds: Record<string, number> = {};

  ok(milliseconds: number): void {
    if (this.#count === this.#durations.length) {
      const longer = new Float64Array(this.#count * 2);
      longer.set(this.#durations);
      this.#durations = longer;
    }
    this.#durations[this.#count] = milliseconds;
    this.#count += 1;
  }

  error(kind: string, times = 1): void {
    this.#errors += times;
    this.#kinds[kind] = (this.#kinds[kind] ?? 0) + times;
  }

  figures(seconds: number, replies: number): LoadFigures {
    const sorted = this.#durations.slice(0, this.#count).sort();
    const quantile = (part: number): number | null =>
      sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? null;
    return {
      seconds,
      requests: this.#count,
      replies,
      perSecond: this.#count / seconds,
      p50Ms: quantile(0.5),
      p95Ms: quantile(0.95),
      p99Ms: quantile(0.99),
      errors: this.#errors,
      errorKinds: this.#kinds,
    };
  }
}
