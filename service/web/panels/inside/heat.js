/** A heat map of tokens by units on a canvas: one pixel a number, drawn as large as there is room. */

const LEVELS = 256;
const MOVES = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
const FEWEST = 4; // squares in view at least, each way
const CLICK_PX = 4; // a pointer that moved further was dragging

/** [red, green, blue] of a colour as a stylesheet computes it. */
function channels(colour) {
  return colour.match(/[\d.]+/g).slice(0, 3).map(Number);
}

function mix(from, to, share) {
  return from.map((channel, i) => Math.round(channel + (to[i] - channel) * share));
}

/** Colours as 32-bit pixels, from the lowest to the highest level. */
function ramp(low, middle, high) {
  const pixels = new Uint8ClampedArray(LEVELS * 4);
  for (let level = 0; level < LEVELS; level += 1) {
    const share = (2 * level) / (LEVELS - 1) - 1;
    const colour = share < 0 ? mix(middle, low, -share) : mix(middle, high, share);
    pixels.set([...colour, 255], level * 4);
  }
  return new Uint32Array(pixels.buffer);
}

/**
 * The pixels of a heat map, a row for each unit of `order` and a column for each token.
 *
 * `values` has `numUnits` numbers for each of `numTokens`; `low` and `high` are the ends of the scale.
 */
export function pixelsOf(values, { numTokens, numUnits, order, low, high, colours }) {
  const pixels = new Uint32Array(numTokens * order.length);
  const scale = (LEVELS - 1) / (high - low);
  order.forEach((unit, row) => {
    for (let token = 0; token < numTokens; token += 1) {
      const level = (values[token * numUnits + unit] - low) * scale + 0.5;
      pixels[row * numTokens + token] = colours[level < 0 ? 0 : level > LEVELS - 1 ? LEVELS - 1 : level | 0];
    }
  });
  return pixels;
}

/** Shows one quantity of a reading; `onPoint({token, unit})` is told where one points. */
export class HeatMap {
  #canvas;
  #onPoint;
  #picture = document.createElement("canvas"); // a pixel for each number
  #shown = null; // {values, numTokens, numUnits, order, low, high}
  #view = { x: 0, y: 0, width: 0, height: 0 }; // the part of the picture that is in sight
  #at = { token: 0, row: 0 };
  #drag = null;

  constructor(canvas, onPoint) {
    this.#canvas = canvas;
    this.#onPoint = onPoint;
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerdown", (event) => this.#grab(event));
    canvas.addEventListener("pointerup", () => (this.#drag = null));
    canvas.addEventListener("pointercancel", () => (this.#drag = null));
    canvas.addEventListener("dblclick", (event) => this.#point(event) && this.zoom(event.shiftKey ? 0.5 : 2));
    canvas.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.#draw()).observe(canvas);
    new MutationObserver(() => this.recolour()).observe(document.documentElement, { attributeFilter: ["data-theme"] });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.recolour());
  }

  /** Show `values` (see `pixelsOf`); the same part stays in view where it is of the same size. */
  show(shown) {
    const { numTokens, order } = shown;
    const isSame = this.#shown?.numTokens === numTokens && this.#shown.order.length === order.length;
    const unit = this.#shown?.order[this.#at.row];
    this.#shown = shown;
    if (!isSame) this.#view = { x: 0, y: 0, width: numTokens, height: order.length };
    this.#at.token = Math.min(this.#at.token, Math.max(0, numTokens - 1));
    this.#at.row = isSame ? Math.max(0, order.indexOf(unit)) : 0;
    this.recolour();
  }

  /** Work out the pixels once more: the theme may have changed. */
  recolour() {
    if (!this.#shown) return;
    const { numTokens, order, values, low } = this.#shown;
    const style = getComputedStyle(this.#canvas);
    // Colours that a canvas has no use for carry those of the theme.
    const [none, ink, rise, fall] = [style.backgroundColor, style.color, style.caretColor, style.columnRuleColor].map(channels);
    const colours = low < 0 ? ramp(fall, none, rise) : ramp(none, mix(none, ink, 0.5), ink);
    this.#picture.width = Math.max(1, numTokens);
    this.#picture.height = order.length;
    if (values.length) {
      const pixels = pixelsOf(values, { ...this.#shown, colours });
      const image = new ImageData(new Uint8ClampedArray(pixels.buffer), numTokens, order.length);
      this.#picture.getContext("2d").putImageData(image, 0, 0);
    }
    this.#draw();
  }

  /** Go to a token and unit without telling it. */
  point({ token, unit }) {
    this.#go(token, this.#shown.order.indexOf(unit));
  }

  /** Show `factor` times as much detail around the square pointed at; 0 shows all. */
  zoom(factor) {
    if (!this.#shown) return;
    const { numTokens, order } = this.#shown;
    const view = this.#view;
    const size = (now, all) => (factor ? Math.min(all, Math.max(Math.min(all, FEWEST), now / factor)) : all);
    const width = size(view.width, numTokens);
    const height = size(view.height, order.length);
    this.#view = { x: this.#at.token + 0.5 - width / 2, y: this.#at.row + 0.5 - height / 2, width, height };
    this.#draw();
  }

  #squareAt(event) {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    const { x, y, width: columns, height: rows } = this.#view;
    const token = Math.floor(x + ((event.clientX - left) / width) * columns);
    const row = Math.floor(y + ((event.clientY - top) / height) * rows);
    const { numTokens, order } = this.#shown;
    return token >= 0 && token < numTokens && row >= 0 && row < order.length ? { token, row } : null;
  }

  #point(event) {
    const square = this.#shown && this.#squareAt(event);
    if (!square) return false;
    this.#go(square.token, square.row);
    this.#tell();
    return true;
  }

  #tell() {
    this.#onPoint({ token: this.#at.token, unit: this.#shown.order[this.#at.row] });
  }

  #go(token, row) {
    this.#at = { token, row };
    const inside = (start, size, at) => Math.min(Math.max(start, at + 1 - size), at);
    const view = this.#view;
    this.#view = { ...view, x: inside(view.x, view.width, token), y: inside(view.y, view.height, row) };
    this.#draw();
  }

  #grab(event) {
    this.#point(event);
    this.#drag = { x: event.clientX, y: event.clientY, view: this.#view };
    if (event.pointerType === "mouse") this.#canvas.setPointerCapture(event.pointerId);
  }

  #move(event) {
    if (!this.#drag) {
      this.#point(event);
      return;
    }
    const { x, y, view } = this.#drag;
    const [right, down] = [event.clientX - x, event.clientY - y];
    if (Math.hypot(right, down) < CLICK_PX) return;
    const { width, height } = this.#canvas.getBoundingClientRect();
    this.#view = { ...view, x: view.x - (right / width) * view.width, y: view.y - (down / height) * view.height };
    this.#draw();
  }

  #key(event) {
    if (!this.#shown?.numTokens || event.ctrlKey || event.metaKey || event.altKey) return;
    const zooms = { "+": 2, "=": 2, "-": 0.5, 0: 0 };
    if (event.key in zooms) this.zoom(zooms[event.key]);
    else if (event.key in MOVES) this.#step(...MOVES[event.key]);
    else if (event.key === "Home") this.#step(-Infinity, 0);
    else if (event.key === "End") this.#step(Infinity, 0);
    else return;
    event.preventDefault();
  }

  #step(right, down) {
    const clamp = (value, end) => Math.min(Math.max(value, 0), end - 1);
    const { numTokens, order } = this.#shown;
    this.#go(clamp(this.#at.token + right, numTokens), clamp(this.#at.row + down, order.length));
    this.#tell();
  }

  #draw() {
    const canvas = this.#canvas;
    const { clientWidth, clientHeight } = canvas;
    if (!this.#shown || !clientWidth) return;
    const { numTokens, order } = this.#shown;
    const view = this.#view;
    const inside = (start, size, all) => Math.min(Math.max(0, start), all - size);
    this.#view = { ...view, x: inside(view.x, view.width, numTokens), y: inside(view.y, view.height, order.length) };
    canvas.width = Math.round(clientWidth * devicePixelRatio);
    canvas.height = Math.round(clientHeight * devicePixelRatio);
    if (!numTokens) return;
    const { x, y, width, height } = this.#view;
    const [wide, tall] = [canvas.width / width, canvas.height / height];
    const context = canvas.getContext("2d");
    context.imageSmoothingEnabled = wide < 1 || tall < 1; // squares stay squares, and none gets lost
    context.drawImage(this.#picture, x, y, width, height, 0, 0, canvas.width, canvas.height);
    this.#frame(context, (this.#at.token - x) * wide, (this.#at.row - y) * tall, wide, tall);
  }

  /** Frame the square that is pointed at, in the ink of the page around its paper. */
  #frame(context, left, top, wide, tall) {
    const canvas = this.#canvas;
    const style = getComputedStyle(canvas);
    const line = Math.max(1, devicePixelRatio);
    const within = (place, all) => Math.min(Math.max(place, line), all - line); // seen at the edges too
    const [from, to] = [within(left - 2 * line, canvas.width), within(left + wide + 2 * line, canvas.width)];
    const [over, under] = [within(top - 2 * line, canvas.height), within(top + tall + 2 * line, canvas.height)];
    for (const [colour, inset] of [[style.color, 0], [style.backgroundColor, line]]) {
      context.lineWidth = line;
      context.strokeStyle = colour;
      context.strokeRect(from + inset, over + inset, to - from - 2 * inset, under - over - 2 * inset);
    }
  }
}
