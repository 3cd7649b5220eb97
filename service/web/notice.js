/** Shows what went wrong: the service's own words first, then what one can do about it. */

import { h } from "./dom.js";

const TITLES = {
  0: "No answer",
  200: "The answer broke off",
  401: "This service is locked",
  403: "This key is not allowed to do that",
  413: "Too large",
  429: "Too many requests",
  503: "The service is busy",
  504: "That took too long",
};

function titleOf(status) {
  return TITLES[status] ?? (status >= 500 ? "The service failed" : "The service refused this");
}

function adviceOf({ status, retryAfter }) {
  if (retryAfter !== null) return `Nothing is lost: try again in ${Math.ceil(retryAfter)} s.`;
  if (status === 0 || status === 503) return "Nothing is lost: what you typed is still here.";
  return null;
}

function detailsOf({ param, code, requestId }) {
  const parts = [];
  if (param) parts.push("Field: ", h("code", {}, param));
  if (code) parts.push(parts.length ? " · Code: " : "Code: ", h("code", {}, code));
  if (requestId) parts.push(parts.length ? " · Request: " : "Request: ", h("code", {}, requestId));
  return parts.length ? h("p", { class: "details" }, ...parts) : null;
}

/** Take away what `slot` says. */
export function clearNotice(slot) {
  slot.replaceChildren();
}

/**
 * Show `error` in `slot`, with a button that calls `retry` if given.
 *
 * `calm` waits its turn with a screen reader (for what happens while one types) instead of
 * interrupting (for what follows a press of a button).
 */
export function showError(slot, error, { retry = null, calm = false } = {}) {
  if (!("status" in error)) console.error(error); // a fault of this page, not the service's
  const advice = adviceOf({ retryAfter: null, ...error });
  const notice = h(
    "div",
    { class: "notice", role: calm ? "status" : "alert" },
    h("strong", {}, "status" in error ? titleOf(error.status) : "This page failed"),
    h("p", {}, error.message),
    advice && h("p", {}, advice),
    detailsOf(error),
    retry && h("button", { type: "button", class: "quiet", click: retry }, "Try again"),
  );
  slot.replaceChildren(notice);
  if (error.status === 401) document.dispatchEvent(new Event("key-needed"));
}
