/**
 * The service counts characters as Unicode code points, JavaScript as UTF-16 units: "👍" is one of
 * the former and two of the latter.
 */

/** UTF-16 index at which each code point of `text` begins, and one more entry for its end. */
export function codePointStarts(text) {
  const starts = [];
  for (let i = 0; i < text.length; i += text.codePointAt(i) > 0xffff ? 2 : 1) starts.push(i);
  starts.push(text.length);
  return starts;
}

/** `pieces` with `start` and `end` turned from code points into UTF-16 indices of `text`. */
export function toUtf16(text, pieces) {
  const starts = codePointStarts(text);
  const last = starts.length - 1;
  return pieces.map((piece) => ({
    ...piece,
    start: starts[Math.min(piece.start, last)],
    end: starts[Math.min(piece.end, last)],
  }));
}
