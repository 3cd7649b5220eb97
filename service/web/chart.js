/** Draws a score along a text as a small SVG: a line for what was read so far, bars for words left out. */

import { h, percent, s } from "./dom.js";

const LEFT = 62; // room for the upward axis's words and numbers
const BELOW = 20; // and for those of the one along
const PAD = 8;
const MAX_END = 18; // characters of the first and last word
const FLAT = 0.0005; // changes below this are none to the eye

function path(points) {
  return points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
}

function axes({ width, y, ticks, middle }) {
  return ticks.flatMap(([value, text]) => [
    s("line", { class: value === middle ? "middle" : "grid", x1: LEFT, x2: width, y1: y(value), y2: y(value) }),
    s("text", { x: LEFT - 6, y: y(value) + 3.5, "text-anchor": "end" }, text),
  ]);
}

function shortened(word) {
  return word.length > MAX_END ? `${word.slice(0, MAX_END - 1)}…` : word;
}

/** What the axes are, in words: upward at the left, along the text below, its first and last word there too. */
function names({ upward, along, ends }, { width, height }) {
  const middle = (height - BELOW) / 2;
  const low = height - 4;
  const [first, last] = ends.map((word) => `“${shortened(word)}”`);
  return [
    s("text", { class: "axis", x: 10, y: middle, "text-anchor": "middle", transform: `rotate(-90 10 ${middle})` }, upward),
    s("text", { class: "axis", x: LEFT, y: low }, first),
    s("text", { class: "axis", x: (LEFT + width) / 2, y: low, "text-anchor": "middle" }, `${along} →`),
    s("text", { class: "axis", x: width, y: low, "text-anchor": "end" }, last),
  ];
}

/** The area between a line and the middle, once cut to what lies above it and once to below. */
function areas(points, { width, height, zero }) {
  const first = points[0];
  const last = points[points.length - 1];
  const d = `${path(points)}L${last[0]} ${zero}L${first[0]} ${zero}Z`;
  const clip = (id, y, tall) => s("clipPath", { id }, s("rect", { x: 0, y, width, height: Math.max(0, tall) }));
  return [
    clip("clip-above", 0, zero),
    clip("clip-below", zero, height - zero),
    s("path", { class: "above", d, "clip-path": "url(#clip-above)" }),
    s("path", { class: "below", d, "clip-path": "url(#clip-below)" }),
  ];
}

function line(data, frame) {
  const { x, y } = frame;
  const along = (scores) => scores.map((score, i) => [x(i), y(score)]);
  const points = along(data.scores);
  const zero = y(data.middle);
  return [
    ...areas(points, { ...frame, zero }),
    ...data.others.map((scores) => s("path", { class: "line other", d: path(along(scores)) })),
    data.beside && s("path", { class: "line beside", d: path(along(data.beside)) }),
    s("path", { class: "line", d: path(points) }),
  ];
}

function bars(data, { x, y, step }) {
  const wide = Math.max(1.5, Math.min(18, step * 0.7));
  return data.scores.map((change, i) =>
    s("rect", {
      class: Math.abs(change) < FLAT ? "flat" : change < 0 ? "fall" : "rise",
      x: x(i) - wide / 2,
      y: Math.min(y(change), y(0)),
      width: wide,
      height: Math.max(1, Math.abs(y(change) - y(0))),
      rx: Math.min(2, wide / 2),
    }),
  );
}

function scaleOf(data) {
  if (data.kind === "line") {
    const ticks = [[0, "0 %"], [data.middle, `${(data.middle * 100).toFixed(0)} %`], [1, "100 %"]];
    return { low: 0, high: 1, middle: data.middle, ticks };
  }
  const reach = Math.max(0.05, ...data.scores.map(Math.abs));
  const text = (reach * 100).toFixed(0);
  return { low: -reach, high: reach, middle: 0, ticks: [[-reach, `−${text}`], [0, "0"], [reach, `+${text}`]] };
}

/** A chart in `container` that redraws itself when its width changes and tells where one points. */
export class Chart {
  #container;
  #onPoint;
  #data = null;
  #frame = null;
  #marker = null;
  #pointed = null;

  /** `onPoint(index)` gets the number of the word under the pointer, or null when it leaves. */
  constructor(container, onPoint) {
    this.#container = container;
    this.#onPoint = onPoint;
    new ResizeObserver(() => this.#draw()).observe(container);
  }

  /**
   * Show `data`: `kind` "line" or "bars", `scores` one a word, `others` further lines, `beside` another model's, `middle` the
   * score that says nothing (lines only), `summary` for those who cannot see it; `upward` and
   * `along` name the axes, `ends` are the first and the last word. Null for nothing.
   */
  show(data) {
    this.#data = data;
    this.#draw();
  }

  /** Mark the word with this number, or none. */
  point(index) {
    this.#pointed = index;
    if (!this.#marker) return;
    const score = this.#data.scores[index];
    this.#marker.toggleAttribute("hidden", score === undefined);
    if (score === undefined) return;
    const { x, y } = this.#frame;
    const [rule, dot] = this.#marker.children;
    rule.setAttribute("x1", x(index));
    rule.setAttribute("x2", x(index));
    dot.setAttribute("cx", x(index));
    dot.setAttribute("cy", y(score));
  }

  #draw() {
    const data = this.#data;
    const { clientWidth: width, clientHeight: height } = this.#container;
    this.#marker = null;
    if (!width) return; // in a hidden panel
    if (!data) {
      this.#container.replaceChildren(h("p", { class: "empty" }, "Nothing to draw yet."));
      return;
    }
    const scale = scaleOf(data);
    const inset = data.kind === "bars" ? 14 : PAD;
    const step = (width - LEFT - inset - PAD) / Math.max(1, data.scores.length - 1);
    const x = (index) => LEFT + inset + (data.scores.length > 1 ? index : 0.5) * step;
    const y = (value) => PAD + ((scale.high - value) / (scale.high - scale.low)) * (height - BELOW - 2 * PAD);
    this.#frame = { width, height, step, x, y, ...scale };
    const shape = data.kind === "line" ? line : bars;
    this.#marker = s("g", {}, s("line", { class: "now", y1: 0, y2: height - BELOW }), s("circle", { r: 4 }));
    const picture = s(
      "svg",
      { role: "img", "aria-label": data.summary, viewBox: `0 0 ${width} ${height}` },
      ...axes(this.#frame),
      ...names(data, this.#frame),
      ...shape(data, this.#frame),
      this.#marker,
    );
    picture.addEventListener("pointermove", (event) => this.#follow(event));
    picture.addEventListener("pointerleave", () => this.#onPoint(null));
    this.#container.replaceChildren(picture);
    this.point(this.#pointed);
  }

  #follow(event) {
    const { left } = this.#container.getBoundingClientRect();
    const { x, step } = this.#frame;
    const index = Math.round((event.clientX - left - x(0)) / step);
    this.#onPoint(Math.max(0, Math.min(this.#data.scores.length - 1, index)));
  }
}

/** What a line says in words. */
export function lineSummary(label, scores) {
  return `Probability of ${label} along the text: ${percent(scores[0])} after the first word, ${percent(scores.at(-1))} at the end.`;
}
