/** One network beside the text: its heat map, the square pointed at, lines, half-lives, what it expects. */

import { bar } from "../../bars.js";
import { byId, h, percent } from "../../dom.js";
import { equation, NAMES, number } from "./equations.js";
import { HeatMap } from "./heat.js";
import { bins, median, tokens } from "./lives.js";
import { isGate, Reading } from "./reading.js";
import { nameOf, shown, Strip } from "./strip.js";

const NUM_LINES = 8;
const LEAST_SCALE = 0.1; // so that next to nothing looks like it

function wayOf({ layer, direction }, numLayers) {
  const name = `${layer + 1} of ${numLayers}`;
  return direction === "backward" ? `${name}, backward` : name;
}

/** Bounds of a quantity: gates lie between 0 and 1, other numbers about 0. */
function scaleOf(name, values) {
  if (isGate(name)) return { low: 0, high: 1 };
  let most = name === "cell" ? 0 : 1;
  if (name === "cell") for (const value of values) most = Math.max(most, Math.abs(value));
  return { low: -(most || 1), high: most || 1 };
}

/** A network reading; `onLayer(layer)` is told when another layer is wanted. */
export class Side {
  element = byId("inside-side").content.firstElementChild.cloneNode(true);
  #heat;
  #strip;
  #reading = null;
  #gates = null;
  #at = { token: 0, unit: 0 };
  #told = null; // the layer that is shown

  constructor(onLayer) {
    this.#heat = new HeatMap(this.#find("heat"), (at) => this.#point(at));
    this.#strip = new Strip(this.#find("plot"), this.#find("tokens"), (token) => this.#point({ ...this.#at, token }));
    this.#find("quantity").addEventListener("change", () => this.#showQuantity());
    this.#find("sort").addEventListener("change", () => this.#showQuantity());
    this.#find("layer").addEventListener("change", () => this.#changeLayer(onLayer));
    this.#find("details").addEventListener("toggle", () => this.#fillTable());
    this.element.addEventListener("click", (event) => {
      const button = event.target.closest("[data-zoom]");
      if (button) this.#heat.zoom(Number(button.dataset.zoom));
    });
  }

  get notice() {
    return this.#find("notice");
  }

  /** Whether an answer is being waited for. */
  set isBusy(value) {
    this.element.setAttribute("aria-busy", String(value));
  }

  /** Name the network, before it has answered. */
  set name(text) {
    this.#find("name").textContent = text;
    this.element.setAttribute("aria-label", text);
  }

  /** Show nothing but the name. */
  clear() {
    this.#find("body").hidden = true;
    this.#find("answer").textContent = "";
  }

  /** Show what a network did: `gates` as the service tells it, `answer` in words. */
  show(gates, answer) {
    const before = this.#gates;
    this.#gates = gates;
    this.#find("answer").textContent = answer;
    this.#find("body").hidden = false;
    const isSame = before?.tokens.length === gates.tokens.length && before.hidden_size === gates.hidden_size;
    if (!isSame) this.#at = { token: gates.tokens.length - 1, unit: null };
    this.#fillLayers();
    const direction = this.#find("layer").value.split(":")[1];
    this.#showLayer(gates.layers.find((layer) => layer.direction === direction) ?? gates.layers[0]);
  }

  #find(name) {
    return this.element.querySelector(`.inside-${name}`);
  }

  #fillLayers() {
    const menu = this.#find("layer");
    const { num_layers: numLayers, layers } = this.#gates;
    const all = Array.from({ length: numLayers }, (_, layer) => layers.map(({ direction }) => ({ layer, direction }))).flat();
    const wanted = menu.value;
    menu.replaceChildren(...all.map((one) => h("option", { value: `${one.layer}:${one.direction}` }, wayOf(one, numLayers))));
    const here = layers.map(({ layer, direction }) => `${layer}:${direction}`);
    menu.value = here.includes(wanted) ? wanted : here[0];
  }

  #changeLayer(onLayer) {
    const [layer, direction] = this.#find("layer").value.split(":");
    const told = this.#gates.layers.find((one) => one.layer === Number(layer) && one.direction === direction);
    if (told) this.#showLayer(told);
    else onLayer(Number(layer));
  }

  #showLayer(layer) {
    this.#told = layer;
    this.#reading = new Reading(this.#gates, layer);
    this.#fillQuantities();
    this.#strip.write(this.#reading.tokens);
    this.#showLines();
    this.#showQuantity();
  }

  #fillQuantities() {
    const menu = this.#find("quantity");
    const { quantities, keeper, state } = this.#reading;
    const before = menu.value;
    menu.replaceChildren(...quantities.map((name) => h("option", { value: name }, NAMES[name].toLowerCase())));
    menu.value = quantities.includes(before) ? before : (keeper ?? state);
  }

  #showQuantity() {
    const name = this.#find("quantity").value;
    const reading = this.#reading;
    const values = reading.all(name);
    const scale = scaleOf(name, values);
    const order = reading.order(this.#find("sort").value, name);
    if (this.#at.unit === null) this.#at.unit = order[0];
    this.#heat.show({ values, numTokens: reading.tokens.length, numUnits: reading.numUnits, order, ...scale });
    const [low, high] = [scale.low, scale.high].map((end) => (Number.isInteger(end) ? String(end).replace("-", "−") : number(end)));
    this.#find("low").textContent = low;
    this.#find("high").textContent = high;
    this.#find("ramp").classList.toggle("signed", scale.low < 0);
    const about = `${NAMES[name]} of ${reading.numUnits} units at ${reading.tokens.length} tokens, layer ${wayOf(this.#told, this.#gates.num_layers)}`;
    this.#find("heat").setAttribute("aria-label", about);
    this.#find("heat").setAttribute("aria-describedby", "inside-help");
    this.#point(this.#at);
  }

  #showLines() {
    const reading = this.#reading;
    const units = reading.order("influence").slice(0, NUM_LINES);
    const along = (unit) => reading.tokens.map((_, token) => reading.at(reading.state, token, unit));
    const lines = units.map((unit) => ({ unit, values: along(unit) }));
    const ends = lines.flatMap((line) => line.values).map(Math.abs);
    const most = Math.max(...ends, LEAST_SCALE);
    const name = NAMES[reading.state];
    this.#find("way").textContent = `The ${name.toLowerCase()}’s way through the text`;
    this.#strip.show({ lines, low: -most, high: most, summary: `${name} of units ${units.join(", ")} along the text` });
    this.#find("strip").setAttribute("aria-label", `${name} over the text`);
    this.#find("units").replaceChildren(
      ...units.map((unit, i) => {
        const pick = () => this.#point({ ...this.#at, unit });
        const line = h("span", { class: `swatch-line kind-${i}`, "aria-hidden": "true" });
        return h("li", {}, h("button", { type: "button", click: pick, pointerenter: pick }, line, `unit ${unit}`));
      }),
    );
    this.#find("lives").hidden = reading.keeper === null;
  }

  /** Tell of a square, in words, numbers and pictures. */
  #point({ token, unit }) {
    this.#at = { token, unit };
    const reading = this.#reading;
    const name = this.#find("quantity").value;
    if (!reading.tokens.length) {
      this.#find("where").textContent = "Nothing was read.";
      return;
    }
    const { letters, numbers, value } = equation(reading, name, token, unit);
    this.#find("where").textContent = `${NAMES[name]} of unit ${unit} at “${nameOf(reading.tokens[token].text)}”, token ${token + 1} of ${reading.tokens.length}: ${value}`;
    this.#find("value").textContent = value;
    this.#find("equation").replaceChildren(h("span", {}, letters), h("span", {}, `= ${numbers}`));
    this.#heat.point({ token, unit });
    this.#strip.point({ token, unit });
    this.#tellMemory(unit);
    this.#tellExpected(token);
    this.#fillTable();
  }

  #tellMemory(unit) {
    const reading = this.#reading;
    const owed = `The answer owes ${number(reading.influence[unit])} to this unit.`;
    if (reading.keeper === null) {
      this.#find("memory").textContent = owed;
      return;
    }
    const lives = reading.halfLives();
    const gate = NAMES[reading.keeper].toLowerCase();
    this.#find("memory").textContent = `${owed} Its ${gate} lets half of its state go in ${tokens(lives[unit])}.`;
    this.#find("median").textContent = `Half-life by the ${gate}, over this text: half of the units keep half of their state for ${tokens(median(lives))} or more.`;
    this.#find("bins").replaceChildren(...bins(lives, lives[unit]));
  }

  #tellExpected(token) {
    const { text, expects } = this.#reading.tokens[token];
    this.#find("expects").hidden = !expects;
    if (!expects) return;
    this.#find("after").textContent = `After “${nameOf(text)}”, token ${token + 1}:`;
    this.#find("bars").replaceChildren(...expects.map((one) => bar({ name: nameOf(one.text), share: one.prob })));
  }

  #fillTable() {
    const details = this.#find("details");
    if (!details.open || !this.#reading) return;
    const reading = this.#reading;
    const { unit } = this.#at;
    const head = ["Token", ...reading.quantities.map((name) => NAMES[name])];
    details.querySelector("thead").replaceChildren(h("tr", {}, ...head.map((name) => h("th", { scope: "col" }, name))));
    details.querySelector("tbody").replaceChildren(
      ...reading.tokens.map(({ text }, token) =>
        h(
          "tr",
          {},
          h("th", { scope: "row" }, nameOf(text)),
          ...reading.quantities.map((name) => h("td", { class: "number" }, number(reading.at(name, token, unit)))),
        ),
      ),
    );
  }
}

/** What a classifier or a generator came to, in words. */
export function answerOf(result) {
  if (result.label !== undefined) return `${result.label}, ${percent(result.score)} sure`;
  return result.text ? `wrote “${shown(result.text)}”` : "wrote nothing";
}
