/** A second generator beside the first: it goes on from the same prompt by the same settings and seed. */

import { isAbort, postStream } from "../../api.js";
import { BesideMenu } from "../../beside.js";
import { byId } from "../../dom.js";
import { idOf } from "../../models.js";
import { inWords } from "../../notice.js";
import { Alternatives } from "./alternatives.js";
import { Output } from "./output.js";

/** The menu "Beside" and the sheet that its model writes on. */
export class Beside {
  menu;
  #output = new Output(byId("output-beside"), () => {});
  #alternatives = new Alternatives(this.#output, byId("output-beside"), { slot: byId("instead"), said: byId("generate-said") });

  /** `onChange()` is called when another is chosen. */
  constructor(onChange) {
    this.menu = new BesideMenu(byId("generator-beside"), onChange);
  }

  /** Offer those of `models` that take the prompts of `first`. */
  offer(models, first) {
    this.menu.setModels(models.filter((model) => first && String(model.prompts) === String(first.prompts)));
  }

  /** Write as `body` says, until `signal`; what goes wrong stands in the place of the text. */
  async write(path, body, { prompt, heading, signal }) {
    const { model } = this.menu;
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
      if (this.menu.model === model) this.#output.end();
    }
  }
}
