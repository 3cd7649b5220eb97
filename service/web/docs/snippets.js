/** The same request in other words: for a terminal, and for Python. */

import { curlCommand, curlGet } from "../curl.js";

const INDENT = "    ";

/** A JSON value as Python writes it. */
export function pythonOf(value, indent = "") {
  if (value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value !== "object") return JSON.stringify(value);
  const inner = indent + INDENT;
  const isShort = JSON.stringify(value).length < 60;
  const parts = Array.isArray(value)
    ? value.map((item) => pythonOf(item, inner))
    : Object.entries(value).map(([name, item]) => `${JSON.stringify(name)}: ${pythonOf(item, inner)}`);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  if (isShort || !parts.length) return `${open}${parts.join(", ")}${close}`;
  return `${open}\n${parts.map((part) => `${inner}${part},\n`).join("")}${indent}${close}`;
}

function curl({ method, path, body, isStream, hasKey }) {
  if (method === "get") return curlGet(path, { hasKey });
  return curlCommand(path, body ?? {}, { stream: isStream, hasKey });
}

function python({ method, path, body, isStream, hasKey }) {
  const options = [
    body !== undefined && `json=${pythonOf(body, INDENT)}`,
    hasKey && `headers={"Authorization": "Bearer " + os.environ["API_KEY"]}`,
    isStream && "stream=True",
    "timeout=60",
  ].filter(Boolean);
  const address = JSON.stringify(new URL(path, document.baseURI).href);
  const call = [`answer = requests.${method}(`, ...[address, ...options].map((option) => `${INDENT}${option},`), ")"];
  const use = isStream
    ? ["for line in answer.iter_lines(decode_unicode=True):", `${INDENT}if line.startswith("data:"):`, `${INDENT}${INDENT}print(line[5:])`]
    : ["answer.raise_for_status()", 'is_json = answer.headers["Content-Type"].startswith("application/json")', "print(answer.json() if is_json else answer.content[:200])"];
  return [hasKey && "import os\n", "import requests\n", ...call, ...use].filter(Boolean).join("\n");
}

/** The languages, each with a function that writes a request in it. */
export const LANGUAGES = { curl, Python: python };
