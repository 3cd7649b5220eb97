/** The menu of a second model that answers the same beside the first. */

import { h } from "./dom.js";
import { fillMenu, idOf } from "./models.js";

const NOBODY = "none";

/** A menu of models and "nobody", in a field that is hidden where there is no second one. */
export class BesideMenu {
  #menu;
  #models = [];

  /** `onChange()` is called when another is chosen. */
  constructor(menu, onChange) {
    this.#menu = menu;
    menu.addEventListener("change", onChange);
  }

  /** Offer these models, keeping the present choice where it is still there. */
  setModels(models) {
    this.#models = models;
    const before = this.#menu.value;
    fillMenu(this.#menu, models);
    if (models.length) this.#menu.prepend(h("option", { value: NOBODY }, "nobody"));
    this.#menu.value = models.some(({ id }) => id === before) ? before : NOBODY;
    this.#menu.parentElement.hidden = models.length < 2;
  }

  /** The model chosen, or null. */
  get model() {
    return this.#models.find(({ id }) => id === this.#menu.value) ?? null;
  }

  /** Its own name for an address, or null. */
  get wanted() {
    return this.model && idOf(this.model);
  }

  /** Choose the model that an address names; nobody where it names none. */
  set wanted(id) {
    this.#menu.value = this.#models.find((model) => idOf(model) === id || model.id === id)?.id ?? NOBODY;
  }
}
