/** Units as lines over the text: a column for each token, the line of each unit through its values. */

import { h, s } from "../../dom.js";

const HEIGHT = 150;
const PAD = 8;
const KINDS = 8; // ways to draw a line, see panel.css

/** How a token is shown: what has no shape gets one. */
export function shown(text) {
  return text.replaceAll("\n", "↵").replaceAll("\t", "⇥") || "∅";
}

/** The same where it stands alone: without spaces around it, unless it is nothing else. */
export function nameOf(text) {
  return text.trim() ? shown(text.trim()) : shown(text).replaceAll(" ", "␣");
}

function path(points) {
  return points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
}

/** The strip of one reading; `onToken(token)` is told where one points. */
export class Strip {
  #plot;
  #text;
  #onToken;
  #tokens = []; // elements
  #lines = new Map(); // by unit
  #data = null;
  #now = null; // the rule at the token that is pointed at
  #at = { token: 0, unit: null };

  constructor(plot, text, onToken) {
    this.#plot = plot;
    this.#text = text;
    this.#onToken = onToken;
    new ResizeObserver(() => this.#draw()).observe(text);
  }

  /** Write the tokens. */
  write(tokens) {
    this.#tokens = tokens.map(({ text, special, written }, i) =>
      h(
        "span",
        { class: `token${special ? " is-special" : ""}${written ? " is-written" : ""}`, pointerenter: () => this.#onToken(i) },
        shown(text),
      ),
    );
    this.#text.replaceChildren(...this.#tokens);
  }

  /** Draw `lines` [{unit, values}] between `low` and `high`; `summary` says it in words. */
  show(data) {
    this.#data = data;
    this.#draw();
  }

  /** Mark a token and single out a unit's line, if it is among them. */
  point(at) {
    this.#at = at;
    const { token, unit } = at;
    this.#tokens.forEach((element, i) => element.classList.toggle("here", i === token));
    for (const [own, line] of this.#lines) line.classList.toggle("here", own === unit);
    const x = this.#xOf(token);
    this.#now?.setAttribute("x1", x);
    this.#now?.setAttribute("x2", x);
  }

  #xOf(token) {
    const element = this.#tokens[token];
    return element ? element.offsetLeft + element.offsetWidth / 2 : 0;
  }

  #draw() {
    if (!this.#data || !this.#text.clientWidth) return;
    const { lines, low, high, summary } = this.#data;
    const width = this.#text.scrollWidth;
    const y = (value) => PAD + ((high - value) / (high - low)) * (HEIGHT - 2 * PAD);
    const places = this.#tokens.map((_, i) => this.#xOf(i));
    this.#lines = new Map(
      lines.map(({ unit, values }, i) => [
        unit,
        s("path", { class: `line kind-${i % KINDS}`, d: path(places.map((x, token) => [x, y(values[token])])) }),
      ]),
    );
    this.#now = s("line", { class: "now", y1: 0, y2: HEIGHT });
    const zero = s("line", { class: "middle", x1: 0, x2: width, y1: y(0), y2: y(0) });
    const picture = s(
      "svg",
      { role: "img", "aria-label": summary, viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT },
      zero,
      this.#now,
      ...this.#lines.values(),
    );
    this.#plot.replaceChildren(picture);
    this.point(this.#at);
  }
}
