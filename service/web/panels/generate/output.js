/** The sheet on which answers are written: drawn once a frame, however fast the text comes. */

import { h } from "../../dom.js";
import { TokenLine } from "./tokens.js";

/** The answers to one prompt at a time. */
export class Output {
  #box;
  #onDraw;
  #prompt = null;
  #heading = () => null;
  #pieces = []; // elements of the answers
  #lines = []; // their tokens
  #pending = new Map(); // answer → text that came since the last frame
  #frame = 0;

  /** `onDraw()` is called with each frame that draws something. */
  constructor(box, onDraw) {
    this.#box = box;
    this.#onDraw = onDraw;
  }

  /**
   * Take a clean sheet; `prompt` stands before each answer unless it is null, and `heading(index)`
   * over it unless that is null.
   */
  begin(prompt, heading) {
    this.#prompt = prompt;
    this.#heading = heading;
    this.#pieces = [];
    this.#lines = [];
    this.#pending.clear();
    this.#box.replaceChildren();
    this.#piece(0).classList.add("writing");
  }

  /** Add `text`, and its `tokens` if they are known, to answer `index`. */
  append(index, text, tokens = []) {
    this.#piece(index);
    this.#lines[index].add(text, tokens);
    this.#pending.set(index, (this.#pending.get(index) ?? "") + text);
    this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  /** No more will come. */
  end() {
    cancelAnimationFrame(this.#frame);
    this.#draw();
    this.#box.querySelector(".writing")?.classList.remove("writing");
  }

  /** Whether nothing was written. */
  get isEmpty() {
    return this.#pieces.every((piece) => piece.lastChild.data === "");
  }

  /** All answers with their prompts. */
  get text() {
    return this.#pieces.map((piece) => piece.textContent).join("\n\n");
  }

  /** The tokens of each answer, as `TokenLine`s. */
  get lines() {
    return this.#lines;
  }

  /** The text node of answer `index`, without its prompt. */
  nodeOf(index) {
    return this.#pieces[index]?.lastChild ?? null;
  }

  #draw() {
    this.#frame = 0;
    for (const [index, text] of this.#pending) this.#piece(index).lastChild.appendData(text);
    this.#pending.clear();
    this.#onDraw();
  }

  /** The element of answer `index`, made when its first text comes. */
  #piece(index) {
    while (this.#pieces.length <= index) {
      const asked = this.#prompt === null ? null : h("span", { class: "asked" }, this.#prompt);
      const piece = h("p", { class: "piece" }, asked, document.createTextNode(""));
      const title = this.#heading(this.#pieces.length);
      this.#box.append(h("div", { class: "answer" }, title && h("p", { class: "eyebrow" }, title), piece));
      this.#pieces.push(piece);
      this.#lines.push(new TokenLine());
    }
    return this.#pieces[index];
  }
}
