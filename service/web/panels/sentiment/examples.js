/** Texts to try that fit the chosen classifier: films for those that tell good from bad, else its card's own. */

const POLAR = /^(neg|pos|bad|good|neutral)/i;
const FILMS = [
  ["Glowing", "One of those rare films that made me laugh, then cry, and then call my mother. I loved every minute of it."],
  ["Scathing", "A dull, lifeless script, wooden acting and no ending at all. I want my two hours back."],
  ["A turn", "It starts slowly and the first half is a bit of a mess, but then it finds its heart, and the ending is wonderful."],
  ["Faint praise", "Not bad, I suppose, but I would not watch it again."],
];

/** Whether a classifier tells opinions. */
export function isOfOpinions(model) {
  return model !== null && model.classes.length > 1 && model.classes.every((label) => POLAR.test(label));
}

/** `[[name, text], …]` for a classifier; `example` is its card's, if that is known. */
export function examplesFor(model, example) {
  if (isOfOpinions(model)) return FILMS;
  return example ? [["From its card", example]] : [];
}
