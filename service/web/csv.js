/**
 * Reads and writes CSV as RFC 4180 has it: quoted fields may hold separators, quotes (doubled) and
 * line breaks. Reading takes commas, semicolons and tabs; writing uses commas.
 */

/** The separator that the first line uses most, outside of quotes. */
export function separatorOf(text) {
  const bare = text.slice(0, 65536).replace(/"[^"]*"?/g, "");
  const line = bare.split(/\r|\n/, 1)[0];
  const uses = (separator) => line.split(separator).length;
  return [",", ";", "\t"].reduce((best, next) => (uses(next) > uses(best) ? next : best));
}

/**
 * Split CSV text into rows of fields.
 *
 * A byte order mark and lines without any character are passed over. A quote inside an unquoted
 * field stands for itself, and a quoted field that never ends runs to the end of the text.
 */
export function parseCsv(text, separator = separatorOf(text)) {
  const input = text.replace(/^\uFEFF/, "");
  const other = `([^${separator}\\r\\n]*)`;
  const pattern = new RegExp(`"([^"]*(?:""[^"]*)*)(?:"|$)${other}|${other}`, "y");
  const rows = [];
  let row = [];
  for (let at = 0; at <= input.length; ) {
    pattern.lastIndex = at;
    const [whole, quoted, rest, plain] = pattern.exec(input);
    row.push(plain ?? quoted.replaceAll('""', '"') + rest);
    at += whole.length;
    if (input[at] === separator) {
      at += 1;
      continue;
    }
    if (whole || row.length > 1) rows.push(row);
    row = [];
    at += input.startsWith("\r\n", at) ? 2 : 1;
  }
  return rows;
}

const NUMBER = /^[-+]?\d+(\.\d+)?(e[-+]?\d+)?$/i;

/**
 * One field, quoted where it must be. What a spreadsheet would run as a formula gets an apostrophe
 * before it (OWASP, "CSV Injection"); plain numbers are left as they are.
 */
export function csvField(value) {
  const text = String(value ?? "");
  const safe = /^[=+\-@\t\r\n＝＋－＠]/.test(text) && !NUMBER.test(text) ? `'${text}` : text;
  return /[",;\t\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Rows of fields as one CSV text, with the byte order mark by which spreadsheets know UTF-8. */
export function writeCsv(rows) {
  return `\uFEFF${rows.map((row) => `${row.map(csvField).join(",")}\r\n`).join("")}`;
}
