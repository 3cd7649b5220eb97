/** Back-propagation through time: what each step adds to dL/dW_aa and dL/dW_ax, for a text one types. */

import { Asking } from "../../asking.js";
import { announce, h } from "../../dom.js";
import { backwards, largestGap, loadCells, normOf, placesOf, read, run } from "../cells.js";
import { drawRows } from "../plots.js";
import { figure, words } from "../words.js";
import { MODEL } from "./step.js";

/** Start the section. */
export async function start(section) {
  const part = (name) => section.querySelector(`[data-part="${name}"]`);
  const asking = new Asking(part("notice"));
  const file = await loadCells();
  part("target").replaceChildren(...file.labels.map((label) => h("option", {}, label)));
  part("target").value = "France";

  const ask = async (signal) => {
    const answer = await read(MODEL, part("text").value, { signal });
    const pass = run("rnn", file.cells.rnn, placesOf(answer.trajectory, file.words));
    const target = file.labels.indexOf(part("target").value);
    const { terms, sumOfState, sumOfInput } = backwards(file.cells.rnn, pass, target);
    const p = answer.trajectory.at(-1).probs[target];
    drawRows(part("terms"), {
      heads: [words.token, "∂L/∂W_aa", "∂L/∂W_ax"],
      kinds: ["state", "input"],
      rows: terms.map(({ ofState, ofInput }, t) => ({ text: answer.trajectory[t].text, values: [ofState, ofInput] })),
      isLog: true,
      caption: words.term,
    });
    part("loss").textContent = words.lossOf(figure(p), figure(-Math.log(p), 4));
    part("of-state").textContent = figure(normOf(sumOfState.flat()), 4);
    part("of-input").textContent = figure(normOf(sumOfInput.flat()), 4);
    const gap = largestGap(answer.trajectory, pass.steps);
    announce(part("check"), gap < 1e-4 ? words.sameAs(figure(gap, 2)) : words.otherWeights);
    section.dataset.state = "ready";
  };

  part("text").addEventListener("input", () => asking.later(ask));
  part("target").addEventListener("change", () => asking.now(ask));
  await asking.now(ask);
}
