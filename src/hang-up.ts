// Tells that whoever asked has gone. It looks like an AbortSignal to those who only listen, and costs a
// fraction of one, which counts where every call has its own; it becomes a real one when asked.

/** What is needed of an AbortSignal to stop a piece of work. */
export type Cancellation = {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
};

export class HangUp implements Cancellation {
  #reason: unknown = undefined;
  #isGone = false;
  #listeners: (() => void)[] = [];
  #controller: AbortController | null = null;

  get aborted(): boolean {
    return this.#isGone;
  }

  get reason(): unknown {
    return this.#reason;
  }

  /** The same as a standard signal. */
  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#isGone) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Nobody waits any more; only the first call counts. */
  abort(reason: unknown = new DOMException('The caller hung up.', 'AbortError')): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#reason = reason;
    this.#controller?.abort(reason);
    for (const listener of this.#listeners.splice(0)) listener();
  }

  addEventListener(_: 'abort', listener: () => void): void {
    if (!this.#isGone) this.#listeners.push(listener);
  }

  removeEventListener(_: 'abort', listener: () => void): void {
    const at = this.#listeners.indexOf(listener);
    if (at >= 0) this.#listeners.splice(at, 1);
  }

  /** One that ends with this one, and for reasons of its own. */
  child(): HangUp {
    const child = new HangUp();
    if (this.#isGone) child.abort(this.#reason);
    else this.#listeners.push(() => child.abort(this.#reason));
    return child;
  }

  /** One that ends with `signal`. */
  static of(signal: AbortSignal): HangUp {
    const made = new HangUp();
    if (signal.aborted) made.abort(signal.reason);
    else signal.addEventListener('abort', () => made.abort(signal.reason), { once: true });
    return made;
  }
}
