/** Times a stream of tokens: how long until the first, how many a second from then on. */

import { count } from "../../dom.js";

/** A stopwatch that starts when it is made. */
export class Stopwatch {
  #began = performance.now();
  #first = null;
  #last = null;
  #tokens = 0;

  /** Note that `tokens` more have arrived. */
  note(tokens) {
    this.#last = performance.now();
    this.#first ??= this.#last;
    this.#tokens += tokens;
  }

  /** Take the service's own count for the one kept here. */
  correct(tokens) {
    this.#tokens = tokens;
  }

  /** `[[name, value], …]` to show; rates only once there is something to divide by. */
  facts() {
    const facts = [["Tokens", count(this.#tokens)]];
    if (this.#first === null) return facts;
    const seconds = (this.#last - this.#first) / 1000;
    // A clock that browsers round off, and one burst of data, can put all tokens at one moment.
    if (seconds > 0.002) facts.push(["Tokens a second", count(Math.round(this.#tokens / seconds))]);
    facts.push(["First after", `${(this.#first - this.#began).toFixed(0)} ms`]);
    return facts;
  }
}
