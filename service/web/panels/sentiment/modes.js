/** The two ways of explaining an answer, and which of them can be had. */

import { byId, count } from "../../dom.js";
import { limit } from "../../limits.js";

const MANY_WORDS = (number) =>
  `Leaving words out takes up to ${count(limit("max_occlusion_words"))} words; this text has ${count(number)}.`;
const BOTH_WAYS = "This model reads from both ends at once, so it has no score along the text.";
const HELP = {
  trajectory: "Each word is coloured by how the score moved when the network read it.",
  occlusion: "Each word is coloured by what it adds: the whole text’s score minus the score without that word.",
};

function inputs() {
  return document.querySelectorAll('input[name="explain"]');
}

/** The way that is chosen: "trajectory" or "occlusion". */
export function modeNow() {
  return [...inputs()].find(({ checked }) => checked).value;
}

/** Choose a way. */
export function chooseMode(mode) {
  for (const input of inputs()) input.checked = input.value === mode;
}

/**
 * Grey the ways that cannot be had for this text, and say why; `canTrace` is whether the model has a
 * score along a text. Returns what to ask for: `{ explain }`, or nothing where there is no way.
 */
export function offerModes(text, { canTrace }) {
  const [trajectory, occlusion] = inputs();
  const numWords = text.match(/\S+/g)?.length ?? 0;
  trajectory.disabled = !canTrace;
  occlusion.disabled = numWords > limit("max_occlusion_words");
  if (trajectory.disabled && !occlusion.disabled) occlusion.checked = true;
  if (occlusion.disabled && !trajectory.disabled) trajectory.checked = true;
  const whyNot = [trajectory.disabled && BOTH_WAYS, occlusion.disabled && MANY_WORDS(numWords)].filter(Boolean);
  const help = whyNot.length < 2 ? [HELP[modeNow()], ...whyNot] : whyNot;
  byId("explain-help").textContent = help.join(" ");
  return whyNot.length < 2 ? { explain: modeNow() } : {};
}
