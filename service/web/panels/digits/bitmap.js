/**
 * A drawing as the data set "Optical Recognition of Handwritten Digits" has it: 32 by 32 points, ink
 * or none, of which each square of 4 by 4 is counted. The counts, 0 to 16, are what a model reads.
 */

export const SIZE = 8; // squares a side
export const MOST = 16; // points of ink in a square
const POINTS = 4; // a side of a square
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const BITS = 6; // that a letter stands for
const WIDTH = SIZE * POINTS;
const BRUSH = 2.1; // radius in points, about that of the pens that the data set was written with

/** Points of ink, drawn by strokes or square by square. */
export class Bitmap {
  #ink = new Uint8Array(WIDTH * WIDTH);

  /** Take all ink away. */
  clear() {
    this.#ink.fill(0);
  }

  /** Draw a line between two places, each `[x, y]` in squares from the upper left. */
  line([x0, y0], [x1, y1]) {
    const steps = Math.max(1, Math.ceil(Math.hypot(x1 - x0, y1 - y0) * POINTS * 2));
    for (let i = 0; i <= steps; i += 1) {
      this.#dot((x0 + ((x1 - x0) * i) / steps) * POINTS, (y0 + ((y1 - y0) * i) / steps) * POINTS);
    }
  }

  #dot(x, y) {
    for (let row = Math.max(0, Math.floor(y - BRUSH)); row <= Math.min(WIDTH - 1, y + BRUSH); row += 1) {
      for (let column = Math.max(0, Math.floor(x - BRUSH)); column <= Math.min(WIDTH - 1, x + BRUSH); column += 1) {
        if (Math.hypot(column + 0.5 - x, row + 0.5 - y) <= BRUSH) this.#ink[row * WIDTH + column] = 1;
      }
    }
  }

  /** Fill a square half, then whole, then not at all; return its new count. */
  cycle(row, column) {
    const count = this.counts()[row * SIZE + column];
    const next = count >= MOST ? 0 : count >= MOST / 2 ? MOST : MOST / 2;
    for (let y = 0; y < POINTS; y += 1) {
      for (let x = 0; x < POINTS; x += 1) {
        const isInk = next === MOST || (next > 0 && (x + y) % 2 === 0);
        this.#ink[(row * POINTS + y) * WIDTH + column * POINTS + x] = Number(isInk);
      }
    }
    return next;
  }

  /** The points as a short text for an address, six of them a character. */
  get code() {
    const sixes = Array.from({ length: Math.ceil(this.#ink.length / BITS) }, (_, i) => this.#ink.slice(i * BITS, (i + 1) * BITS));
    return sixes.map((six) => LETTERS[six.reduce((sum, ink, bit) => sum + (ink << bit), 0)]).join("").replace(/A+$/, "");
  }

  set code(text) {
    this.#ink.fill(0);
    [...text].forEach((letter, i) => {
      const six = Math.max(0, LETTERS.indexOf(letter));
      for (let bit = 0; bit < BITS && i * BITS + bit < this.#ink.length; bit += 1) this.#ink[i * BITS + bit] = (six >> bit) & 1;
    });
  }

  /** The 64 counts, row after row. */
  counts() {
    const counts = new Array(SIZE * SIZE).fill(0);
    this.#ink.forEach((ink, i) => {
      const row = Math.floor(i / WIDTH / POINTS);
      counts[row * SIZE + Math.floor((i % WIDTH) / POINTS)] += ink;
    });
    return counts;
  }
}
