/** Turns the service's explanations into one list of pieces of text with a score and its change. */

import { toUtf16 } from "../../offsets.js";

const UPWARD = /^(pos|good|yes|true)/i;

/**
 * The class whose score is shown: of two, the one that reads as the upper end; of more, the
 * answer's own label.
 */
export function followedClass(labels, label) {
  if (labels.length !== 2) return labels.indexOf(label);
  const upward = labels.findIndex((name) => UPWARD.test(name));
  return upward === -1 ? 1 : upward;
}

function trajectoryOf(pieces, followed) {
  let before = 1 / pieces[0].probs.length; // nothing read yet: every class is as likely
  return pieces.map(({ start, end, probs }) => {
    const score = probs[followed];
    const change = score - before;
    before = score;
    return { start, end, probs, score, change };
  });
}

function occlusionOf(pieces, followed, whole) {
  return pieces.map(({ start, end, probs }) => ({
    start,
    end,
    probs,
    score: whole[followed] - probs[followed], // what would be left without this word
    change: probs[followed],
  }));
}

/**
 * The pieces of `text` as `answer` explains them, for one class.
 *
 * Returns `[{start, end, probs, score, change}]`: `start` and `end` are UTF-16 indices, `score` is
 * the class's probability after the word ("trajectory") or without it ("occlusion"), `change` what
 * the word added to it.
 */
export function explained(text, answer, followed) {
  const pieces = toUtf16(text, answer.trajectory ?? answer.occlusion ?? []);
  if (!pieces.length) return [];
  return answer.trajectory ? trajectoryOf(pieces, followed) : occlusionOf(pieces, followed, answer.probs);
}

/** Colour strengths from 0 to 1, so that the strongest change of a text is full, unless it is small. */
export function strengths(pieces) {
  const strongest = Math.max(0.12, ...pieces.map((piece) => Math.abs(piece.change)));
  return pieces.map((piece) => Math.abs(piece.change) / strongest);
}

/** Stretches of a cut text that the network never saw, as `[{start, end}]` in UTF-16 indices. */
export function unread(text, pieces) {
  const edges = [{ end: 0 }, ...pieces, { start: text.length }];
  return edges
    .slice(1)
    .map((next, i) => ({ start: edges[i].end, end: next.start }))
    .filter(({ start, end }) => /\p{L}\s+\P{Z}/u.test(text.slice(start, end)));
}
