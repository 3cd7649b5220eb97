/** Digits to try: strokes as a pen would draw them, each place `[x, y]` in squares of the pad. */

function oval(x, y, width, height) {
  return Array.from({ length: 25 }, (_, i) => {
    const angle = (i / 24) * 2 * Math.PI - Math.PI / 2;
    return [x + (width / 2) * Math.cos(angle), y + (height / 2) * Math.sin(angle)];
  });
}

export const EXAMPLES = [
  ["0", [oval(4, 4, 3.4, 6.8)]],
  ["1", [[[2.8, 2.6], [4.2, 0.5], [4.2, 7.6]], [[4.5, 0.6], [4.5, 7.6]]]],
  ["2", [[[2.2, 1.9], [3, 0.8], [4.4, 0.7], [5.2, 1.8], [4.7, 3.4], [2.2, 7.2], [5.9, 7.2]]]],
  ["3", [[[2.2, 1], [4, 0.6], [5.1, 1.5], [4.8, 2.9], [3.6, 3.6], [5, 4.3], [5.3, 5.8], [4.2, 7.2], [2.2, 7.1]]]],
  ["4", [[[3.9, 0.6], [1.9, 4.7], [6, 4.7]], [[4.7, 3], [4.5, 7.5]]]],
  ["7", [[[2, 0.8], [5.5, 0.8], [3.6, 7.4]], [[2.6, 4], [5.4, 4]]]],
];
