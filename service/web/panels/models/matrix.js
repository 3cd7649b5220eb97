/** The table of a card that tells which label was taken for which, in colour. */

import { h, percent } from "../../dom.js";
import { isNumber } from "../../markdown.js";

/** Whether a table's rows and columns are the same labels, with counts between them. */
export function isConfusion({ header, rows }) {
  return (
    rows.length > 1 &&
    header.length === rows.length + 1 &&
    rows.every((row, i) => row[0] === header[i + 1] && row.slice(1).every(isNumber))
  );
}

function countOf(cell) {
  return Number.parseInt(cell.replaceAll(",", ""), 10);
}

function square(cell, { label, answer, total }) {
  const share = total ? countOf(cell) / total : 0;
  const isRight = label === answer;
  const said = `${label} ${isRight ? "found" : `taken for ${answer}`}: ${cell}, ${percent(share)} of this label's`;
  const td = h("td", { class: isRight ? "right" : "wrong", title: said }, cell, h("span", { class: "share" }, percent(share)));
  td.style.setProperty("--depth", (isRight ? share : Math.sqrt(share)).toFixed(4)); // few errors are seen too
  return td;
}

/** Make the table: what is right in one colour, what is wrong in the other, by the share of its row. */
export function confusionTable({ header, rows }) {
  const labels = header.slice(1);
  const body = rows.map(([label, ...cells]) => {
    const total = cells.reduce((sum, cell) => sum + countOf(cell), 0);
    const squares = cells.map((cell, i) => square(cell, { label, answer: labels[i], total }));
    return h("tr", {}, h("th", { scope: "row" }, label), ...squares);
  });
  return h(
    "table",
    { class: "confusion" },
    h("thead", {}, h("tr", {}, ...header.map((cell) => h("th", { scope: "col" }, cell)))),
    h("tbody", {}, ...body),
  );
}
