/** The pad: squares that one draws on with a pointer or with keys. */

import { announce, s } from "../../dom.js";
import { Bitmap, MOST, SIZE } from "./bitmap.js";

const MOVES = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };

/** Draws in `box`, says in `status` what a key did, and calls `onChange()` when the drawing changes. */
export class Pad {
  #box;
  #status;
  #onChange;
  #bitmap = new Bitmap();
  #squares;
  #cursor;
  #at = [0, 0]; // row and column of the keyboard's cursor
  #last = null; // where the pointer was, while it draws

  constructor(box, status, onChange) {
    this.#box = box;
    this.#status = status;
    this.#onChange = onChange;
    this.#squares = Array.from({ length: SIZE * SIZE }, (_, i) =>
      s("rect", { x: i % SIZE, y: Math.floor(i / SIZE), width: 1, height: 1, class: "square" }),
    );
    this.#cursor = s("rect", { width: 1, height: 1, class: "cursor" });
    const view = `0 0 ${SIZE} ${SIZE}`;
    box.append(s("svg", { viewBox: view, "aria-hidden": "true", focusable: "false" }, ...this.#squares, this.#cursor));
    box.addEventListener("pointerdown", (event) => this.#begin(event));
    box.addEventListener("pointermove", (event) => this.#draw(event));
    for (const name of ["pointerup", "pointercancel"]) {
      box.addEventListener(name, () => {
        this.#last = null;
      });
    }
    box.addEventListener("keydown", (event) => this.#key(event));
    this.#show();
  }

  /** The 64 numbers, 0 to 16. */
  get counts() {
    return this.#bitmap.counts();
  }

  /** The drawing as a short text, see `Bitmap`. */
  get code() {
    return this.#bitmap.code;
  }

  set code(text) {
    this.#bitmap.code = text;
    this.#changed();
  }

  /** Take all ink away. */
  clear() {
    this.#bitmap.clear();
    this.#changed();
  }

  /** Draw these strokes on a clean pad; each is a list of places `[x, y]`. */
  take(strokes) {
    this.#bitmap.clear();
    for (const places of strokes) {
      places.slice(1).forEach((place, i) => this.#bitmap.line(places[i], place));
    }
    this.#changed();
  }

  #placeOf({ clientX, clientY }) {
    const { left, top, width, height } = this.#box.firstElementChild.getBoundingClientRect();
    return [((clientX - left) / width) * SIZE, ((clientY - top) / height) * SIZE];
  }

  #begin(event) {
    if (event.button !== 0) return;
    this.#box.setPointerCapture(event.pointerId);
    this.#last = this.#placeOf(event);
    this.#draw(event);
  }

  #draw(event) {
    if (this.#last === null) return;
    const place = this.#placeOf(event);
    this.#bitmap.line(this.#last, place);
    this.#last = place;
    this.#changed();
  }

  #key(event) {
    const [row, column] = this.#at;
    if (event.key in MOVES) {
      const [down, right] = MOVES[event.key];
      const within = (place) => Math.min(SIZE - 1, Math.max(0, place));
      this.#at = [within(row + down), within(column + right)];
      this.#show();
    } else if (event.key === " ") {
      this.#bitmap.cycle(row, column);
      this.#changed();
    } else return;
    event.preventDefault();
    const [y, x] = this.#at;
    announce(this.#status, `Row ${y + 1}, column ${x + 1}: ${this.counts[y * SIZE + x]} of ${MOST}`);
  }

  #changed() {
    this.#show();
    this.#onChange();
  }

  #show() {
    this.counts.forEach((count, i) => this.#squares[i].setAttribute("fill-opacity", (count / MOST).toFixed(4)));
    this.#cursor.setAttribute("y", this.#at[0]);
    this.#cursor.setAttribute("x", this.#at[1]);
  }
}
