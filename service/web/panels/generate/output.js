/** The sheet on which answers are written: drawn once a frame, however fast the text comes. */

import { h } from "../../dom.js";

const NEAR_END = 40; // pixels from its end at which a reader is taken to follow the text

/** The answers to one prompt at a time. */
export class Output {
  #box;
  #onDraw;
  #prompt = null;
  #pieces = []; // elements of the answers
  #pending = new Map(); // answer → text that came since the last frame
  #frame = 0;

  /** `onDraw()` is called with each frame that draws something. */
  constructor(box, onDraw) {
    this.#box = box;
    this.#onDraw = onDraw;
  }

  /** Take a clean sheet; `prompt` stands before each answer unless it is null. */
  begin(prompt) {
    this.#prompt = prompt;
    this.#pieces = [];
    this.#pending.clear();
    this.#box.replaceChildren();
    this.#piece(0).classList.add("writing");
  }

  /** Add `text` to answer `index`. */
  append(index, text) {
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

  #draw() {
    this.#frame = 0;
    const { scrollHeight, scrollTop, clientHeight } = this.#box;
    for (const [index, text] of this.#pending) this.#piece(index).lastChild.appendData(text);
    this.#pending.clear();
    if (scrollHeight - scrollTop - clientHeight < NEAR_END) this.#box.scrollTop = this.#box.scrollHeight;
    this.#onDraw();
  }

  /** The element of answer `index`, made when its first text comes. */
  #piece(index) {
    while (this.#pieces.length <= index) {
      const asked = this.#prompt === null ? null : h("span", { class: "asked" }, this.#prompt);
      this.#pieces.push(h("p", { class: "piece" }, asked, document.createTextNode("")));
      this.#box.append(this.#pieces.at(-1));
    }
    return this.#pieces[index];
  }
}
