/** The curl command that asks the service the same as a button of this page. */

/** Quote `text` as one word of a POSIX shell. */
export function shellQuote(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function head(path, { stream, hasKey }) {
  const parts = [`curl ${stream ? "-N" : "-s"} ${shellQuote(new URL(path, document.baseURI).href)}`];
  if (hasKey) parts.push('-H "Authorization: Bearer $API_KEY"');
  return parts;
}

/** The words of a command that sends JSON. */
function posting(path, options) {
  return [...head(path, options), "-H 'Content-Type: application/json'"];
}

/** A command that reads what is at `path`. */
export function curlGet(path, { hasKey = false } = {}) {
  return head(path, { hasKey }).join(" \\\n  ");
}

/**
 * A command that posts `body` as JSON.
 *
 * An API key is never written out: where one is in use the command reads it from `$API_KEY`.
 */
export function curlCommand(path, body, { stream = false, hasKey = false } = {}) {
  return [...posting(path, { stream, hasKey }), `-d ${shellQuote(JSON.stringify(body))}`].join(" \\\n  ");
}

/** As `curlCommand`, for bodies beyond what a shell takes as one word: one text a line, on stdin. */
export function curlCommandFromStdin(path, { input, ...rest }, { hasKey = false } = {}) {
  const fields = Object.entries(rest).map(([name, value]) => `"${name}": ${JSON.stringify(value)}`);
  const texts = input.map((text) => `  ${JSON.stringify(text)}`).join(",\n");
  const json = `{${[...fields, `"input": [\n${texts}\n]`].join(", ")}}`;
  return `${[...posting(path, { hasKey }), "-d @- <<'JSON'"].join(" \\\n  ")}\n${json}\nJSON`;
}
