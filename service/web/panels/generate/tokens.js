/** Where in a text its tokens lie, and what might have stood in their places. */

const MAX_BROKEN = 4; // units of the longest character, of which a token may be a part
const SHOWN = { " ": "␣", "\n": "↵", "\t": "⇥" };

/** A token's text with what cannot be seen made visible; a long one keeps its spaces inside. */
export function visible(text) {
  if (text === "") return "∅";
  return text.replace(/^ | $|[\n\t]/g, (space) => SHOWN[space]);
}

/** The tokens of one text that grows. */
export class TokenLine {
  #text = "";
  #tokens = []; // {start, end, text, logprob, top}

  /** Take in the next `text` and its `tokens`, as the service lists them. */
  add(text, tokens) {
    this.#text += text;
    for (const token of tokens) this.#tokens.push({ ...token, ...this.#placeOf(token) });
  }

  get length() {
    return this.#tokens.length;
  }

  /** The token with this number. */
  at(number) {
    return this.#tokens[number];
  }

  /** The number of the token at a place in the text (UTF-16), or -1. */
  find(offset) {
    let low = 0;
    let high = this.#tokens.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#tokens[middle].end <= offset) low = middle + 1;
      else high = middle;
    }
    return low < this.#tokens.length && this.#tokens[low].start <= offset ? low : -1;
  }

  /** A token that is a part of a character, or that ends the text, has no length. */
  #placeOf({ text, special }) {
    const from = this.#tokens.at(-1)?.end ?? 0;
    if (special) return { start: from, end: from };
    const at = this.#text.slice(from, from + MAX_BROKEN + text.length).indexOf(text);
    return at === -1 ? { start: from, end: from } : { start: from + at, end: from + at + text.length };
  }
}
