/** What is told of single words: the table of all, and the one that is pointed at. */

import { h, percent, points } from "../../dom.js";

/** The word with its score, in words. */
export function toldOf(text, { start, end, score, change }, { trajectory }) {
  const word = text.slice(start, end);
  if (trajectory) return `after “${word}” ${percent(score)} (${points(change)})`;
  return `without “${word}” ${percent(score)} (it adds ${points(change)})`;
}

/** Fill a table's body with a row for each word. */
export function fillTable(body, text, words) {
  const row = ({ start, end, score, change }) =>
    h("tr", {}, h("td", {}, text.slice(start, end)), h("td", { class: "number" }, percent(score)), h("td", { class: "number" }, points(change)));
  body.replaceChildren(...words.map(row));
}
