/** What a request may hold, as the service tells it: known before it would refuse. */

import { count } from "./dom.js";

let known = {};

/** Take the limits that came with the list of models. */
export function setLimits(limits = {}) {
  known = limits;
}

/** A limit by the service's name for it; Infinity where it told none. */
export function limit(name) {
  return known[name] ?? Infinity;
}

/** Why a text is too long to be sent, or null. Characters are counted as the service does. */
export function whyTooLong(text) {
  const most = limit("max_text_chars");
  if (text.length <= most) return null;
  const number = [...text].length;
  return number <= most ? null : `This text has ${count(number)} characters; the service reads up to ${count(most)}.`;
}

/** Grey `button` and say why in `slot`, or neither if `reason` is null. */
export function gate(button, slot, reason) {
  button.disabled = reason !== null;
  if (slot.textContent !== (reason ?? "")) slot.textContent = reason ?? "";
}
