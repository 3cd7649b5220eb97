/** How long a layer remembers: its units by the half-life of what they keep. */

import { count, h } from "../../dom.js";

const ENDS = [1, 2, 4, 8, 16, 32, 64, Infinity];

/** A half-life as people read it. */
export function tokens(life) {
  if (life > 999) return "over 999 tokens";
  return `${life < 10 ? life.toFixed(1) : life.toFixed(0)} tokens`;
}

/** The middle one of the half-lives. */
export function median(lives) {
  const sorted = [...lives].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

function nameOf(i) {
  if (i === 0) return "under 1 token";
  return ENDS[i] === Infinity ? `${ENDS[i - 1]} tokens and more` : `${ENDS[i - 1]} to ${ENDS[i]} tokens`;
}

/** List items with a bar each: how many units have a half-life in each stretch; `own` is marked. */
export function bins(lives, own) {
  const placeOf = (life) => ENDS.findIndex((end) => life < end || end === Infinity);
  const counts = ENDS.map(() => 0);
  for (const life of lives) counts[placeOf(life)] += 1;
  const most = Math.max(...counts);
  return counts.map((number, i) => {
    const fill = h("span", { class: "fill" });
    fill.style.setProperty("--share", (number / most).toFixed(4));
    return h(
      "li",
      { class: placeOf(own) === i ? "here" : null },
      h("span", {}, nameOf(i)),
      h("span", { class: "track", "aria-hidden": "true" }, fill),
      h("span", { class: "number" }, `${count(number)} ${number === 1 ? "unit" : "units"}`),
    );
  });
}
