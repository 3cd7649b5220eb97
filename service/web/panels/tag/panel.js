/** The panel that tags: asks as one types, and shows each word with its label under it. */

import { hasKey, post } from "../../api.js";
import { About } from "../../about.js";
import { View } from "../../address.js";
import { Asking } from "../../asking.js";
import { BesideMenu } from "../../beside.js";
import { curlCommand } from "../../curl.js";
import { announce, byId, count, h, percent } from "../../dom.js";
import { whyTooLong } from "../../limits.js";
import { chooseModel, fillMenu, idOf } from "../../models.js";
import { hueOf, isUniversal, meaningOf } from "./labels.js";

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

function told({ text, label, score, other }) {
  const meaning = meaningOf(label);
  const differs = other !== undefined && other !== label ? `; the other says ${other ?? "nothing"}` : "";
  return `“${text}”: ${label}${meaning ? `, ${meaning}` : ""}, ${percent(score)}${differs}`;
}

/** The words of one model with the labels of another: `other`, null where it cut the text otherwise. */
function together(tokens, others) {
  const labels = new Map(others.map(({ start, end, label }) => [`${start}-${end}`, label]));
  return tokens.map((token) => ({ ...token, other: labels.get(`${token.start}-${token.end}`) ?? null }));
}

/** The panel "Tag". */
export class Panel {
  #menu = byId("tagger");
  #text = byId("tag-text");
  #asking = new Asking(byId("tag-notice"), { onFail: () => this.#show([], []) });
  #models = [];
  #given = EXAMPLES[0][1]; // the last text that this page put there, not a person
  #about = new About(byId("tag-about"), ({ example }) => this.#fit(example));
  #beside = new BesideMenu(byId("tagger-beside"), () => this.#ask());
  #view = new View("tag", {
    fields: () => ({ model: this.#model && idOf(this.#model), text: this.#text.value, beside: this.#beside.wanted }),
    restore: (params) => {
      chooseModel(this.#menu, this.#models, params.get("model"));
      this.#beside.wanted = params.get("beside");
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
    this.#offerExamples(EXAMPLES);
  }

  /** Offer these taggers. */
  setModels(models) {
    this.#models = models;
    fillMenu(this.#menu, models);
    this.#beside.setModels(models);
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

  #offerExamples(examples) {
    byId("tag-examples").replaceChildren(
      ...examples.map(([name, text]) => h("button", { type: "button", click: () => this.#take(text) }, name)),
    );
  }

  /** Offer texts of the chosen model's kind: ours for parts of speech, else its card's own. */
  #fit(example) {
    const isOurs = this.#text.value === this.#given;
    if (isUniversal(this.#model.classes)) return this.#offerExamples(EXAMPLES);
    this.#offerExamples(example ? [["From its card", example]] : []);
    if (isOurs && example && this.#text.value !== example) this.#view.byItself(() => this.#take(example));
  }

  #take(text) {
    this.#text.value = text;
    this.#given = text;
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
    const second = this.#beside.model;
    const [{ model, version, data }, other] = await Promise.all([
      post(PATH, body, { signal }),
      second && post(PATH, { ...body, model: second.id }, { signal }),
    ]);
    const tokens = other ? together(data[0].tokens, other.data[0].tokens) : data[0].tokens;
    const numSame = tokens.filter((token) => token.other === token.label).length;
    this.#shown = body;
    this.#show(tokens, [
      ["Read", `${count(tokens.length)} ${tokens.length === 1 ? "word" : "words"}`],
      ["Model", `${model}, version ${version}`],
      ...(other ? [["Beside", `${other.model}, version ${other.version}`], ["Same label", `${count(numSame)} of ${count(tokens.length)}`]] : []),
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
      token.other && token.other !== token.label ? coloured(h("span", { class: "tag differs" }, token.other), token.other) : null,
    );
    return word;
  }

  #row(token) {
    const cells = [token.text, token.label, meaningOf(token.label)].map((text) => h("td", {}, text));
    return h("tr", {}, ...cells, h("td", { class: "number" }, percent(token.score)));
  }
}
