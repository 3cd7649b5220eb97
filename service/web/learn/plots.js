/** Draws what the pages measure: lines over a common axis, and bars under the tokens of a text. */

import { h, s } from "../dom.js";
import { figure } from "./words.js";

const HEIGHT = 260;
const LEFT = 58;
const RIGHT = 12;
const TOP = 10;
const BOTTOM = 40;
const DECADES = 6; // powers of ten between two lines of a logarithmic axis, where there are many

function ticksOf(low, high, isLog) {
  if (!isLog) return [0, 0.25, 0.5, 0.75, 1].map((part) => low + part * (high - low));
  const step = Math.max(1, Math.ceil((Math.log10(high) - Math.log10(low)) / DECADES));
  const first = Math.ceil(Math.log10(low));
  const count = Math.floor((Math.log10(high) - first) / step) + 1;
  return Array.from({ length: count }, (_, i) => 10 ** (first + i * step));
}

function path(points) {
  return points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
}

/**
 * Draw lines into `figureBox`, again whenever its width changes.
 *
 * `series` are `{name, kind, points: [[x, y], …]}`, `kind` a class of the style sheet; `across` and
 * `up` name the axes; `isLog` makes the upright one logarithmic, `range` is its ends, `summary` says
 * the picture in words.
 */
export function drawLines(figureBox, { series, across, up, summary, isLog = false, range = null }) {
  const all = series.flatMap(({ points }) => points).filter(([, y]) => !isLog || y > 0);
  const ys = all.map(([, y]) => y);
  const [low, high] = range ?? [Math.min(...ys), Math.max(...ys)];
  const xs = all.map(([x]) => x);
  const [from, to] = [Math.min(...xs), Math.max(...xs)];
  const scale = isLog ? Math.log10 : (value) => value;
  const plot = h("div", { class: "lines" });
  const legend = h(
    "ul",
    { class: "legend" },
    ...series.map(({ name, kind }) =>
      h("li", {}, s("svg", { class: "key-line", viewBox: "0 0 28 10", "aria-hidden": "true" }, s("line", { class: `series ${kind}`, x1: 0, x2: 28, y1: 5, y2: 5 })), name),
    ),
  );
  const draw = () => {
    const width = plot.clientWidth;
    if (!width) return;
    const x = (value) => LEFT + ((value - from) / Math.max(1e-9, to - from)) * (width - LEFT - RIGHT);
    const y = (value) => TOP + ((scale(high) - scale(value)) / Math.max(1e-9, scale(high) - scale(low))) * (HEIGHT - TOP - BOTTOM);
    const grid = ticksOf(low, high, isLog).flatMap((value) => [
      s("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y(value), y2: y(value) }),
      s("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, figure(value, 2)),
    ]);
    const ends = [from, Math.round((from + to) / 2), to].map((value, i) =>
      s("text", { x: x(value), y: HEIGHT - 22, "text-anchor": ["start", "middle", "end"][i] }, figure(value)),
    );
    const drawn = series.map(({ kind, points }) => {
      const seen = points.filter(([, value]) => !isLog || value > 0).map(([at, value]) => [x(at), y(value)]);
      return s("path", { class: `series ${kind}`, d: path(seen) });
    });
    const title = s("text", { x: (LEFT + width) / 2, y: HEIGHT - 4, "text-anchor": "middle" }, `${across} →`);
    plot.replaceChildren(
      s("svg", { role: "img", "aria-label": summary, viewBox: `0 0 ${width} ${HEIGHT}`, height: HEIGHT }, ...grid, ...ends, title, ...drawn),
    );
  };
  figureBox.replaceChildren(h("p", { class: "up" }, up), plot, legend);
  new ResizeObserver(draw).observe(plot);
  draw();
}

/**
 * Draw a row for each token: its text, then bars whose lengths are shares of the largest value.
 *
 * `rows` are `{text, values: [number, …]}`; `heads` names the columns, `kinds` their bars' classes.
 * `isLog` measures lengths in powers of ten, from the smallest value.
 */
export function drawRows(box, { heads, kinds, rows, isLog = false, caption }) {
  const all = rows.flatMap(({ values }) => values).filter((value) => value > 0);
  const [least, most] = [Math.min(...all), Math.max(...all)];
  const lengthOf = (value) => {
    if (value <= 0) return 0;
    if (!isLog) return value / most;
    const span = Math.log10(most) - Math.log10(least);
    return span ? 0.04 + 0.96 * ((Math.log10(value) - Math.log10(least)) / span) : 1;
  };
  const bar = (value, kind) => {
    const filling = h("span", { class: `length ${kind}`, "aria-hidden": "true" });
    filling.style.setProperty("--share", lengthOf(value).toFixed(4));
    return h("td", {}, h("span", { class: "measured" }, filling, h("span", { class: "value" }, figure(value))));
  };
  box.replaceChildren(
    h(
      "table",
      { class: "rows" },
      h("caption", { class: "visually-hidden" }, caption),
      h("thead", {}, h("tr", {}, ...heads.map((head) => h("th", { scope: "col" }, head)))),
      h("tbody", {}, ...rows.map(({ text, values }) => h("tr", {}, h("th", { scope: "row" }, text), ...values.map((value, i) => bar(value, kinds[i]))))),
    ),
  );
}

/** A plain table: `heads` of columns, `rows` of cells; all but the first column are numbers. */
export function tableOf(heads, rows) {
  return h(
    "table",
    {},
    h("thead", {}, h("tr", {}, ...heads.map((head, i) => h("th", { scope: "col", class: i ? "number" : null }, head)))),
    h(
      "tbody",
      {},
      ...rows.map(([first, ...rest]) => h("tr", {}, h("th", { scope: "row" }, first), ...rest.map((cell) => h("td", { class: "number" }, cell)))),
    ),
  );
}
