/** The controls of how text is drawn, with the chosen model's own values to begin with. */

import { byId, count, h } from "../../dom.js";
import { limit } from "../../limits.js";

const CONTROLS = [
  { name: "temperature", label: "Temperature", type: "range", min: 0, max: 2, step: 0.05, help: "Low is careful, high is bold; 0 always takes the likeliest." },
  { name: "top_p", label: "Top p", type: "range", min: 0.05, max: 1, step: 0.05, help: "Draw from the likeliest that together reach this share." },
  { name: "min_p", label: "Min p", type: "range", min: 0, max: 0.5, step: 0.01, help: "Drop what is below this share of the likeliest." },
  { name: "repetition_penalty", label: "Repetition penalty", type: "range", min: 0.5, max: 2, step: 0.05, help: "Over 1, what was already written becomes less likely." },
  { name: "top_k", label: "Top k", type: "number", min: 0, max: 2 ** 31 - 1, step: 1, help: "Draw from the k likeliest; 0 means all." },
  { name: "max_tokens", label: "Max tokens", type: "number", min: 0, bound: "max_tokens", step: 1 },
  { name: "n", label: "Answers", type: "number", min: 1, bound: "max_n", step: 1 },
  { name: "seed", label: "Seed", type: "number", min: 0, max: Number.MAX_SAFE_INTEGER, step: 1, placeholder: "new", help: "The same seed and settings write the same text." },
  { name: "stop", label: "Stop at", type: "lines", help: "One text a line ends the writing; \\n stands for a line break." },
];

const MAX_STOPS = 32;
const MAX_STOP_CHARS = 256;
const ALWAYS = { n: 1, seed: "" }; // what no model has a default for

const escaped = (text) => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\t", "\\t");
const unescaped = (text) => text.replace(/\\([nt\\])/g, (_, letter) => ({ n: "\n", t: "\t", "\\": "\\" })[letter]);

function inputFor({ name, type, min, max, step, placeholder, help }) {
  const shared = { id: name, placeholder, "aria-describedby": help && `${name}-help`, autocomplete: "off" };
  if (type === "lines") return h("textarea", { ...shared, rows: 2, spellcheck: "false" });
  return h("input", { ...shared, type, min, max, step });
}

function controlFor(control) {
  const { name, label, type, help } = control;
  return h(
    "div",
    { class: "control" },
    h("label", { for: name }, label),
    type === "range" ? h("output", { for: name, id: `${name}-value` }) : null,
    inputFor(control),
    help ? h("p", { class: "help", id: `${name}-help` }, help) : null,
  );
}

/** The controls and their values. */
export class SamplingControls {
  #defaults = ALWAYS;
  #beginning = {}; // what the controls then held

  /** `onChange()` is called whenever a value changes. */
  constructor(onChange) {
    byId("controls").append(...CONTROLS.map(controlFor));
    byId("controls").addEventListener("input", () => {
      this.#showValues();
      onChange();
    });
    byId("reset").addEventListener("click", () => {
      this.#fill();
      onChange();
    });
  }

  /** Begin anew with a model's own values, but with `n` answers. */
  setDefaults(sampling, n) {
    this.#defaults = { ...ALWAYS, ...sampling };
    this.#fill();
    byId("n").value = n;
    this.#beginning = Object.fromEntries(CONTROLS.map(({ name }) => [name, byId(name).value]));
  }

  /** The seed that was typed, or null for a new one each time. */
  get seed() {
    return byId("seed").value === "" ? null : Number(byId("seed").value);
  }

  set seed(value) {
    byId("seed").value = value ?? "";
  }

  /** The fields that differ from the model's own values, as the service takes them; no seed. */
  values() {
    const isOwn = ([name, value]) => JSON.stringify(value) === JSON.stringify(this.#defaults[name]);
    const entries = CONTROLS.filter(({ name }) => name !== "seed").map((control) => [control.name, this.#read(control)]);
    return Object.fromEntries(entries.filter((entry) => !isOwn(entry)));
  }

  /** What is typed in the controls and not the model's own value, by name. */
  typed() {
    return Object.fromEntries(CONTROLS.map(({ name }) => [name, byId(name).value]).filter(([name, value]) => value !== this.#beginning[name]));
  }

  /** Type what an address says, as `typed` gave it. */
  type(params) {
    for (const { name } of CONTROLS) if (params.has(name)) byId(name).value = params.get(name);
    this.#showValues();
  }

  /** What a control holds that the service would refuse, as `{ name, why }`, or null. */
  problem() {
    for (const { name, label, type, min, max, bound } of CONTROLS) {
      if (type === "lines") {
        const lines = this.#read({ name, type });
        if (lines.length > MAX_STOPS) return { name, why: `${label} takes up to ${MAX_STOPS} texts.` };
        if (lines.some((line) => [...line].length > MAX_STOP_CHARS)) return { name, why: `A text of ${label} has up to ${MAX_STOP_CHARS} characters.` };
        continue;
      }
      const { value, validity } = byId(name);
      const most = bound ? limit(bound) : max;
      const range = Number.isFinite(most) ? `from ${count(min)} to ${count(most)}` : `of at least ${count(min)}`;
      const isOutside = value !== "" && (Number(value) < min || Number(value) > most || !(type === "range" || Number.isInteger(Number(value))));
      if (validity.badInput || isOutside) return { name, why: `${label} is a ${type === "range" ? "" : "whole "}number ${range}.` };
    }
    return null;
  }

  /** Point at the control of the field that the service objects to, or at none. */
  blame(param) {
    for (const { name } of CONTROLS) {
      if (name === param) byId(name).setAttribute("aria-invalid", "true");
      else byId(name).removeAttribute("aria-invalid");
    }
  }

  /** A control's value; an empty one stands for the model's own. */
  #read({ name, type }) {
    const { value } = byId(name);
    if (type === "lines") return value.split("\n").filter((line) => line).map(unescaped);
    return value === "" ? this.#defaults[name] : Number(value);
  }

  #fill() {
    for (const { name, type } of CONTROLS) {
      const own = this.#defaults[name];
      byId(name).value = type === "lines" ? own.map(escaped).join("\n") : own;
    }
    this.blame(null);
    this.#showValues();
  }

  #showValues() {
    for (const { name, type } of CONTROLS) {
      if (type === "range") byId(`${name}-value`).textContent = Number(byId(name).value).toFixed(2);
    }
  }
}
