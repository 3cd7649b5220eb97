/** The panel that reads drawings: a pad in, the probabilities of each class and a caption out. */

import { hasKey, post } from "../../api.js";
import { About } from "../../about.js";
import { View } from "../../address.js";
import { Asking } from "../../asking.js";
import { bar } from "../../bars.js";
import { curlCommand } from "../../curl.js";
import { announce, byId, h, percent } from "../../dom.js";
import { chooseModel, fillMenu, idOf } from "../../models.js";
import { SIZE } from "./bitmap.js";
import { EXAMPLES } from "./examples.js";
import { Pad } from "./pad.js";

export const verb = "classify";
export const tasks = ["vector-classification", "image-captioning"];

const CLASSIFY = `v1/${verb}`;
const CAPTION = "v1/generate";
const FIRST = 3; // of the examples

/** Whether a model takes drawings of the pad's size. */
export function takes({ input_shape: shape }) {
  return shape.length === 1 && shape[0] === SIZE * SIZE;
}

/** The panel "Digits". */
export class Panel {
  #classifiers = [];
  #captioners = [];
  #asking = new Asking(byId("digits-notice"), { onFail: () => this.#showNothing("") });
  #pad = new Pad(byId("digits-pad"), byId("digits-cell"), () => this.#changed());
  #wasAsked = false;
  #abouts = [new About(byId("digits-about")), new About(byId("digits-caption-about"))];
  #view = new View("digits", {
    fields: () => ({
      model: this.#classifier && idOf(this.#classifier),
      captioner: this.#captioner && idOf(this.#captioner),
      ink: this.#pad.code,
    }),
    restore: (params) => {
      chooseModel(byId("digits-classifier"), this.#classifiers, params.get("model"));
      chooseModel(byId("digits-captioner"), this.#captioners, params.get("captioner"));
      this.#pad.code = params.get("ink") ?? "";
    },
  });

  constructor() {
    this.#pad.take(EXAMPLES[FIRST][1]);
    for (const id of ["digits-classifier", "digits-captioner"]) byId(id).addEventListener("change", () => this.#ask());
    byId("digits-clear").addEventListener("click", () => this.#pad.clear());
    byId("digits-examples").append(
      ...EXAMPLES.map(([name, strokes]) =>
        h("button", { type: "button", "aria-label": `Example ${name}`, click: () => this.#pad.take(strokes) }, name),
      ),
    );
    byId("panel-digits").addEventListener("shown", () => this.#begin());
  }

  /** Offer these classifiers and captioners. */
  setModels(models) {
    this.#classifiers = models.filter(({ task }) => task === tasks[0]);
    this.#captioners = models.filter(({ task }) => task === tasks[1]);
    fillMenu(byId("digits-classifier"), this.#classifiers);
    fillMenu(byId("digits-captioner"), this.#captioners);
    for (const id of ["digits-classifier-field", "digits-classified"]) byId(id).hidden = !this.#classifiers.length;
    for (const id of ["digits-captioner-field", "digits-captioned"]) byId(id).hidden = !this.#captioners.length;
    this.#view.begin();
    this.#begin();
  }

  get #classifier() {
    return this.#classifiers.find(({ id }) => id === byId("digits-classifier").value) ?? null;
  }

  get #captioner() {
    return this.#captioners.find(({ id }) => id === byId("digits-captioner").value) ?? null;
  }

  /** Read the first drawing, but only before someone's eyes. */
  #begin() {
    this.#showCurl();
    if (!this.#wasAsked && this.#classifiers.length + this.#captioners.length && !byId("panel-digits").hidden) this.#ask();
  }

  #changed() {
    if (!this.#classifiers.length && !this.#captioners.length) return; // none to ask yet
    this.#showCurl();
    byId("digits-verdict").setAttribute("aria-busy", "true");
    this.#asking.later((signal) => this.#question(signal));
  }

  #showCurl() {
    this.#abouts[0].show(this.#classifier);
    this.#abouts[1].show(this.#captioner);
    this.#view.changed();
    const counts = this.#pad.counts;
    const [path, model, input] = this.#classifiers.length
      ? [CLASSIFY, byId("digits-classifier").value, [counts]]
      : [CAPTION, byId("digits-captioner").value, counts];
    byId("digits-curl-section").hidden = !this.#classifiers.length && !this.#captioners.length;
    byId("digits-curl").textContent = curlCommand(path, { model, input }, { hasKey: hasKey() });
  }

  #ask() {
    this.#wasAsked = true;
    this.#showCurl();
    return this.#asking.now((signal) => this.#question(signal));
  }

  /** Ask both models at the same time. */
  async #question(signal) {
    const counts = this.#pad.counts;
    if (counts.every((count) => count === 0)) return this.#showNothing("Nothing is drawn.");
    const began = performance.now();
    const [classified, captioned] = await Promise.all([
      this.#classifiers.length ? post(CLASSIFY, { model: byId("digits-classifier").value, input: [counts] }, { signal }) : null,
      this.#captioners.length ? post(CAPTION, { model: byId("digits-captioner").value, input: counts }, { signal }) : null,
    ]);
    if (classified) this.#showClass(classified.data[0]);
    byId("digits-caption").textContent = captioned?.choices[0].text ?? "…";
    this.#showFacts([classified, captioned], performance.now() - began);
    byId("digits-verdict").setAttribute("aria-busy", "false");
    const said = [classified?.data[0].label, captioned?.choices[0].text].filter(Boolean).join(", ");
    return announce(byId("digits-said"), `Taken for ${said}.`);
  }

  #showNothing(why) {
    for (const id of ["digits-label", "digits-caption"]) byId(id).textContent = "…";
    byId("digits-score").textContent = why;
    byId("digits-bars").replaceChildren();
    byId("digits-facts").replaceChildren();
    byId("digits-verdict").setAttribute("aria-busy", "false");
  }

  #showClass({ label, score, probs }) {
    const model = this.#classifier;
    byId("digits-label").textContent = label;
    byId("digits-score").textContent = `${percent(score)} sure`;
    byId("digits-bars").replaceChildren(
      ...model.classes.map((name, i) => bar({ name, share: probs[i], kind: name === label ? "best" : null })),
    );
  }

  #showFacts(replies, ms) {
    const names = ["Classifier", "Captioner"];
    const facts = replies
      .map((reply, i) => reply && [names[i], `${reply.model}, version ${reply.version}`])
      .filter(Boolean);
    facts.push(["Answered in", `${ms.toFixed(0)} ms`]);
    byId("digits-facts").replaceChildren(...facts.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
  }
}
