/** A model's versions beside each other: which is served as what, and whether the newest is better. */

import { figure, h, percent } from "../../dom.js";

/** A day as people write it, from Unix seconds. */
export function day(seconds) {
  const options = { year: "numeric", month: "short", day: "numeric", timeZone: "UTC" };
  return seconds ? new Date(seconds * 1000).toLocaleDateString("en", options) : "unknown";
}

/** The names of all figures of these versions; the ends of intervals belong to their figure. */
export function figuresOf(versions) {
  const names = new Set(versions.flatMap(({ metrics }) => Object.keys(metrics)));
  return [...names].filter((name) => !names.has(name.replace(/_(low|high)$/, "")) || !/_(low|high)$/.test(name)).sort();
}

/** The figure by which promote would compare the newest; else the default's own. */
export function mainFigure(versions) {
  const newest = versions.at(-1);
  return [newest, versions.find((one) => one.is_default)].map((one) => one?.primary_metric?.name).find(Boolean) ?? null;
}

/** Whether more of a figure is better; null where no version says so. */
function direction(versions, name) {
  const known = versions.map((one) => one.primary_metric).find((metric) => metric?.name === name);
  return known ? known.higher_is_better : null;
}

/** How far `one` is from `other` in a figure: `{ change, isBetter }`, or null if it is not in both. */
export function difference(versions, one, other, name) {
  if (!(name in one.metrics) || !(name in other.metrics)) return null;
  const change = one.metrics[name] - other.metrics[name];
  const isHigherBetter = direction(versions, name);
  return { change, isBetter: change === 0 || isHigherBetter === null ? null : change > 0 === isHigherBetter };
}

function interval({ metrics }, name) {
  const ends = [metrics[`${name}_low`], metrics[`${name}_high`]];
  return ends.includes(undefined) ? null : ends;
}

function overlap(one, other, name) {
  const [a, b] = [interval(one, name), interval(other, name)];
  return a !== null && b !== null && a[0] <= b[1] && b[0] <= a[1];
}

/** A sentence or two: whether the newest version is better than the default, or than the one before. */
export function verdictOf(versions) {
  if (versions.length === 0) return "";
  const newest = versions.at(-1);
  const served = versions.find((one) => one.is_default);
  const who = `Version ${newest.version}${served === newest ? ", the newest and the default," : ", the newest,"}`;
  const other = served === newest ? versions.at(-2) : served;
  if (versions.length === 1) return `Version ${newest.version} is the only one.`;
  if (!other) return `${who} has no default to be compared with: none is served.`;
  const than = `version ${other.version}${other.is_default ? ", the default" : ""}`;
  const name = newest.primary_metric?.name;
  const found = difference(versions, newest, other, name);
  if (!found) return `${who} and ${than} were not measured by the same main figure.`;
  const judged = { true: "is better than", false: "is worse than", null: "is as good as" }[found.isBetter];
  const figures = `${name} ${figure(newest.metrics[name])} against ${figure(other.metrics[name])}`;
  const doubt = found.change !== 0 && overlap(newest, other, name) ? " Their intervals overlap: it may be chance." : "";
  return `${who} ${judged} ${than}: ${figures}.${doubt}`;
}

/** What a version is to the requests: `[word, class]` for each mark. */
function marks(one) {
  const found = [];
  if (one.is_default) found.push(["default", "served"]);
  if (one.canary_weight !== null) found.push([`canary ${percent(one.canary_weight)}`, "served"]);
  if (one.is_shadow) found.push(["shadow", ""]);
  else if (one.state === "ready" && !found.length) found.push(["served", "served"]);
  found.push(...one.labels.map((label) => [label, ""]));
  if (one.state === "stored") found.push(["not served", ""]);
  if (one.state === "refused") found.push(["refused", "refused"]);
  return found;
}

function change(versions, one, name) {
  const served = versions.find((other) => other.is_default);
  const found = served && one !== served && difference(versions, one, served, name);
  if (!found) return h("td", { class: "number muted" }, "–");
  const word = { true: "better", false: "worse", null: found.change === 0 ? "the same" : "" }[found.isBetter];
  const kind = { true: "rise", false: "fall", null: "" }[found.isBetter];
  const sign = found.change < 0 ? "−" : "+";
  return h("td", { class: `number ${kind}` }, `${sign}${figure(Math.abs(found.change))} ${word}`.trim());
}

function row(versions, one, { name, shown, onChoose }) {
  const ends = interval(one, name);
  const value = name in one.metrics ? figure(one.metrics[name]) : "–";
  const pressed = String(one.version === shown);
  const label = `Version ${one.version}`;
  const button = h("button", { type: "button", class: "quiet", "aria-pressed": pressed, "data-version": one.version, click: () => onChoose(one.version) }, label);
  return h(
    "tr",
    { class: one.version === shown ? "shown" : null },
    h("td", {}, button),
    h("td", { class: "number" }, value, ends && h("span", { class: "interval" }, `${figure(ends[0])} to ${figure(ends[1])}`)),
    change(versions, one, name),
    h("td", {}, h("ul", { class: "places" }, ...marks(one).map(([word, kind]) => h("li", { class: `mark ${kind}` }, word))), one.reason && h("p", { class: "help" }, one.reason)),
    h("td", {}, day(one.created)),
  );
}

/** Show the versions in a table's body, the newest first; the keyboard keeps its place among them. */
export function showVersions(body, versions, options) {
  const held = document.activeElement.closest?.("[data-version]");
  const at = body.contains(held) ? held.dataset.version : null;
  body.replaceChildren(...versions.toReversed().map((one) => row(versions, one, options)));
  if (at !== null) body.querySelector(`[data-version="${at}"]`)?.focus();
}
