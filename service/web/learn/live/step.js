/** One step of an RNN: the numbers of its equations, and the service's own answer beside them. */

import { Asking } from "../../asking.js";
import { bar } from "../../bars.js";
import { announce, h } from "../../dom.js";
import { largestGap, loadCells, placesOf, read, run } from "../cells.js";
import { figure, share, words } from "../words.js";

export const MODEL = "lost-context-rnn";

const sum = (values) => values.reduce((total, value) => total + value, 0);

/** Start the section. */
export async function start(section) {
  const part = (name) => section.querySelector(`[data-part="${name}"]`);
  const asking = new Asking(part("notice"));
  const file = await loadCells();
  const weights = file.cells.rnn;
  let read_ = null;
  let at = 0;

  const showStep = () => {
    const unit = Number(part("unit").value) - 1;
    const step = read_.steps[at];
    const [fromState, fromInput, bias] = [step.fromState[unit], step.fromInput[unit], step.bias[unit]];
    const total = sum([fromState, fromInput, bias]);
    part("state").replaceChildren(
      h("span", { class: "terms" }, `a⟨${at + 1}⟩ = tanh( ${figure(fromState)} + ${figure(fromInput)} + ${figure(bias)} )`),
      h("span", { class: "result" }, ` = tanh( ${figure(total)} ) = `, h("strong", { "data-part": "value" }, figure(step.hidden[unit], 5))),
    );
    part("outputs").replaceChildren(...file.labels.map((name, i) => bar({ name, share: step.probs[i], told: share(step.probs[i]) })));
    part("tokens").querySelectorAll("button").forEach((button, i) => button.setAttribute("aria-pressed", String(i === at)));
  };

  const ask = async (signal) => {
    const answer = await read(MODEL, part("text").value, { signal });
    const { steps } = run("rnn", weights, placesOf(answer.trajectory, file.words));
    read_ = { answer, steps };
    at = steps.length - 1;
    part("tokens").replaceChildren(
      ...answer.trajectory.map(({ text }, i) =>
        h("button", { type: "button", click: () => { at = i; showStep(); } }, text),
      ),
    );
    showStep();
    const gap = largestGap(answer.trajectory, steps);
    announce(part("check"), gap < 1e-4 ? words.sameAs(figure(gap, 2)) : words.otherWeights);
    section.dataset.state = "ready";
  };

  part("unit").addEventListener("input", () => read_ && part("unit").checkValidity() && showStep());
  part("text").addEventListener("input", () => asking.later(ask));
  await asking.now(ask);
}
