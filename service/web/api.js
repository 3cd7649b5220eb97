/** Talks to the service: one place for requests, errors and the API key. Knows nothing of the page. */

import { readEvents } from "./sse.js";

const KEY = "api-key";

/** Run `use(sessionStorage)`; null where the browser has storage switched off. */
function kept(use) {
  try {
    return use(sessionStorage);
  } catch {
    return null;
  }
}

let key = kept((storage) => storage.getItem(KEY)) ?? "";

/** Whether requests carry an API key. */
export function hasKey() {
  return key !== "";
}

/** The header that carries the API key, if there is one. */
export function keyHeader() {
  return key ? { Authorization: `Bearer ${key}` } : {};
}

/** Use this API key until the browser's tab is closed; an empty one forgets it. */
export function setKey(value) {
  key = value;
  kept((storage) => (value ? storage.setItem(KEY, value) : storage.removeItem(KEY)));
}

/**
 * What went wrong, in the service's own words where it had any.
 *
 * `status` is 0 when no answer came at all; `retryAfter` is in seconds, or null.
 */
export class ApiError extends Error {
  constructor(message, { status = 0, param = null, code = null, requestId = null, retryAfter = null } = {}) {
    super(message);
    this.status = status;
    this.param = param;
    this.code = code;
    this.requestId = requestId;
    this.retryAfter = retryAfter;
  }
}

/** Whether `error` only says that this page no longer wanted the answer. */
export function isAbort(error) {
  return error.name === "AbortError";
}

async function refusal(response) {
  const body = await response.json().catch(() => null);
  const said = body?.error ?? {};
  const seconds = Number.parseFloat(response.headers.get("Retry-After"));
  const unexplained = `The service answered with status ${response.status} and no explanation.`;
  return new ApiError(said.message ?? unexplained, {
    status: response.status,
    param: said.param,
    code: said.code,
    requestId: response.headers.get("X-Request-Id"),
    retryAfter: Number.isFinite(seconds) ? seconds : null,
  });
}

/** Ask for `path`, which is relative to the service's root, wherever the page itself is. */
async function send(path, { body, signal, cache = "no-store" }) {
  const headers = { Accept: "application/json, text/event-stream", ...keyHeader() };
  if (body) headers["Content-Type"] = "application/json";
  const options = { method: body ? "POST" : "GET", headers, signal, cache };
  if (body) options.body = JSON.stringify(body);
  const response = await reach(() => fetch(new URL(`../${path}`, import.meta.url), options));
  if (!response.ok) throw await refusal(response);
  return response;
}

/** Run `transfer`; a broken connection becomes an ApiError that says so. */
async function reach(transfer) {
  try {
    return await transfer();
  } catch (error) {
    if (isAbort(error) || error instanceof ApiError) throw error;
    throw new ApiError("The service cannot be reached. Is it running, and is this device online?");
  }
}

/** Whether the service answers requests now. */
export async function isReady() {
  const answer = await fetch(new URL("readyz", document.baseURI), { cache: "no-store" }).catch(() => null);
  return answer?.ok ?? false;
}

/** GET `path` and return its JSON. */
export async function get(path, { signal } = {}) {
  const response = await send(path, { signal });
  return reach(() => response.json());
}

/** GET the file at `path` and return it as an address that an image can show; kept while unchanged. */
export async function getDataUrl(path, { signal } = {}) {
  const response = await send(path, { signal, cache: "no-cache" });
  const blob = await reach(() => response.blob());
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result));
    reader.addEventListener("error", () => reject(reader.error));
    reader.readAsDataURL(blob);
  });
}

/** POST `body` as JSON to `path` and return the JSON answer. */
export async function post(path, body, { signal } = {}) {
  const response = await send(path, { body, signal });
  return reach(() => response.json());
}

/** POST `body` and yield each event of the streamed answer as an object, until "[DONE]". */
export async function* postStream(path, body, { signal } = {}) {
  const response = await send(path, { body, signal });
  const events = readEvents(response.body);
  try {
    for (;;) {
      const { done, value } = await reach(() => events.next());
      if (done) throw new ApiError("The stream ended before the answer was complete.");
      if (value === "[DONE]") return;
      const event = JSON.parse(value);
      if (event.error) throw new ApiError(event.error.message, { status: 200, ...event.error });
      yield event;
    }
  } finally {
    await events.return();
  }
}
