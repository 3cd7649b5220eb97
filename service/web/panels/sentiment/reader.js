/**
 * A textarea whose words are coloured. It lies over an element with the same text, set in the same
 * type, which carries the colours; so typing, selecting and screen readers work as in any textarea.
 */

import { h } from "../../dom.js";

const FAINT = 0.04;

function commonStart(a, b) {
  const end = Math.min(a.length, b.length);
  let i = 0;
  while (i < end && a[i] === b[i]) i += 1;
  return i;
}

/** The text being read, its colours, and the word that one points at. */
export class Reader {
  #area;
  #marks;
  #painted = { text: "", spans: [] };
  #elements = [];
  #hovered = null;

  /** `onInput()` is called when the text changes, `onPoint()` when another word is pointed at. */
  constructor(area, marks, { onInput, onPoint }) {
    this.#area = area;
    this.#marks = marks;
    area.addEventListener("input", () => {
      this.#draw();
      onInput();
    });
    area.addEventListener("pointermove", (event) => this.#hover(event, onPoint));
    area.addEventListener("pointerleave", () => {
      this.#hovered = null;
      onPoint();
    });
    document.addEventListener("selectionchange", () => {
      if (document.activeElement === area) onPoint();
    });
    this.#draw();
  }

  get text() {
    return this.#area.value;
  }

  set text(value) {
    this.#area.value = value;
    this.#draw();
  }

  /** Number of the painted piece under the mouse or at the cursor, or null. */
  get pointed() {
    if (this.#hovered !== null) return this.#hovered;
    const at = this.#area.selectionEnd;
    if (document.activeElement !== this.#area || at === this.text.length) return null;
    const { spans } = this.#painted;
    const span = spans.find(({ piece, end }) => piece !== undefined && at <= end);
    return span?.piece ?? null;
  }

  /**
   * Colour `text`; until the next call, what is typed after its unchanged beginning stays plain.
   * `spans` are `[{start, end, kind, strength, piece}]` in order: kind "rise", "fall" or "unread",
   * strength 0 to 1, piece a number by which `point` finds it.
   */
  paint(text, spans) {
    this.#painted = { text, spans };
    this.#draw();
  }

  /** Frame the piece with this number, or none. */
  point(piece) {
    this.#marks.querySelector(".here")?.classList.remove("here");
    this.#elements[piece]?.classList.add("here");
  }

  #hover(event, onPoint) {
    const under = document.elementsFromPoint(event.clientX, event.clientY);
    const at = this.#elements.findIndex((element) => under.includes(element));
    const hovered = at === -1 ? null : at;
    if (hovered === this.#hovered) return;
    this.#hovered = hovered;
    onPoint();
  }

  #draw() {
    const text = this.text;
    const kept = commonStart(text, this.#painted.text);
    const children = [];
    this.#elements = [];
    let at = 0;
    for (const span of this.#painted.spans) {
      if (span.end > kept) break;
      children.push(text.slice(at, span.start), this.#mark(text, span));
      at = span.end;
    }
    children.push(`${text.slice(at)}\n`); // a last line break would have no height of its own
    this.#marks.replaceChildren(...children);
  }

  #mark(text, { start, end, kind, strength, piece }) {
    const element = h("span", strength < FAINT ? {} : { class: kind }, text.slice(start, end));
    element.style.setProperty("--strength", strength.toFixed(3));
    if (piece !== undefined) this.#elements[piece] = element;
    return element;
  }
}
