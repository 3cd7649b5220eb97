/** The panel that translates: a sentence in, its translation out, with a picture of the attention. */

import { hasKey, post } from "../../api.js";
import { About } from "../../about.js";
import { View } from "../../address.js";
import { Asking } from "../../asking.js";
import { BesideMenu } from "../../beside.js";
import { curlCommand } from "../../curl.js";
import { announce, byId, count, h, percent } from "../../dom.js";
import { gate, whyTooLong } from "../../limits.js";
import { chooseModel, fillMenu, idOf } from "../../models.js";
import { toUtf16 } from "../../offsets.js";
import { heatMap, nameOf } from "./heat.js";

export const verb = "translate";
export const tasks = ["translation"];

const PATH = `v1/${verb}`;
const EXAMPLE = "Where is the station?";
const LANGUAGE = "en"; // of the example

/** The panel "Translate". */
export class Panel {
  #menu = byId("translator");
  #asking = new Asking(byId("translate-notice"), { onFail: () => this.#clear() });
  #attention = null; // of the translation that is being shown
  #written = []; // its elements, a token each
  #read = [];
  #wasAsked = false;
  #models = [];
  #given = EXAMPLE; // the last text that this page put there, not a person
  #about = new About(byId("translate-about"), ({ example }) => this.#fit(example));
  #beside = new BesideMenu(byId("translator-beside"), () => this.#translate());
  #view = new View("translate", {
    fields: () => ({
      model: this.#model && idOf(this.#model),
      text: byId("translate-text").value,
      beams: byId("translate-beams").value,
      beside: this.#beside.wanted,
    }),
    restore: (params) => {
      chooseModel(this.#menu, this.#models, params.get("model"));
      this.#beside.wanted = params.get("beside");
      byId("translate-text").value = params.get("text") ?? byId("translate-text").value;
      byId("translate-beams").value = params.get("beams") === "4" ? "4" : "1";
      this.#showCurl();
      this.#translate();
    },
  });

  constructor() {
    byId("translate-text").value = EXAMPLE;
    byId("translate-form").addEventListener("submit", (event) => {
      event.preventDefault();
      if (!byId("translate-run").disabled) this.#translate();
    });
    for (const id of ["translator", "translate-beams", "translate-text"]) {
      byId(id).addEventListener("input", () => this.#showCurl());
    }
    byId("translate-text").addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      byId("translate-form").requestSubmit();
    });
    byId("panel-translate").addEventListener("shown", () => this.#begin());
  }

  /** Offer these translators. */
  setModels(models) {
    this.#models = models;
    fillMenu(this.#menu, models);
    this.#beside.setModels(models);
    this.#showCurl();
    this.#view.begin();
    this.#begin();
  }

  get #model() {
    return this.#models.find((model) => model.id === this.#menu.value) ?? null;
  }

  /** Translate the example, once and only before someone's eyes. */
  #begin() {
    if (this.#wasAsked || this.#menu.disabled || byId("panel-translate").hidden) return;
    this.#translate();
  }

  #body() {
    const num_beams = Number(byId("translate-beams").value);
    return { model: this.#menu.value, input: byId("translate-text").value, attention: true, num_beams };
  }

  /** Begin with the sentence of the card of a model that reads another language than ours. */
  #fit(example) {
    const box = byId("translate-text");
    const fits = (this.#model.facts.source_language ?? LANGUAGE) === LANGUAGE;
    if (!example || fits || box.value !== this.#given) return;
    this.#view.byItself(() => {
      this.#given = example;
      box.value = example;
    });
    this.#translate();
  }

  #whyNot() {
    if (this.#menu.disabled) return "No translator is being served.";
    const { value } = byId("translate-text");
    return value.trim() ? whyTooLong(value) : "Write a sentence first.";
  }

  /** Take away a translation that is not of this sentence. */
  #clear() {
    for (const id of ["translate-written", "translate-read", "translate-facts", "translate-grid"]) byId(id).replaceChildren();
    byId("translate-looks").textContent = "";
    byId("translate-picture").hidden = true;
    this.#showBeside(null);
  }

  #showCurl() {
    this.#about.show(this.#model);
    this.#view.changed();
    gate(byId("translate-run"), byId("translate-why"), this.#whyNot());
    byId("translate-curl").closest("section").hidden = this.#menu.disabled;
    byId("translate-curl").textContent = curlCommand(PATH, this.#body(), { hasKey: hasKey() });
  }

  async #translate() {
    this.#view.changed();
    if (this.#whyNot()) return;
    this.#wasAsked = true;
    byId("translate-result").setAttribute("aria-busy", "true");
    const body = this.#body();
    await this.#asking.now(async (signal) => {
      const began = performance.now();
      const second = this.#beside.model;
      const [[reply, ms], other] = await Promise.all([
        post(PATH, body, { signal }).then((answer) => [answer, performance.now() - began]),
        second && post(PATH, { ...body, model: second.id }, { signal }),
      ]);
      this.#show(body.input, reply, ms);
      this.#showBeside(other);
    });
    byId("translate-result").setAttribute("aria-busy", "false");
  }

  #show(text, { model, version, data: [answer] }, ms) {
    const { source, target, weights } = answer.attention;
    this.#attention = answer.attention;
    this.#written = this.#spread(byId("translate-written"), answer.text, target, (i) => this.#point(i, null));
    this.#read = this.#spread(byId("translate-read"), text, source, null);
    byId("translate-picture").hidden = false;
    byId("translate-grid").replaceChildren(
      heatMap({ source, target, weights }, { onPoint: (i, j) => this.#point(i, j), helpId: "translate-grid-help" }),
    );
    const facts = [
      ["Read", `${count(source.length)} tokens`],
      ["Written", `${count(target.length)} tokens`],
      ["Model", `${model}, version ${version}`],
      ["Answered in", `${ms.toFixed(0)} ms`],
    ];
    byId("translate-facts").replaceChildren(...facts.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
    byId("translate-looks").textContent = "Point at a written word, or at a square.";
    announce(byId("translate-said"), `Translation: ${answer.text}`);
  }

  #showBeside(reply) {
    byId("translate-beside").hidden = !reply;
    if (!reply) return;
    byId("translate-beside-name").textContent = `What ${reply.model}, version ${reply.version}, writes`;
    byId("translate-beside-written").textContent = reply.data[0].text;
  }

  /** Fill `box` with `text`, each of the `tokens` an element; return these. */
  #spread(box, text, tokens, onPoint) {
    const elements = [];
    const parts = [];
    let at = 0;
    toUtf16(text, tokens).forEach(({ start, end }, i) => {
      if (start > at) parts.push(text.slice(at, start));
      const element = h("span", { class: "token", pointermove: onPoint && (() => onPoint(i)) }, text.slice(start, end));
      elements.push(element);
      parts.push(element);
      at = Math.max(at, end);
    });
    box.replaceChildren(...parts, text.slice(at));
    return elements;
  }

  /** Mark what was attended to for written token `i`; of column `j`, if given, tell the share. */
  #point(i, j) {
    const { source, target, weights } = this.#attention;
    this.#written.forEach((element, k) => element.classList.toggle("here", k === i));
    this.#read.forEach((element, k) => {
      element.style.setProperty("--weight", weights[i][k].toFixed(4));
      element.classList.toggle("here", k === j);
    });
    const told = j ?? weights[i].indexOf(Math.max(...weights[i]));
    byId("translate-looks").textContent =
      `“${nameOf(target[i])}” looks at “${nameOf(source[told])}” with ${percent(weights[i][told])}` + (j === null ? ", most of all." : ".");
  }
}
