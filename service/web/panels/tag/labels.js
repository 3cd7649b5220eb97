/** What labels mean, and the colour of each. */

/** The universal parts of speech of Universal Dependencies. */
const MEANINGS = {
  ADJ: "adjective",
  ADP: "preposition or postposition",
  ADV: "adverb",
  AUX: "auxiliary verb",
  CCONJ: "coordinating conjunction",
  DET: "determiner",
  INTJ: "interjection",
  NOUN: "noun",
  NUM: "number",
  PART: "particle",
  PRON: "pronoun",
  PROPN: "proper noun",
  PUNCT: "punctuation",
  SCONJ: "subordinating conjunction",
  SYM: "symbol",
  VERB: "verb",
  X: "something else",
};
const GOLDEN_ANGLE = 137.508; // degrees: hues that follow each other in it lie far apart

/** What a label means; "" where nobody has written it down. */
export function meaningOf(label) {
  return MEANINGS[label] ?? "";
}

/** Whether these are parts of speech; where no labels are told, that is what one takes them for. */
export function isUniversal(labels) {
  return labels.every((label) => label in MEANINGS);
}

/** The hue of a label, in degrees: the same wherever it occurs. */
export function hueOf(label) {
  const known = Object.keys(MEANINGS).indexOf(label);
  const number = known === -1 ? [...label].reduce((sum, char) => sum + char.codePointAt(0), 0) : known;
  return (number * GOLDEN_ANGLE) % 360;
}
