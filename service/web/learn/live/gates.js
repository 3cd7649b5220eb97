/** The gates of an LSTM or a GRU along a text: every value a square, and one unit's numbers in words. */

import { post } from "../../api.js";
import { Asking } from "../../asking.js";
import { announce, h } from "../../dom.js";
import { loadCells, placesOf, run } from "../cells.js";
import { figure, words } from "../words.js";

const NAMES = {
  lstm: ["forget", "input", "candidate", "output", "cell", "hidden"],
  gru: ["reset", "update", "candidate", "hidden"],
};
const SIGNED = ["candidate", "cell", "hidden"];
const SYMBOLS = { forget: "Γf", input: "Γu", output: "Γo", reset: "r", update: "z" };

/** What a gate is made of, in numbers. */
function gateLine(layer, name, t, unit) {
  const [fromInput, fromState, value] = ["from_input", "from_hidden", "values"].map((part) => figure(layer[name][part][t][unit]));
  return [`${SYMBOLS[name]} = σ( W x⟨t⟩ + b + U a⟨t−1⟩ + b′ )`, `σ( ${fromInput} + ${fromState} ) = ${value}`];
}

const EQUATIONS = {
  lstm: ({ forget, input, candidate, output, cell, hidden }, before) => [
    ["c⟨t⟩ = Γf · c⟨t−1⟩ + Γu · c̃", `${forget} · ${before.cell} + ${input} · ${candidate} = ${cell}`],
    ["a⟨t⟩ = Γo · tanh( c⟨t⟩ )", `${output} · tanh( ${cell} ) = ${hidden}`],
  ],
  gru: ({ update, candidate, hidden }, before) => [
    ["a⟨t⟩ = (1 − z) · ã + z · a⟨t−1⟩", `(1 − ${update}) · ${candidate} + ${update} · ${before.hidden} = ${hidden}`],
  ],
};

/** Ask a model for all that goes on in its layer while it reads `text`. */
async function lookInside(model, text, { signal }) {
  const { data } = await post("v1/classify", { model, input: text, explain: "gates", units: "all" }, { signal });
  return { tokens: data[0].gates.tokens, layer: data[0].gates.layers[0] };
}

/** The largest difference between the service's hidden states and those that this page calculates. */
function gapOf({ tokens, layer }, cell, file) {
  const { steps } = run(cell, file.cells[cell], placesOf(tokens, file.words));
  return Math.max(...steps.flatMap(({ hidden }, t) => hidden.map((value, unit) => Math.abs(value - layer.hidden.values[t][unit]))));
}

/** A grid of squares, a row for each token and a column for each unit; `pick` is told where one chose. */
function grid({ tokens, values, isSigned, name, pick }) {
  const square = (value, t, unit) => {
    const label = `${tokens[t]}, ${words.unit} ${unit + 1}: ${figure(value)}`;
    const cell = h("button", { type: "button", class: value < 0 ? "square minus" : "square", tabindex: t + unit ? -1 : 0, "aria-label": label, title: label, click: () => pick(t, unit) });
    cell.style.setProperty("--weight", (isSigned ? Math.min(1, Math.abs(value)) : value).toFixed(4));
    return h("td", {}, cell);
  };
  const rows = values.map((row, t) => h("tr", {}, h("th", { scope: "row" }, tokens[t]), ...row.map((value, unit) => square(value, t, unit))));
  const move = (event) => {
    const all = [...event.currentTarget.querySelectorAll(".square")];
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: values[0].length, ArrowUp: -values[0].length };
    const at = all.indexOf(document.activeElement);
    const next = all[at + (steps[event.key] ?? Number.NaN)];
    if (!next || at === -1) return;
    event.preventDefault();
    all[at].tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  };
  return h("table", { class: "gates", keydown: move }, h("caption", {}, name), h("tbody", {}, ...rows));
}

/** Start the section. */
export async function start(section) {
  const part = (name) => section.querySelector(`[data-part="${name}"]`);
  const cell = section.dataset.cell;
  const asking = new Asking(part("notice"));
  const file = await loadCells();

  const ask = async (signal) => {
    const inside = await lookInside(`lost-context-${cell}`, part("text").value, { signal });
    const { layer } = inside;
    const tokens = inside.tokens.map(({ text }) => text);
    const names = NAMES[cell];
    const at = (t, unit) => Object.fromEntries(names.map((name) => [name, figure(t < 0 ? 0 : layer[name].values[t][unit])]));
    const pick = (t, unit) => {
      const gates = names.filter((name) => name in SYMBOLS).map((name) => gateLine(layer, name, t, unit));
      const lines = [...gates, ...EQUATIONS[cell](at(t, unit), at(t - 1, unit))];
      part("numbers").replaceChildren(
        h("p", {}, h("strong", {}, `« ${tokens[t]} », ${words.unit} ${unit + 1}`)),
        h("dl", { class: "worked" }, ...lines.flatMap(([equation, numbers]) => [h("dt", {}, equation), h("dd", {}, numbers)])),
      );
    };
    part("grids").replaceChildren(
      ...names.map((name) => grid({ tokens, values: layer[name].values, isSigned: SIGNED.includes(name), name: words.gate[name], pick })),
    );
    pick(tokens.length - 1, 0);
    const gap = gapOf(inside, cell, file);
    announce(part("check"), gap < 1e-4 ? `${words.fromService} ${words.sameAs(figure(gap, 2))}` : words.otherWeights);
    section.dataset.state = "ready";
  };

  part("text").addEventListener("input", () => asking.later(ask));
  await asking.now(ask);
}
