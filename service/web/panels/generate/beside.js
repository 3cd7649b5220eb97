/** A second generator beside the first: it goes on from the same prompt by the same settings and seed. */

import { isAbort, postStream } from "../../api.js";
import { byId, h } from "../../dom.js";
import { fillMenu, idOf } from "../../models.js";
import { inWords } from "../../notice.js";
import { Alternatives } from "./alternatives.js";
import { Output } from "./output.js";

const NOBODY = "none";

/** The menu "Beside" and the sheet that its model writes on. */
export class Beside {
  #menu = byId("generator-beside");
  #output = new Output(byId("output-beside"), () => {});
  #alternatives = new Alternatives(this.#output, byId("output-beside"), { slot: byId("instead"), said: byId("generate-said") });
  #models = [];

  /** `onChange()` is called when another is chosen. */
  constructor(onChange) {
    this.#menu.addEventListener("change", onChange);
  }

  /** Offer those of `models` that take the prompts of `first`. */
  offer(models, first) {
    const before = this.#menu.value;
    this.#models = models.filter((model) => first && String(model.prompts) === String(first.prompts));
    fillMenu(this.#menu, this.#models);
    this.#menu.prepend(h("option", { value: NOBODY }, "nobody"));
    this.#menu.value = this.#models.some(({ id }) => id === before) ? before : NOBODY;
    byId("generator-beside-field").hidden = this.#models.length < 2;
  }

  /** The model chosen, or null. */
  get model() {
    return this.#models.find(({ id }) => id === this.#menu.value) ?? null;
  }

  /** Choose the model that an address names; nobody where it names none. */
  set wanted(id) {
    this.#menu.value = this.#models.find((model) => idOf(model) === id || model.id === id)?.id ?? NOBODY;
  }

  /** Write as `body` says, until `signal`; what goes wrong stands in the place of the text. */
  async write(path, body, { prompt, heading, signal }) {
    const { model } = this;
    byId("output-beside-part").hidden = byId("output-name").hidden = !model;
    if (!model) return;
    byId("output-beside-name").textContent = idOf(model);
    this.#output.begin(prompt, heading);
    this.#alternatives.clear("logprobs" in body);
    try {
      for await (const event of postStream(path, { ...body, model: model.id }, { signal })) {
        signal.throwIfAborted();
        for (const { index, text, logprobs } of event.choices) this.#output.append(index, text, logprobs);
      }
    } catch (error) {
      if (!isAbort(error)) this.#output.append(0, `[${inWords(error.message)}]`);
    } finally {
      if (this.model === model) this.#output.end();
    }
  }
}
