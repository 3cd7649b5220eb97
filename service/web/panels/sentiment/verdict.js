/** The verdict on a text: its label, the probability of each class, and facts about the answer. */

import { bar } from "../../bars.js";
import { byId, count, h, percent } from "../../dom.js";

/** Make the bars anew, but keep the keyboard's place among them. */
function replaceBars(list, items) {
  const at = [...list.children].findIndex((item) => item.contains(document.activeElement));
  list.replaceChildren(...items);
  list.children[at]?.querySelector("button")?.focus();
}

function fact(name, value) {
  return [h("dt", {}, name), h("dd", {}, value)];
}

/**
 * Show one answer.
 *
 * `followed` is the number of the class whose score colours the text; of two classes it is fixed, of
 * more `onFollow(number)` lets one choose another.
 */
export function showVerdict(answer, { labels, model, version, ms, followed, onFollow }) {
  const isBinary = labels.length === 2;
  const kindOf = (i) => (isBinary ? (i === followed ? "rise" : "fall") : null);
  const label = byId("label");
  label.textContent = answer.label;
  label.className = `label ${kindOf(labels.indexOf(answer.label)) ?? ""}`;
  byId("score").textContent = `${percent(answer.score)} sure`;
  const items = labels.map((name, i) => ({ name, i, share: answer.probs[i] }));
  if (isBinary) items.sort((a) => (a.i === followed ? -1 : 1));
  else items.sort((a, b) => b.share - a.share);
  replaceBars(
    byId("bars"),
    items.map(({ name, i, share }) =>
      bar({ name, share, kind: kindOf(i), follow: isBinary ? null : () => onFollow(i), isFollowed: i === followed }),
    ),
  );
  byId("facts").replaceChildren(
    ...fact("Read", `${count(answer.num_tokens)} tokens${answer.truncated ? ", the rest was cut" : ""}`),
    ...fact("Model", `${model}, version ${version}`),
    ...fact("Answered in", `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`),
  );
}

/** Show that there is no answer, and why. */
export function showNoVerdict(why) {
  byId("label").textContent = "…";
  byId("label").className = "label";
  byId("score").textContent = why;
  byId("bars").replaceChildren();
  byId("facts").replaceChildren();
}
