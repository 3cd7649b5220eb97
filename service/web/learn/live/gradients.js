/** How far back a gradient reaches in the served RNN, and what larger recurrent weights and clipping do. */

import { get } from "../../api.js";
import { Asking } from "../../asking.js";
import { announce } from "../../dom.js";
import { backwards, largestGap, loadCells, normOf, placesOf, read, run } from "../cells.js";
import { drawLines, drawRows, tableOf } from "../plots.js";
import { figure, words } from "../words.js";
import { MODEL } from "./step.js";

const KINDS = ["rnn", "rnn dashed", "lstm", "lstm dotted", "lstm dashed", "gru", "gru dashed"];
const SHOWN = [0, 1, 5, 10, 20, 50, 100];
const CLIP = 1;

function scaled(weights, factor) {
  return { ...weights, weight_hh: weights.weight_hh.map((row) => row.map((weight) => weight * factor)) };
}

async function showMeasured(part) {
  const { rows } = await get("static/learn/figures/gradients.json");
  const series = rows.map(({ name, norms }, i) => ({ name, kind: KINDS[i], points: norms.map((norm, back) => [back, norm]) }));
  const last = series.map(({ name, points }) => words.points(name, figure(points.at(-1)[1], 2)));
  drawLines(part("measured"), { series, across: words.back, up: words.norm, isLog: true, summary: `${words.norm}. ${last.join("; ")}` });
  part("table").replaceChildren(
    tableOf([words.back, ...SHOWN.map(String)], rows.map(({ name, norms }) => [name, ...SHOWN.map((back) => figure(norms[back], 2))])),
  );
  const told = ({ norms, losses }) => [figure(Math.max(...norms)), figure(losses.at(-1))];
  const heads = [words.without, words.withClip].flatMap((which) => [`${words.largest}, ${which}`, `${words.ends}, ${which}`]);
  part("runs").replaceChildren(tableOf([words.network, ...heads], rows.map(({ name, runs }) => [name, ...runs.flatMap(told)])));
}

/** Start the section. */
export async function start(section) {
  const part = (name) => section.querySelector(`[data-part="${name}"]`);
  const asking = new Asking(part("notice"));
  await showMeasured(part);
  const file = await loadCells();
  let answer = null;

  const show = () => {
    const factor = 2 ** Number(part("scale").value);
    part("factor").textContent = `× ${figure(factor)}`;
    const places = placesOf(answer.trajectory, file.words);
    const weights = scaled(file.cells.rnn, factor);
    const pass = run("rnn", weights, places);
    const target = file.labels.indexOf(answer.label);
    const { terms, sumOfState, sumOfInput, error } = backwards(weights, pass, target);
    const bias = terms[0].delta.map((_, i) => terms.reduce((sum, { delta }) => sum + delta[i], 0));
    const output = error.flatMap((one) => pass.steps.at(-1).hidden.map((value) => one * value));
    const norm = normOf([...sumOfState.flat(), ...sumOfInput.flat(), ...bias, ...bias, ...output, ...error]);
    const shrink = part("clip").checked ? Math.min(1, CLIP / norm) : 1;
    drawRows(part("reach"), {
      heads: [words.token, words.norm],
      kinds: ["state"],
      rows: terms.map((term, t) => ({ text: answer.trajectory[t].text, values: [term.norm * shrink] })),
      isLog: true,
      caption: words.norm,
    });
    part("total").textContent = part("clip").checked ? words.clipped(figure(norm), figure(norm * shrink)) : words.unclipped(figure(norm));
    const gap = largestGap(answer.trajectory, run("rnn", file.cells.rnn, places).steps);
    announce(part("check"), gap < 1e-4 ? words.sameAs(figure(gap, 2)) : words.otherWeights);
  };

  const ask = async (signal) => {
    answer = await read(MODEL, part("text").value, { signal });
    show();
    section.dataset.state = "ready";
  };

  for (const name of ["scale", "clip"]) part(name).addEventListener("input", () => answer && show());
  part("text").addEventListener("input", () => asking.later(ask));
  await asking.now(ask);
}
