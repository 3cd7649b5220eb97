/**
 * Shows the Markdown of model cards: headings, paragraphs, lists, tables, code, bold, images.
 *
 * A small part of CommonMark and no more. Text goes in as text nodes alone: HTML in a card is shown
 * as it is written, links stay text, and what an image or a table becomes its caller decides.
 */

import { h } from "./dom.js";

const FENCE = /^```/;
const HEADING = /^(#{1,6}) +(.*)$/;
const ITEM = /^(?:[-*]|\d{1,9}[.)]) +(.*)$/;
const ORDERED = /^\d/;
const RULE = /^[ :|-]*$/;
const INLINE = /`([^`]+)`|\*\*([^*]+)\*\*|!\[([^[\]]*)\]\(([^()\s]+)\)/g;
const NUMBER = /^[-−+±]?\d[\d.,]*(e[-+]?\d+)? ?%?$/i;
const LOWEST = 6;
const MAX_CHARS = 100_000; // cards have some 10,000; a browser takes no more children than this at once
const CUT = "This card is too long for this page: its end is left out.";

/**
 * Make elements of Markdown.
 *
 * `image(source, text)` makes an image's element, `table({ header, rows })` a table's; cells are
 * strings of Markdown, for `inline`. Headings begin at the level below `under`.
 */
export function renderMarkdown(text, { image, table = plainTable, under = 1 }) {
  const lines = text.slice(0, MAX_CHARS).replaceAll("\r\n", "\n").split("\n");
  const made = text.length > MAX_CHARS ? [h("p", {}, CUT)] : [];
  for (let at = 0; at < lines.length; ) {
    const { element, next } = block(lines, at, { image, table, under });
    if (element) made.push(element);
    at = next;
  }
  return made;
}

/** The element that begins at line `at`, and the line after it. */
function block(lines, at, { image, table, under }) {
  const line = lines[at];
  if (!line.trim()) return { next: at + 1 };
  if (FENCE.test(line)) return code(lines, at);
  const heading = HEADING.exec(line);
  if (heading) {
    const level = Math.min(LOWEST, heading[1].length + under);
    return { element: h(`h${level}`, {}, ...inline(heading[2], image)), next: at + 1 };
  }
  if (isTable(lines, at)) {
    const next = end(lines, at, (one) => one.includes("|"));
    const [header, , ...rows] = lines.slice(at, next).map(cellsOf);
    return { element: table({ header, rows: rows.map((row) => header.map((_, i) => row[i] ?? "")) }), next };
  }
  if (ITEM.test(line)) {
    const next = end(lines, at, (one) => ITEM.test(one));
    const items = lines.slice(at, next).map((one) => h("li", {}, ...inline(ITEM.exec(one)[1], image)));
    return { element: h(ORDERED.test(line) ? "ol" : "ul", {}, ...items), next };
  }
  const next = end(lines, at, (one, i) => i === at || !beginsAnother(lines, i));
  return { element: h("p", {}, ...inline(lines.slice(at, next).join(" "), image)), next };
}

/** The first line from `at` on that is empty or that `belongs` does not hold for. */
function end(lines, at, belongs) {
  let next = at;
  while (next < lines.length && lines[next].trim() && belongs(lines[next], next)) next += 1;
  return next;
}

function beginsAnother(lines, at) {
  return [FENCE, HEADING, ITEM].some((start) => start.test(lines[at])) || isTable(lines, at);
}

function isTable(lines, at) {
  const rule = lines[at + 1] ?? "";
  return lines[at].includes("|") && RULE.test(rule) && rule.includes("|") && rule.includes("-");
}

function code(lines, at) {
  let next = at + 1;
  while (next < lines.length && !FENCE.test(lines[next])) next += 1;
  const text = lines.slice(at + 1, next).join("\n");
  return { element: h("pre", { tabindex: "0", role: "group", "aria-label": "Command" }, h("code", {}, text)), next: next + 1 };
}

function cellsOf(line) {
  const inside = line.trim().replace(/^\|/, "").replace(/(?<!\\)\|$/, "");
  return inside.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
}

/** Text with code, bold and images, as nodes and strings. */
export function inline(text, image) {
  const parts = [];
  let from = 0;
  for (const found of text.matchAll(INLINE)) {
    const [whole, codeText, bold, alt, source] = found;
    parts.push(text.slice(from, found.index));
    if (codeText !== undefined) parts.push(h("code", {}, codeText));
    else if (bold !== undefined) parts.push(h("strong", {}, bold));
    else parts.push(image(source, alt));
    from = found.index + whole.length;
  }
  parts.push(text.slice(from));
  return parts.filter((part) => part !== "");
}

/** Whether a cell holds a number and nothing else. */
export function isNumber(cell) {
  return NUMBER.test(cell);
}

/** A table whose columns of numbers stand at the right. */
export function plainTable({ header, rows }) {
  const number = header.map((_, i) => rows.length > 0 && rows.every((row) => isNumber(row[i])));
  const kind = (i) => ({ class: number[i] ? "number" : null });
  const noImage = (_, alt) => alt;
  return h(
    "table",
    {},
    h("thead", {}, h("tr", {}, ...header.map((cell, i) => h("th", { scope: "col", ...kind(i) }, ...inline(cell, noImage))))),
    h("tbody", {}, ...rows.map((row) => h("tr", {}, ...row.map((cell, i) => h("td", kind(i), ...inline(cell, noImage)))))),
  );
}
