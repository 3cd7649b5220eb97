/** The panel "Inside": has one or two networks read a text, and shows what goes on in them. */

import { hasKey, post } from "../../api.js";
import { Asking } from "../../asking.js";
import { curlCommand } from "../../curl.js";
import { announce, byId, h } from "../../dom.js";
import { fillMenu } from "../../models.js";
import { answerOf, Side } from "./side.js";

export const verb = null; // it asks two of them
export const tasks = ["text-classification", "text-generation"];

const PATHS = { "text-classification": "v1/classify", "text-generation": "v1/generate" };
const EVERYTHING = { units: "all", encoding_format: "base64" };
const SEED = 1; // so that what is written stays the same while one looks

/** Whether two models can be given the same text. */
function takesTheSame(one, other) {
  return one.task === other.task && String(one.prompts) === String(other.prompts);
}

/** A network that is asked, and the side of the page that shows it. */
class Network {
  #asking;
  #layers = new Map(); // by model, the layer that is wanted
  #question = null;

  constructor(bodyOf) {
    this.bodyOf = bodyOf;
    this.side = new Side((layer) => {
      this.#layers.set(this.model.id, layer);
      this.ask();
    });
    this.#asking = new Asking(this.side.notice);
    this.model = null;
  }

  /** Ask once nothing has changed for a moment. */
  later() {
    this.side.isBusy = true;
    this.#asking.later((signal) => this.#read(signal));
  }

  /** Ask about the text as it is. */
  ask() {
    this.side.isBusy = true;
    return this.#asking.now((signal) => this.#read(signal), { calm: true });
  }

  /** Forget what was asked. */
  stop() {
    this.#asking.stop();
  }

  /** What is sent for the layer that is wanted. */
  get body() {
    const layer = this.#layers.get(this.model.id);
    return { ...this.bodyOf(this.model), explain: "gates", ...(layer === undefined ? {} : { layers: [layer] }), ...EVERYTHING };
  }

  async #read(signal) {
    const { model } = this;
    this.side.name = `${model.name}:${model.version}`;
    try {
      if (!this.#layers.has(model.id)) await this.#countLayers(model, signal);
      const reply = await post(PATHS[model.task], this.body, { signal });
      const [result] = reply.data ?? reply.choices;
      this.side.name = `${reply.model}:${reply.version}`;
      this.side.show(result.gates, answerOf(result));
      this.side.isBusy = false;
    } catch (error) {
      if (!signal.aborted) {
        this.side.clear();
        this.side.isBusy = false;
      }
      throw error;
    }
  }

  /** Look at the layer that the output reads, which one has to know the number of. */
  async #countLayers(model, signal) {
    const body = { ...this.bodyOf(model), explain: "gates", layers: [0] };
    const reply = await post(PATHS[model.task], body, { signal });
    const [{ gates }] = reply.data ?? reply.choices;
    this.#layers.set(model.id, gates.num_layers - 1);
  }
}

/** The panel "Inside". */
export class Panel {
  #menu = byId("inside-model");
  #other = byId("inside-other");
  #models = [];
  #first = new Network((model) => this.#bodyOf(model));
  #second = new Network((model) => this.#bodyOf(model));
  #wasAsked = false;

  constructor() {
    byId("inside-sides").append(this.#first.side.element, this.#second.side.element);
    this.#second.side.element.hidden = true;
    this.#menu.addEventListener("change", () => this.#changeModel());
    this.#other.addEventListener("change", () => this.#ask());
    byId("inside-prompts").addEventListener("change", () => this.#ask());
    for (const id of ["inside-text", "inside-max-tokens"]) byId(id).addEventListener("input", () => this.#later());
    byId("inside-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#ask();
    });
    byId("panel-inside").addEventListener("shown", () => this.#begin());
  }

  /** Offer these models. */
  setModels(models) {
    this.#models = [...models].sort((a, b) => tasks.indexOf(a.task) - tasks.indexOf(b.task)); // readers first
    fillMenu(this.#menu, this.#models);
    this.#wasAsked = false;
    this.#offer();
    this.#begin();
  }

  /** Have the example read, once and only before someone's eyes. */
  #begin() {
    if (this.#wasAsked || this.#menu.disabled || byId("panel-inside").hidden) return;
    this.#ask();
  }

  #changeModel() {
    this.#offer();
    this.#ask();
  }

  /** Offer what goes with the model: others beside it, and its way of being asked. */
  #offer() {
    const model = this.#find(this.#menu);
    if (!model) return;
    const before = this.#other.value;
    const others = this.#models.filter((one) => one !== model && takesTheSame(one, model));
    const names = others.map(({ id, name, version }) => h("option", { value: id }, `${name}:${version}`));
    this.#other.replaceChildren(h("option", { value: "" }, "nothing"), ...names);
    this.#other.value = others.some(({ id }) => id === before) ? before : "";
    this.#other.disabled = others.length === 0;
    byId("inside-written").hidden = model.task !== "text-generation";
    const hasPrompts = model.prompts.length > 0;
    byId("inside-text").hidden = hasPrompts;
    byId("inside-prompts").hidden = !hasPrompts;
    byId("inside-prompts").replaceChildren(...model.prompts.map((prompt) => h("option", {}, prompt)));
    byId("inside-text-label").htmlFor = hasPrompts ? "inside-prompts" : "inside-text";
    byId("inside-text-label").textContent = model.task === "text-generation" ? "Text to go on from" : "Text to read";
  }

  #find(menu) {
    return this.#models.find(({ id }) => id === menu.value) ?? null;
  }

  #bodyOf({ id, task, prompts }) {
    const text = byId("inside-text").value;
    if (task === "text-classification") return { model: id, input: text };
    const prompt = prompts.length ? byId("inside-prompts").value : text;
    return { model: id, prompt, max_tokens: Number(byId("inside-max-tokens").value), seed: SEED };
  }

  get #networks() {
    this.#first.model = this.#find(this.#menu);
    this.#second.model = this.#find(this.#other);
    const hasSecond = this.#second.model !== null;
    if (!hasSecond) this.#second.stop();
    this.#second.side.element.hidden = !hasSecond;
    byId("inside-sides").classList.toggle("two", hasSecond);
    return [this.#first, this.#second].filter(({ model }) => model !== null);
  }

  #later() {
    for (const network of this.#networks) network.later();
    this.#showCurl();
  }

  async #ask() {
    this.#wasAsked = true;
    const networks = this.#networks;
    const answered = await Promise.all(networks.map((network) => network.ask()));
    this.#showCurl();
    if (answered.every(Boolean)) {
      const names = networks.map(({ side }) => side.element.getAttribute("aria-label"));
      announce(byId("inside-said"), `Read by ${names.join(" and ")}.`);
    }
  }

  #showCurl() {
    const { model, body } = this.#first;
    byId("inside-curl").closest("section").hidden = false;
    byId("inside-curl").textContent = curlCommand(PATHS[model.task], body, { hasKey: hasKey() });
  }
}
