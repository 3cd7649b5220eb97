/** Tables that people bring: finds the rows, the header and the column that holds the texts. */

import { parseCsv } from "./csv.js";

const TEXT_NAMES = /^(text|texts|review|sentence|comment|body|content|message|tweet|document|title)s?$/i;
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

/** The column with the texts: by its name, else the one with the longest cells. */
export function textColumn({ rows, columns }, hasHeader) {
  const named = hasHeader ? rows[0].findIndex((name) => TEXT_NAMES.test(name.trim())) : -1;
  if (named !== -1) return named;
  const sample = rows.slice(hasHeader ? 1 : 0, 200);
  const lengths = Array.from({ length: columns }, (_, i) =>
    sample.reduce((sum, row) => sum + (row[i]?.length ?? 0), 0),
  );
  return lengths.indexOf(Math.max(...lengths));
}
