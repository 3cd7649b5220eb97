/** The classifier of many courses: layers and losses off the served version's card, and the model asked. */

import { get, post } from "../../api.js";
import { Asking } from "../../asking.js";
import { bar } from "../../bars.js";
import { drawLines, tableOf } from "../plots.js";
import { figure, language, share, words } from "../words.js";

const MODEL = "classic";

/** The rows of the table under a heading of a card, each a list of its cells; without the head. */
export function tableUnder(card, heading) {
  const [, section = ""] = card.split(`\n## ${heading}\n`);
  const lines = section.split("\n## ")[0].split("\n").filter((line) => line.startsWith("| "));
  return lines.slice(2).map((line) => line.slice(2, -2).split(" | ").map((cell) => cell.trim()));
}

function showLayers(part, card) {
  const rows = tableUnder(card, "Layers").map(([name, shape, count]) => [name === "all" ? words.all : name, shape, Number(count.replace(/,/g, "")).toLocaleString(language)]);
  part("layers").replaceChildren(tableOf([words.layer, words.shape, words.parameters], rows));
}

function showLosses(part, card) {
  const rows = tableUnder(card, "Loss by epoch").map((cells) => cells.map(Number));
  const lineOf = (place) => rows.map((row) => [row[0], row[place]]);
  const series = [
    { name: words.train, kind: "lstm", points: lineOf(1) },
    { name: words.validation, kind: "rnn", points: lineOf(2) },
  ];
  const summary = series.map(({ name, points }) => words.points(name, points.map(([, loss]) => figure(loss)).join(", "))).join("; ");
  drawLines(part("losses"), { series, across: words.epoch, up: "nats", summary });
  part("epochs").replaceChildren(
    tableOf([words.epoch, words.train, words.validation], rows.map(([epoch, loss, validation]) => [figure(epoch), figure(loss, 4), figure(validation, 4)])),
  );
}

/** Start the section. */
export async function start(section) {
  const part = (name) => section.querySelector(`[data-part="${name}"]`);
  const asking = new Asking(part("notice"));

  const ask = async (signal) => {
    const { data, model, version } = await post("v1/classify", { model: MODEL, input: part("text").value }, { signal });
    part("answer").textContent = `${model}:${version} → ${data[0].label}`;
    part("bars").replaceChildren(...["negative", "positive"].map((name, i) => bar({ name, share: data[0].probs[i], told: share(data[0].probs[i]) })));
  };

  part("text").addEventListener("input", () => asking.later(ask));
  const [{ card }] = await Promise.all([get(`v1/models/${MODEL}/card`), asking.now(ask)]);
  showLayers(part, card);
  showLosses(part, card);
  section.dataset.state = "ready";
}
