/** Tables that people bring: finds the rows, the header and the column that holds the texts. */

import { parseCsv } from "./csv.js";

const TEXT_NAMES = /^(text|review|sentence|comment|body|content|message|tweet|document|title)s?$/i;
const TEXT_WORDS = /^(text|review|sentence|comment|body|content|message|tweet|document|description|question|feedback)s?$/;
const OTHER_WORDS = /^(id|ids|key|index|number|date|time|url|link|label|class|category|author|user|lang|language)$/;
const MAX_BYTES = 50_000_000;

function decode(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes); // what older spreadsheets write
  }
}

/** Read a File into `{name, rows, columns}`; a plain text file has one column, a line a row. */
export async function readTable(file) {
  if (file.size > MAX_BYTES) throw new Error("This file has more than 50 MB. Split it, or use the API.");
  const text = decode(await file.arrayBuffer());
  if (text.includes("\0")) throw new Error("This file is not text. Save the table as CSV first.");
  const rows = /\.txt$/i.test(file.name) ? linesOf(text).map((line) => [line]) : parseCsv(text);
  if (!rows.length) throw new Error("This file is empty.");
  return { name: file.name, rows, columns: Math.max(...widths(rows)) };
}

function widths(rows) {
  return rows.slice(0, 1000).map((row) => row.length);
}

/** The lines of a text that hold anything. */
export function linesOf(text) {
  return text.split(/\r\n|\r|\n/).filter((line) => line.trim());
}

/** Whether the first row looks like names: short, none a number, each another. */
export function looksLikeHeader(rows) {
  const [first] = rows;
  if (rows.length < 2) return false;
  const isName = (cell) => /^[\p{L}_][\p{L}\p{N}_ .\-/()]{0,39}$/u.test(cell.trim()) && cell.trim().split(/\s+/).length <= 3;
  if (first.length === 1) return TEXT_NAMES.test(first[0].trim());
  return first.every(isName) && new Set(first).size === first.length;
}

/** How a column's name speaks for its holding the texts: the last of its words counts most. */
function rankOf(name) {
  const words = name.trim().replace(/([\p{Ll}\d])(\p{Lu})/gu, "$1 $2").toLowerCase().split(/[^\p{L}\p{N}]+/u);
  if (words.some((word) => TEXT_WORDS.test(word))) return 4;
  return words.some((word) => OTHER_WORDS.test(word)) ? 0.25 : 1;
}

/** Words in a cell; numbers, dates and addresses have few. */
function wordsIn(cell = "") {
  return cell.split(/\s+/).filter((word) => /\p{L}/u.test(word) && !word.includes("://")).length;
}

/** The column with the texts: by how many words its cells have, and by its name. */
export function textColumn({ rows, columns }, hasHeader) {
  const sample = rows.slice(hasHeader ? 1 : 0, 200);
  const ranks = Array.from({ length: columns }, (_, i) => {
    const words = sample.reduce((sum, row) => sum + wordsIn(row[i]), 0);
    const chars = sample.reduce((sum, row) => sum + (row[i]?.length ?? 0), 0);
    return (words + chars / 1e6) * (hasHeader ? rankOf(rows[0][i] ?? "") : 1); // of equals, the longer
  });
  return ranks.indexOf(Math.max(...ranks));
}

/** The first cells of a column that hold anything. */
export function firstValues({ rows }, column, hasHeader, most = 3) {
  const held = rows.slice(hasHeader ? 1 : 0, 200).map((row) => (row[column] ?? "").trim().replace(/\s+/g, " "));
  return held.filter(Boolean).slice(0, most);
}
