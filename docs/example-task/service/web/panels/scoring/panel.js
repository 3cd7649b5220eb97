/** The panel that scores a text as one types. */

import { post } from "../../api.js";
import { Asking } from "../../asking.js";
import { byId } from "../../dom.js";
import { fillMenu } from "../../models.js";

export const verb = "score";
export const tasks = ["text-scoring"];

/** The panel "Score". */
export class Panel {
  #menu = byId("scorer");
  #text = byId("score-text");
  #asking = new Asking(byId("score-notice"));

  constructor() {
    this.#text.addEventListener("input", () => this.#asking.later((signal) => this.#ask(signal)));
    byId("panel-scoring").addEventListener("shown", () => this.#asking.now((signal) => this.#ask(signal)));
  }

  /** Offer these scorers. */
  setModels(models) {
    fillMenu(this.#menu, models);
  }

  async #ask(signal) {
    const ask = { model: this.#menu.value, input: this.#text.value };
    const answer = await post("v1/score", ask, { signal });
    byId("score-shown").textContent = answer.score.toFixed(2);
  }
}
