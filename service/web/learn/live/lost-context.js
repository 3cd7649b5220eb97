/** The lost context: three served models read one sentence; how sure each is of the country, word by word. */

import { get } from "../../api.js";
import { Asking } from "../../asking.js";
import { h } from "../../dom.js";
import { read } from "../cells.js";
import { drawLines, tableOf } from "../plots.js";
import { figure, share, words } from "../words.js";

const CELLS = ["rnn", "lstm", "gru"];
const KINDS = ["rnn", "lstm", "lstm dotted", "lstm dashed", "gru", "gru dashed"];
const COUNTRIES = {
  français: "France",
  italien: "Italie",
  espagnol: "Espagne",
  allemand: "Allemagne",
  belge: "Belgique",
  suisse: "Suisse",
  grec: "Grèce",
  polonais: "Pologne",
};
const ENDING = /(,\s*je vis en|\s+et j['’]habite en)\s*$/u;
const MORE = [", il pleut", ", mon voisin est grec", ", les enfants vont à l'école", ", le temps passe", ", un ami est suisse", ", j'aime la mer"];

async function showMeasured(part) {
  const { rows, chance } = await get("static/learn/figures/long_range.json");
  const series = rows.map(({ name, found }, i) => ({ name, kind: KINDS[i], points: found.map(({ distance, accuracy }) => [distance, accuracy]) }));
  const distances = rows[0].found.map(({ distance }) => distance);
  const told = series.map(({ name, points }) => words.points(name, points.map(([x, y]) => `${x}: ${figure(y)}`).join(", ")));
  drawLines(part("measured"), { series, across: words.tokensBetween, up: words.accuracy, range: [0, 1], summary: `${words.accuracy}. ${told.join("; ")}` });
  const lines = rows.map(({ name, found }) => [name, ...found.map(({ accuracy }) => figure(accuracy))]);
  part("table").replaceChildren(tableOf([words.tokensBetween, ...distances.map(String)], [...lines, [words.chance, ...distances.map(() => figure(chance))]]));
}

/** Start the section. */
export async function start(section) {
  const part = (name) => section.querySelector(`[data-part="${name}"]`);
  const asking = new Asking(part("notice"));
  await showMeasured(part);

  const show = (answers, labels) => {
    const tokens = answers[0].trajectory.map(({ text }) => text.toLowerCase());
    const origin = tokens.findIndex((token) => token in COUNTRIES);
    const country = COUNTRIES[tokens[origin]];
    part("answers").replaceChildren(
      ...answers.map(({ label, score }, i) =>
        h("li", { "data-cell": CELLS[i], class: label === country ? "right" : "wrong" }, h("strong", {}, CELLS[i].toUpperCase()), ` en ${label} `, h("span", { class: "muted" }, `${share(score)} · ${label === country ? words.right : words.wrong}`)),
      ),
    );
    part("distance").textContent = country ? words.between(tokens.length - origin - 2) : words.noNationality;
    if (!country) return part("lines").replaceChildren();
    const followed = labels.indexOf(country);
    const series = answers.map(({ trajectory }, i) => ({
      name: CELLS[i].toUpperCase(),
      kind: CELLS[i],
      points: trajectory.map(({ probs }, t) => [t + 1, probs[followed]]),
    }));
    const ends = series.map(({ name, points }) => words.points(name, share(points.at(-1)[1])));
    return drawLines(part("lines"), { series, across: words.token, up: words.country(country), range: [0, 1], summary: `${words.country(country)}. ${ends.join("; ")}` });
  };

  const ask = async (signal) => {
    const text = part("text").value;
    const answers = await Promise.all(CELLS.map((cell) => read(`lost-context-${cell}`, text, { signal })));
    const labels = Object.values(COUNTRIES).sort();
    show(answers, labels);
    section.dataset.state = "ready";
  };

  let added = 0;
  part("longer").addEventListener("click", () => {
    const text = part("text").value;
    const clauses = Array.from({ length: 4 }, () => MORE[added++ % MORE.length]).join("");
    part("text").value = ENDING.test(text) ? text.replace(ENDING, `${clauses}$1`) : text + clauses;
    asking.now(ask);
  });
  part("text").addEventListener("input", () => asking.later(ask));
  await asking.now(ask);
}
