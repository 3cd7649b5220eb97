/** Bars that show shares: the probability of each class. */

import { h, percent } from "./dom.js";

/**
 * A list item with a bar; `follow()`, if given, makes it a button that `isFollowed` presses. `told` is
 * the share in words.
 */
export function bar({ name, share, told = percent(share), kind = null, follow = null, isFollowed = false }) {
  const fill = h("span", { class: "fill" });
  fill.style.setProperty("--share", share.toFixed(4));
  const inside = [
    h("span", { class: "row" }, h("span", {}, name), h("span", {}, told)),
    h("span", { class: "track", "aria-hidden": "true" }, fill),
  ];
  const content = follow
    ? h("button", { type: "button", "aria-pressed": String(isFollowed), click: follow }, ...inside)
    : h("span", {}, ...inside);
  return h("li", { class: kind }, content);
}
