/** What a network did with a text, as the service tells it; knows nothing of the page. */

const KEEPERS = { lstm: "forget", gru: "update" }; // the gate whose value is the share that is kept
const STATES = { lstm: "cell", gru: "hidden", rnn: "hidden" }; // what lives on from token to token
const QUANTITIES = ["input", "forget", "output", "reset", "update", "candidate", "cell", "hidden"];
const GATES = ["input", "forget", "output", "reset", "update"];
const LEAST = 1e-12; // a gate's logarithm has to be a number

/** Numbers of little-endian 32-bit floats in base64; so are typed arrays wherever browsers run. */
export function unpack(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = binary.charCodeAt(i);
  return new Float32Array(bytes.buffer);
}

/** Whether a quantity lies between 0 and 1. */
export function isGate(name) {
  return GATES.includes(name);
}

/** One layer of a network in one direction, reading one text. */
export class Reading {
  #layer;
  #unpacked = new Map();
  #lives = null;

  /** `gates` as the service tells it with all units in base64; `layer` is one of its layers. */
  constructor(gates, layer) {
    this.#layer = layer;
    this.cell = gates.cell;
    this.tokens = gates.tokens;
    this.numUnits = layer.units.length;
    this.influence = layer.influence;
    this.isBackward = layer.direction === "backward";
    this.quantities = QUANTITIES.filter((name) => name in layer);
    this.state = STATES[gates.cell];
    this.keeper = KEEPERS[gates.cell] ?? null;
  }

  /** A quantity of all tokens and units, token by token; `part` "values", "from_input" or "from_hidden". */
  all(name, part = "values") {
    const key = `${name}.${part}`;
    if (!this.#unpacked.has(key)) this.#unpacked.set(key, unpack(this.#layer[name][part]));
    return this.#unpacked.get(key);
  }

  /** One number of it. */
  at(name, token, unit, part = "values") {
    return this.all(name, part)[token * this.numUnits + unit];
  }

  /** The same of the step before; a text begins with zeros. */
  before(name, token, unit) {
    const step = this.isBackward ? token + 1 : token - 1;
    return step < 0 || step >= this.tokens.length ? 0 : this.at(name, step, unit);
  }

  /** How active each unit is: its mean absolute value. */
  activity(name) {
    return this.#means(name, Math.abs);
  }

  /** Tokens after which half of a unit's state is left, by the geometric mean of what it keeps. */
  halfLives() {
    this.#lives ??= this.#means(this.keeper, (kept) => Math.log(Math.max(kept, LEAST))).map((log) =>
      log < 0 ? Math.log(0.5) / log : Infinity,
    );
    return this.#lives;
  }

  /** The units in order: by "number", or by "activity" or "influence", the greatest first. */
  order(way, name) {
    const units = Array.from({ length: this.numUnits }, (_, unit) => unit);
    if (way === "number") return units;
    const size = way === "activity" ? this.activity(name) : this.influence.map(Math.abs);
    return units.sort((a, b) => size[b] - size[a] || a - b);
  }

  #means(name, of) {
    const values = this.all(name);
    const sums = new Array(this.numUnits).fill(0);
    for (let i = 0; i < values.length; i += 1) sums[i % this.numUnits] += of(values[i]);
    return sums.map((sum) => sum / Math.max(1, this.tokens.length));
  }
}
