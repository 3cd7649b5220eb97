/** What the chart and the legend of a reading say, in data and in words. */

import { lineSummary } from "../../chart.js";
import { byId } from "../../dom.js";

/** What the chart's axes are, in words: the first and the last word stand at its ends. */
function axes(pieces, { text, isInPieces }, upward) {
  const ends = [pieces[0], pieces.at(-1)].map(({ start, end }) => text.slice(start, end));
  return { upward, ends, along: isInPieces ? "piece by piece" : "word by word" };
}

/** The score of class `followed` after each piece, and those of other classes where there are many. */
export function lineOf(pieces, options) {
  const { labels, followed } = options;
  const label = labels[followed];
  const scores = pieces.map((piece) => piece.score);
  const rest = labels.length > 2 ? labels.map((_, i) => i).filter((i) => i !== followed) : [];
  const others = rest.map((i) => pieces.map((piece) => piece.probs[i]));
  const summary = lineSummary(label, scores);
  return { kind: "line", scores, others, middle: 1 / labels.length, summary, ...axes(pieces, options, `probability of ${label}`) };
}

/** What each piece adds to class `followed`. */
export function barsOf(pieces, options) {
  const label = options.labels[options.followed];
  const summary = `What each word adds to the probability of ${label}; the table below has the numbers.`;
  return { kind: "bars", scores: pieces.map((piece) => piece.change), summary, ...axes(pieces, options, "points it adds") };
}

/** Name the legend, the chart and the table's column after the class that is shown. */
export function nameAll(labels, followed, { trajectory }) {
  const label = labels[followed];
  const other = labels.length === 2 ? labels[1 - followed] : null;
  byId("legend-rise").textContent = trajectory ? `towards ${label}` : `speaks for ${label}`;
  byId("legend-fall").textContent = trajectory
    ? (other ? `towards ${other}` : `away from ${label}`)
    : (other ? `speaks for ${other}` : `speaks against ${label}`);
  byId("chart-title").textContent = trajectory ? `Probability of ${label} along the text` : `What each word adds to ${label}, in points`;
  byId("words-score").textContent = trajectory ? "Score after it" : "Score without it";
}
