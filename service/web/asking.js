/** One question at a time: a new one takes the place of the one that is being answered. */

import { isAbort } from "./api.js";
import { clearNotice, showError } from "./notice.js";

const PAUSE_MS = 140; // between the last change and the question

/** Asks, waits, and shows in `slot` what went wrong; `onFail()` is to take away what is true no more. */
export class Asking {
  #slot;
  #onFail;
  #current = null; // AbortController of the latest question
  #timer = 0;

  constructor(slot, { onFail = () => {} } = {}) {
    this.#slot = slot;
    this.#onFail = onFail;
  }

  /** As `now`, once nothing has changed for a moment. */
  later(question) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.now(question, { calm: true }), PAUSE_MS);
  }

  /** Forget what was asked. */
  stop() {
    clearTimeout(this.#timer);
    this.#current?.abort();
    this.#current = null;
    clearNotice(this.#slot);
  }

  /**
   * Call `question(signal)`; true once it is answered.
   *
   * False if it failed, which is shown, or if another question took its place. `calm` as in
   * `showError`.
   */
  async now(question, { calm = false } = {}) {
    this.stop();
    const own = new AbortController();
    this.#current = own;
    try {
      await question(own.signal);
      return this.#current === own;
    } catch (error) {
      if (isAbort(error) || this.#current !== own) return false;
      this.#onFail();
      showError(this.#slot, error, { calm, retry: () => this.now(question) });
      return false;
    }
  }
}
