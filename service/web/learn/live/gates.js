/** The gates of an LSTM or a GRU along a text: every value a square, and one unit's numbers in words. */

import { Asking } from "../../asking.js";
import { announce, h } from "../../dom.js";
import { largestGap, loadCells, placesOf, read, run } from "../cells.js";
import { figure, words } from "../words.js";

const EQUATIONS = {
  lstm: ({ forget, input, candidate, output }, { cell, hidden }, before) => [
    ["c⟨t⟩ = Γf · c⟨t−1⟩ + Γu · c̃", `${forget} · ${before.cell} + ${input} · ${candidate} = ${cell}`],
    ["a⟨t⟩ = Γo · tanh(c⟨t⟩)", `${output} · tanh(${cell}) = ${hidden}`],
  ],
  gru: ({ update, candidate }, { hidden }, before) => [
    ["a⟨t⟩ = (1 − z) · ã + z · a⟨t−1⟩", `(1 − ${update}) · ${candidate} + ${update} · ${before.hidden} = ${hidden}`],
  ],
};

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
    const answer = await read(`lost-context-${cell}`, part("text").value, { signal });
    const tokens = answer.trajectory.map(({ text }) => text);
    const { start: first, steps } = run(cell, file.cells[cell], placesOf(answer.trajectory, file.words));
    const pick = (t, unit) => {
      const at = (values) => Object.fromEntries(Object.entries(values).filter(([, list]) => Array.isArray(list)).map(([name, list]) => [name, figure(list[unit])]));
      const [gates, after, before] = [at(steps[t].gates), at(steps[t]), at(t ? steps[t - 1] : first)];
      part("numbers").replaceChildren(
        h("p", {}, h("strong", {}, `« ${tokens[t]} », ${words.unit} ${unit + 1}`)),
        ...EQUATIONS[cell](gates, after, before).flatMap(([equation, numbers]) => [h("p", { class: "equation" }, equation), h("p", { class: "equation" }, numbers)]),
      );
    };
    const names = [...Object.keys(steps[0].gates), ...(cell === "lstm" ? ["cell"] : []), "hidden"];
    part("grids").replaceChildren(
      ...names.map((name) =>
        grid({ tokens, values: steps.map((step) => step.gates[name] ?? step[name]), isSigned: ["candidate", "cell", "hidden"].includes(name), name: words.gate[name], pick }),
      ),
    );
    pick(tokens.length - 1, 0);
    const gap = largestGap(answer.trajectory, steps);
    announce(part("check"), gap < 1e-4 ? `${words.fromPage} ${words.sameAs(figure(gap, 2))}` : words.otherWeights);
    section.dataset.state = "ready";
  };

  part("text").addEventListener("input", () => asking.later(ask));
  await asking.now(ask);
}
