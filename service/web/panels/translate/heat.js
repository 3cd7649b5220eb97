/** A picture of attention: a grid of squares, a row for each token written, a column for each read. */

import { h, percent } from "../../dom.js";

const END = "(end)"; // the model's own end has no text

/** What stands for a token. */
export function nameOf(token) {
  return token.text || END;
}

const MOVES = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };

/**
 * Draw `attention`; `onPoint(row, column)` is told where one points, `helpId` describes the grid.
 *
 * Only a pointer that moves points: squares that scroll under a still one, as when keys move the
 * focus, do not.
 */
export function heatMap({ source, target, weights }, { onPoint, helpId }) {
  const cells = weights.map((row, i) => row.map((weight, j) => square(weight, i + j === 0, () => onPoint(i, j))));
  const head = source.map((token) => h("th", { scope: "col" }, h("span", {}, nameOf(token))));
  const rows = target.map((token, i) =>
    h("tr", {}, h("th", { scope: "row", pointermove: () => onPoint(i, null) }, nameOf(token)), ...cells[i]),
  );
  const table = h(
    "table",
    { role: "grid", "aria-label": "Attention", "aria-describedby": helpId, keydown: (event) => move(event, cells) },
    h("thead", {}, h("tr", {}, h("td"), ...head)),
    h("tbody", {}, ...rows),
  );
  return table;
}

function square(weight, isFirst, point) {
  const cell = h(
    "td",
    { tabindex: isFirst ? 0 : -1, title: percent(weight), pointermove: point, focus: point },
    h("span", { class: "visually-hidden" }, percent(weight)),
  );
  cell.style.setProperty("--weight", weight.toFixed(4));
  return cell;
}

/** Move the focus; one square alone is in the order of the tab key. */
function move(event, cells) {
  const row = cells.findIndex((own) => own.includes(document.activeElement));
  if (row === -1 || !(event.key in MOVES)) return;
  event.preventDefault();
  const column = cells[row].indexOf(document.activeElement);
  const [down, right] = MOVES[event.key];
  const next = cells[row + down]?.[column + right];
  if (!next) return;
  cells[row][column].tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}
