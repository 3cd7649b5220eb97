/** The drawings of the playground as the numbers that the models of digits read. */

import { Bitmap } from "../panels/digits/bitmap.js";
import { EXAMPLES } from "../panels/digits/examples.js";

/** The 64 counts of the example with this name. */
export function countsOf(name) {
  const bitmap = new Bitmap();
  const [, strokes] = EXAMPLES.find(([own]) => own === name);
  for (const places of strokes) places.slice(1).forEach((place, i) => bitmap.line(places[i], place));
  return bitmap.counts();
}
