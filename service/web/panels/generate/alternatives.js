/** Tells what might have stood in a token's place: where one points at, or goes with the keyboard. */

import { announce, h, percent } from "../../dom.js";
import { visible } from "./tokens.js";

const NAME = "token"; // of the highlight in panel.css
const STEPS = { ArrowRight: 1, ArrowLeft: -1 };
const HINT = "Point at the text, or press ← and → in it, to see what else might have stood there.";

/** The text node's offset under the pointer, or null; browsers have one or the other of these. */
function caretAt({ clientX: x, clientY: y }) {
  if (document.caretPositionFromPoint) {
    const found = document.caretPositionFromPoint(x, y);
    return found && { node: found.offsetNode, offset: found.offset };
  }
  const range = document.caretRangeFromPoint?.(x, y);
  return range ? { node: range.startContainer, offset: range.startOffset } : null;
}

/** The character under the pointer: a caret may be at its beginning or its end. */
function characterAt(event, { node, offset }) {
  const range = document.createRange();
  for (const start of [offset, offset - 1]) {
    if (start < 0 || start >= node.length) continue;
    range.setStart(node, start);
    range.setEnd(node, start + 1);
    const isUnder = ({ left, right, top, bottom }) =>
      event.clientX >= left && event.clientX <= right && event.clientY >= top && event.clientY <= bottom;
    if ([...range.getClientRects()].some(isUnder)) return start;
  }
  return null;
}

function candidate({ text, logprob }) {
  return h("span", {}, h("b", {}, visible(text)), ` ${percent(Math.exp(logprob))}`);
}

/** The alternatives to the tokens of an `Output`: shown in `slot`, and said in `said` after a key. */
export class Alternatives {
  #output;
  #slot;
  #said;
  #at = null; // {index, number} of the token that is shown

  constructor(output, box, { slot, said }) {
    this.#output = output;
    this.#slot = slot;
    this.#said = said;
    for (const name of ["pointermove", "click"]) box.addEventListener(name, (event) => this.#point(event));
    box.addEventListener("keydown", (event) => this.#step(event));
  }

  /** Forget the token shown; `isKnown` tells whether the next text's will be. */
  clear(isKnown) {
    this.#at = null;
    globalThis.CSS?.highlights?.delete(NAME);
    this.#slot.hidden = !isKnown;
    this.#slot.replaceChildren(h("span", { class: "muted" }, HINT));
  }

  #point(event) {
    const found = caretAt(event);
    const index = found ? this.#output.lines.findIndex((_, i) => this.#output.nodeOf(i) === found.node) : -1;
    if (index === -1) return;
    const offset = characterAt(event, found);
    const number = offset === null ? -1 : this.#output.lines[index].find(offset);
    if (number !== -1) this.#show(index, number);
  }

  #step(event) {
    if (!(event.key in STEPS) || event.ctrlKey || event.metaKey || event.altKey) return;
    const { lines } = this.#output;
    let { index, number } = this.#at ?? { index: 0, number: -1 };
    number += STEPS[event.key];
    if (number >= (lines[index]?.length ?? 0)) [index, number] = [index + 1, 0];
    if (number < 0) [index, number] = [index - 1, (lines[index - 1]?.length ?? 0) - 1];
    if (!lines[index]?.at(number)) return;
    event.preventDefault();
    this.#show(index, number);
    announce(this.#said, this.#slot.textContent);
  }

  #show(index, number) {
    if (this.#at?.index === index && this.#at.number === number) return;
    this.#at = { index, number };
    const { start, end, text, logprob, top } = this.#output.lines[index].at(number);
    this.#mark(this.#output.nodeOf(index), start, end);
    const others = top.filter((other) => other.text !== text);
    this.#slot.replaceChildren(
      candidate({ text, logprob }),
      " ",
      h("span", { class: "muted" }, others.length ? "or" : "and nothing else"),
      ...others.flatMap((other) => [" ", candidate(other)]),
    );
  }

  #mark(node, start, end) {
    if (!globalThis.CSS?.highlights) return; // the words are told all the same
    const range = document.createRange();
    range.setStart(node, Math.min(start, node.length));
    range.setEnd(node, Math.min(end, node.length));
    CSS.highlights.set(NAME, new Highlight(range));
    const { top, bottom } = range.getBoundingClientRect();
    if (top < 0 || bottom > innerHeight) scrollBy({ top: top - innerHeight / 2 });
  }
}
