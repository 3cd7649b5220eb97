/** The panel that tags: asks as one types, and shows each word with its label under it. */

import { hasKey, post } from "../../api.js";
import { About } from "../../about.js";
import { View } from "../../address.js";
import { Asking } from "../../asking.js";
import { curlCommand } from "../../curl.js";
import { announce, byId, count, h, percent } from "../../dom.js";
import { whyTooLong } from "../../limits.js";
import { chooseModel, fillMenu, idOf } from "../../models.js";
import { hueOf, meaningOf } from "./labels.js";

export const verb = "tag";
export const tasks = ["token-classification"];

const PATH = `v1/${verb}`;
const EXAMPLES = [
  ["Letters", "She reads Dr. Watson’s letters in Paris, and he will not answer."],
  ["Twice", "I can open the can, but the fish can not fish."],
  ["Flies", "Time flies like an arrow; fruit flies like a banana."],
];

function coloured(element, label) {
  element.style.setProperty("--hue", hueOf(label).toFixed(1));
  return element;
}

function told({ text, label, score }) {
  const meaning = meaningOf(label);
  return `“${text}”: ${label}${meaning ? `, ${meaning}` : ""}, ${percent(score)}`;
}

/** The panel "Tag". */
export class Panel {
  #menu = byId("tagger");
  #text = byId("tag-text");
  #asking = new Asking(byId("tag-notice"), { onFail: () => this.#show([], []) });
  #models = [];
  #about = new About(byId("tag-about"));
  #view = new View("tag", {
    fields: () => ({ model: this.#model && idOf(this.#model), text: this.#text.value }),
    restore: (params) => {
      chooseModel(this.#menu, this.#models, params.get("model"));
      this.#text.value = params.get("text") ?? this.#text.value;
      this.#ask();
    },
  });
  #shown = null; // what the shown answer is to: model and text

  constructor() {
    this.#text.value = EXAMPLES[0][1];
    this.#menu.addEventListener("change", () => this.#ask());
    this.#text.addEventListener("input", () => {
      this.#showCurl();
      this.#asking.later((signal) => this.#question(signal));
    });
    byId("panel-tag").addEventListener("shown", () => this.#begin());
    byId("tag-examples").append(
      ...EXAMPLES.map(([name, text]) => h("button", { type: "button", click: () => this.#take(text) }, name)),
    );
  }

  /** Offer these taggers. */
  setModels(models) {
    this.#models = models;
    fillMenu(this.#menu, models);
    this.#view.begin();
    this.#begin();
  }

  get #model() {
    return this.#models.find((model) => model.id === this.#menu.value) ?? null;
  }

  /** Tag what the box holds, but only before someone's eyes. */
  #begin() {
    this.#showCurl();
    if (this.#shown === null && !this.#menu.disabled && !byId("panel-tag").hidden) this.#ask();
  }

  #take(text) {
    this.#text.value = text;
    this.#ask();
  }

  #body() {
    return { model: this.#menu.value, input: this.#text.value };
  }

  #showCurl() {
    this.#about.show(this.#model);
    this.#view.changed();
    byId("tag-curl").closest("section").hidden = this.#menu.disabled;
    byId("tag-curl").textContent = curlCommand(PATH, this.#body(), { hasKey: hasKey() });
  }

  #ask() {
    this.#showCurl();
    return this.#asking.now((signal) => this.#question(signal));
  }

  async #question(signal) {
    const body = this.#body();
    const why = body.input.trim() ? whyTooLong(body.input) : "Waiting for a text.";
    if (why) {
      this.#show([], []);
      byId("tag-readout").textContent = why;
      return;
    }
    const began = performance.now();
    const { model, version, data } = await post(PATH, body, { signal });
    const { tokens } = data[0];
    this.#shown = body;
    this.#show(tokens, [
      ["Read", `${count(tokens.length)} ${tokens.length === 1 ? "word" : "words"}`],
      ["Model", `${model}, version ${version}`],
      ["Answered in", `${(performance.now() - began).toFixed(0)} ms`],
    ]);
  }

  #show(tokens, facts) {
    byId("tagged").replaceChildren(...tokens.map((token) => this.#word(token)));
    byId("tag-readout").textContent = tokens.length ? "Point at a word to see how sure the answer is." : "";
    byId("tag-rows").replaceChildren(...tokens.map((token) => this.#row(token)));
    const labels = [...new Set(tokens.map(({ label }) => label))].sort();
    byId("tag-legend").replaceChildren(
      ...labels.map((label) => h("li", {}, coloured(h("span", { class: "tag" }, label), label), h("span", {}, meaningOf(label)))),
    );
    byId("tag-facts").replaceChildren(...facts.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
    announce(byId("tag-said"), tokens.length ? `${count(tokens.length)} words, ${count(labels.length)} kinds of them.` : "");
  }

  #word(token) {
    const word = h(
      "li",
      {
        title: told(token),
        pointerenter: () => {
          byId("tag-readout").textContent = told(token);
        },
      },
      h("span", { class: "word" }, token.text),
      coloured(h("span", { class: "tag" }, token.label), token.label),
    );
    return word;
  }

  #row(token) {
    const cells = [token.text, token.label, meaningOf(token.label)].map((text) => h("td", {}, text));
    return h("tr", {}, ...cells, h("td", { class: "number" }, percent(token.score)));
  }
}
