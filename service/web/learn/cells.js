/**
 * One step of each recurrent cell, as plain equations in 64 bits, on the weights of the small models
 * "lost-context-…"; and the way back through time of an RNN. The service calculates the same in 32.
 */

import { get, post } from "../api.js";

const FILE = "static/learn/figures/cells.json"; // written by `python -m training.long_range --publish`
const UNKNOWN = "<unk>";

const sigmoid = (value) => 1 / (1 + Math.exp(-value));
const add = (...vectors) => vectors[0].map((_, i) => vectors.reduce((sum, vector) => sum + vector[i], 0));
const multiply = (a, b) => a.map((value, i) => value * b[i]);
const product = (matrix, vector) => matrix.map((row) => row.reduce((sum, weight, i) => sum + weight * vector[i], 0));

/** The norm of a vector. */
export function normOf(vector) {
  return Math.hypot(...vector);
}

function softmax(logits) {
  const highest = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - highest));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}

/** Split what all gates get, `count` pieces of a vector. */
function split(vector, count) {
  const size = vector.length / count;
  return Array.from({ length: count }, (_, i) => vector.slice(i * size, (i + 1) * size));
}

const STEPS = {
  rnn(weights, input, { hidden }) {
    const fromState = product(weights.weight_hh, hidden);
    const fromInput = product(weights.weight_ih, input);
    const bias = add(weights.bias_ih, weights.bias_hh);
    return { hidden: add(fromState, fromInput, bias).map(Math.tanh), fromState, fromInput, bias };
  },
  lstm(weights, input, before) {
    const all = add(product(weights.weight_ih, input), weights.bias_ih, product(weights.weight_hh, before.hidden), weights.bias_hh);
    const [i, f, g, o] = split(all, 4);
    const [inputGate, forget, output] = [i, f, o].map((gate) => gate.map(sigmoid));
    const candidate = g.map(Math.tanh);
    const cell = add(multiply(forget, before.cell), multiply(inputGate, candidate));
    return { hidden: multiply(output, cell.map(Math.tanh)), cell, gates: { forget, input: inputGate, candidate, output } };
  },
  gru(weights, input, { hidden }) {
    const fromInput = split(add(product(weights.weight_ih, input), weights.bias_ih), 3);
    const fromState = split(add(product(weights.weight_hh, hidden), weights.bias_hh), 3);
    const [reset, update] = [0, 1].map((i) => add(fromInput[i], fromState[i]).map(sigmoid));
    const candidate = add(fromInput[2], multiply(reset, fromState[2])).map(Math.tanh);
    const after = candidate.map((value, i) => (1 - update[i]) * value + update[i] * hidden[i]);
    return { hidden: after, gates: { reset, update, candidate } };
  },
};

/** Words, labels and the weights of each cell. */
export function loadCells() {
  return get(FILE);
}

/** Ask a model for the probabilities after each token of `text`, and what it takes for a token. */
export async function read(model, text, { signal } = {}) {
  const { data, version } = await post("v1/classify", { model, input: text, explain: "trajectory" }, { signal });
  return { ...data[0], version };
}

/** The places in the vocabulary of the service's tokens. */
export function placesOf(tokens, words) {
  const unknown = words.indexOf(UNKNOWN);
  return tokens.map(({ text }) => {
    const place = words.indexOf(text.toLowerCase().replace(/[‘’´]/g, "'"));
    return place === -1 ? unknown : place;
  });
}

/**
 * Run a cell over tokens.
 *
 * Returns what each step made: `input` x_t, `hidden` a_t, `probs` y_t, and the parts on the way;
 * `start` is the state before.
 */
export function run(cell, weights, places) {
  const zeros = weights.weight_hh[0].map(() => 0);
  const start = { hidden: zeros, cell: zeros };
  let before = start;
  const steps = places.map((place) => {
    const input = weights.embedding[place];
    before = { input, ...STEPS[cell](weights, input, before) };
    before.probs = softmax(add(product(weights.output, before.hidden), weights.output_bias));
    return before;
  });
  return { start, steps };
}

/** The largest difference between what the service answered and what `steps` say. */
export function largestGap(trajectory, steps) {
  const gaps = trajectory.flatMap(({ probs }, t) => probs.map((p, i) => Math.abs(p - steps[t].probs[i])));
  return Math.max(...gaps);
}

/**
 * Go back through time from the loss −ln y_T[target] of an RNN.
 *
 * Returns for each step `delta`, the gradient at what its tanh gets, the norms `ofState` and
 * `ofInput` of what it adds to dL/dW_aa and dL/dW_ax, `norm` of the gradient at its a_t; and the
 * sums: `sumOfState` and `sumOfInput` as matrices, `start` the norm at the state before all steps.
 */
export function backwards(weights, { start, steps }, target) {
  const error = steps.at(-1).probs.map((p, i) => p - (i === target));
  const columns = (matrix) => matrix[0].map((_, i) => matrix.map((row) => row[i]));
  const [transposed, output] = [columns(weights.weight_hh), columns(weights.output)];
  let gradient = product(output, error);
  const terms = [];
  for (let t = steps.length - 1; t >= 0; t -= 1) {
    const { hidden, input } = steps[t];
    const before = t ? steps[t - 1].hidden : start.hidden;
    const delta = hidden.map((value, i) => (1 - value * value) * gradient[i]);
    const norm = normOf(gradient);
    terms.unshift({ delta, norm, ofState: normOf(delta) * normOf(before), ofInput: normOf(delta) * normOf(input) });
    gradient = product(transposed, delta);
  }
  const outer = (vectors) =>
    terms[0].delta.map((_, i) => vectors[0].map((_, j) => terms.reduce((sum, { delta }, t) => sum + delta[i] * vectors[t][j], 0)));
  const befores = steps.map((_, t) => (t ? steps[t - 1].hidden : start.hidden));
  const inputs = steps.map(({ input }) => input);
  return { terms, start: normOf(gradient), sumOfState: outer(befores), sumOfInput: outer(inputs), error };
}
