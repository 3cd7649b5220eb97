/** Shows what went wrong in words for people, what one can do, and on demand the service's own words. */

import { h } from "./dom.js";
import { isOutage, untilBack } from "./recovery.js";

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

function adviceOf({ status, retryAfter }, canRetry) {
  if (isOutage({ status }) && canRetry) return "Nothing is lost: this page goes on by itself once the service answers.";
  if (retryAfter !== null) return `Nothing is lost: try again in ${Math.ceil(retryAfter)} s.`;
  return null;
}

/** Whether the same request may be answered another time: one that was refused will not be. */
function mayPass({ status }) {
  return status === undefined || status < 400 || status >= 500 || [408, 429].includes(status);
}

/** What a field is called on this page. */
function labelOf(field) {
  const label = /^[a-z_]+$/.test(field) && document.querySelector(`label[for="${field}"]`);
  return label ? label.textContent : field.replaceAll("_", " ");
}

/** The service's message without its names of fields: "text 0 of `input` has …" is "This text has …". */
export function inWords(message) {
  const said = message
    .replace(/\btext 0 of `input`|`input\[0\]`|`input`/g, "this text")
    .replace(/\btext (\d+) of `input`|`input\[(\d+)\]`/g, (_, a, b) => `text ${Number(a ?? b) + 1}`)
    .replace(/`([a-z_]+)(?:\[\d+\])?`/g, (_, field) => labelOf(field));
  return said.charAt(0).toUpperCase() + said.slice(1);
}

function detailsOf({ message, param, code, requestId }) {
  if (!param && !code && !requestId) return null;
  const parts = [["Field", param], ["Code", code], ["Request", requestId]].filter(([, value]) => value);
  const list = parts.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, h("code", {}, value))]);
  return h("details", { class: "details" }, h("summary", {}, "In the service’s own words"), h("p", {}, message), h("dl", {}, ...list));
}

/** Take away what `slot` says. */
export function clearNotice(slot) {
  slot.replaceChildren();
}

/**
 * Show `error` in `slot`; `retry`, if given, is called by a button where another try may help, and
 * by itself once a service that was away is back.
 *
 * `calm` waits its turn with a screen reader (for what happens while one types) instead of
 * interrupting (for what follows a press of a button).
 */
export function showError(slot, error, { retry = null, calm = false } = {}) {
  const isOurs = !("status" in error); // a fault of this page, not the service's
  if (isOurs) console.error(error);
  const advice = adviceOf({ retryAfter: null, ...error }, retry !== null);
  const notice = h(
    "div",
    { class: "notice", role: calm ? "status" : "alert" },
    h("strong", {}, isOurs ? "This page failed" : titleOf(error.status)),
    h("p", {}, isOurs ? error.message : inWords(error.message)),
    advice && h("p", {}, advice),
    retry && mayPass(error) && h("button", { type: "button", class: "quiet", click: retry }, "Try again"),
    detailsOf(error),
  );
  slot.replaceChildren(notice);
  if (error.status === 401) document.dispatchEvent(new Event("key-needed"));
  if (retry && isOutage(error)) goOn(notice, error, retry);
}

async function goOn(notice, error, retry) {
  if (!(await untilBack(error, () => notice.isConnected))) return;
  retry();
  if (error.status === 0) document.dispatchEvent(new Event("service-back"));
}
