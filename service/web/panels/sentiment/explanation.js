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

/** Without the spaces at its ends; null if nothing is left. */
function trimmed(text, piece) {
  const inside = text.slice(piece.start, piece.end);
  const start = piece.start + inside.length - inside.trimStart().length;
  return inside.trim() ? { ...piece, start, end: start + inside.trim().length } : null;
}

/** Pieces without spaces between them are one word, whose probabilities are those after its last. */
function joined(pieces) {
  const words = [];
  for (const piece of pieces) {
    const word = words.at(-1);
    if (word && word.end === piece.start) Object.assign(word, { end: piece.end, probs: piece.probs });
    else words.push({ ...piece });
  }
  return words;
}

function trajectoryOf(pieces, followed, initial) {
  let before = initial[followed];
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

/** Whether a text is cut into characters, which say more one by one than joined. */
export function isOfCharacters({ trajectory: pieces = [] }) {
  return pieces.length > 1 && pieces.every(({ text }) => [...text.trim()].length <= 1);
}

/**
 * The words of `text` as `answer` explains them, for one class; with `isInPieces` what the network
 * reads, which may be parts of words.
 *
 * Returns `[{start, end, probs, score, change}]`: `start` and `end` are UTF-16 indices of what can
 * be seen, spaces left out, `score` is the class's probability after the word ("trajectory") or
 * without it ("occlusion"), `change` what the word added to it: the first one of a trajectory to
 * the answer where nothing is read.
 */
export function explained(text, answer, { followed, isInPieces = false }) {
  const all = toUtf16(text, answer.trajectory ?? answer.occlusion ?? []);
  const pieces = all.map((piece) => trimmed(text, piece)).filter((piece) => piece !== null);
  if (!answer.trajectory) return occlusionOf(pieces, followed, answer.probs);
  return trajectoryOf(isInPieces ? pieces : joined(pieces), followed, answer.initial_probs);
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
