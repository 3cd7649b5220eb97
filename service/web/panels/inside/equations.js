/** The equations of the cells with their numbers, as text. */

const SYMBOLS = { input: "i", forget: "f", output: "o", reset: "r", update: "z", candidate: "g", cell: "c", hidden: "h" };

/** What people call each quantity. */
export const NAMES = {
  input: "Input gate",
  forget: "Forget gate",
  output: "Output gate",
  reset: "Reset gate",
  update: "Update gate",
  candidate: "Candidate",
  cell: "Cell state",
  hidden: "Hidden state",
};

/** A number of three decimals, with a minus sign that is one. */
export function number(value) {
  const text = value.toFixed(3);
  return text.startsWith("-") && Number(text) !== 0 ? `−${text.slice(1)}` : text.replace("-", "");
}

function factor(value) {
  return value < 0 ? `(${number(value)})` : number(value);
}

function plus(value) {
  return value < 0 ? `− ${number(-value)}` : `+ ${number(value)}`;
}

function symbolOf({ cell }, name) {
  return cell === "gru" && name === "candidate" ? "n" : SYMBOLS[name];
}

/** [in letters, in numbers] of the right side, for the quantities that are no plain gates. */
function sides(reading, name, token, unit) {
  const at = (other) => reading.at(other, token, unit);
  const x = () => reading.at(name, token, unit, "from_input");
  const s = () => reading.at(name, token, unit, "from_hidden");
  const old = () => reading.before(reading.state, token, unit);
  if (name === "cell") {
    return ["f · c′ + i · g", `${number(at("forget"))} · ${factor(old())} + ${number(at("input"))} · ${factor(at("candidate"))}`];
  }
  if (name === "hidden" && reading.cell === "lstm") {
    return ["o · tanh(c)", `${number(at("output"))} · tanh(${number(at("cell"))})`];
  }
  if (name === "hidden" && reading.cell === "gru") {
    const kept = at("update");
    return ["(1 − z) · n + z · h′", `${number(1 - kept)} · ${factor(at("candidate"))} + ${number(kept)} · ${factor(old())}`];
  }
  if (name === "candidate" && reading.cell === "gru") {
    return ["tanh(x + r · s)", `tanh(${number(x())} + ${number(at("reset"))} · ${factor(s())})`];
  }
  const bend = name === "candidate" || name === "hidden" ? "tanh" : "σ";
  return [`${bend}(x + s)`, `${bend}(${number(x())} ${plus(s())})`];
}

/**
 * The equation of one number: `letters`, `numbers` and the `value` that they come to.
 *
 * x is what the input adds to a sum, s what the state before adds; c′ and h′ are the state before.
 */
export function equation(reading, name, token, unit) {
  const [letters, numbers] = sides(reading, name, token, unit);
  const value = number(reading.at(name, token, unit));
  return { letters: `${symbolOf(reading, name)} = ${letters}`, numbers: `${numbers} = ${value}`, value };
}
