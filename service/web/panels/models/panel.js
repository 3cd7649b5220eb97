/** The panel about the models themselves: each version's card, and all of a model's side by side. */

import { get, getDataUrl, hasKey, isAbort } from "../../api.js";
import { View } from "../../address.js";
import { Asking } from "../../asking.js";
import { curlGet } from "../../curl.js";
import { announce, byId, count, figure, h } from "../../dom.js";
import { plainTable, renderMarkdown } from "../../markdown.js";
import { confusionTable, isConfusion } from "./matrix.js";
import { day, figuresOf, mainFigure, showVersions, verdictOf } from "./versions.js";

export const verb = null; // it asks no model
export const tasks = null; // and is for all of them

function pathOf(name, version, rest) {
  const id = version === null ? name : `${name}:${version}`;
  return `v1/models/${encodeURIComponent(id)}/${rest}`;
}

/** The panel "Models". */
export class Panel {
  #menu = byId("card-model");
  #metric = byId("card-metric");
  #asking = new Asking(byId("card-notice"), { onFail: () => this.#clear() });
  #card = null; // what is shown
  #isAsking = false;
  #numTables = 0;
  #view = new View("models", {
    fields: () => ({ model: this.#card && `${this.#card.name}:${this.#card.version}` }),
    restore: (params) => this.#goTo(params.get("model") ?? ""),
  });

  constructor() {
    this.#menu.addEventListener("change", () => this.#ask(null));
    this.#metric.addEventListener("change", () => this.#showVersions());
    byId("panel-models").addEventListener("shown", () => this.#begin());
  }

  /** Show the cards of these models. */
  setModels(models) {
    const before = this.#menu.value;
    const names = [...new Set(models.map(({ name }) => name))];
    this.#menu.replaceChildren(...names.map((name) => h("option", { value: name }, name)));
    this.#menu.disabled = names.length === 0;
    if (names.includes(before)) this.#menu.value = before;
    this.#view.begin();
    this.#begin();
  }

  /** Show the card of `name` or `name:version`, if there is such a model. */
  #goTo(id) {
    const [name, version = ""] = id.split(":");
    if (![...this.#menu.options].some((option) => option.value === name)) return;
    this.#menu.value = name;
    this.#ask(/^\d+$/.test(version) ? Number(version) : null);
  }

  /** Read a card, but only before someone's eyes. */
  #begin() {
    if (this.#card === null && !this.#isAsking && !this.#menu.disabled && !byId("panel-models").hidden) this.#ask(null);
  }

  /** Show a version's card; without a number that of the default one. */
  async #ask(version) {
    this.#isAsking = true;
    const name = this.#menu.value;
    byId("card-curl").textContent = curlGet(pathOf(name, version, "card"), { hasKey: hasKey() });
    byId("card-text").setAttribute("aria-busy", "true");
    await this.#asking.now(async (signal) => this.#show(await get(pathOf(name, version, "card"), { signal }), signal));
    byId("card-text").setAttribute("aria-busy", "false");
    this.#isAsking = false;
  }

  #show(card, signal) {
    const isOther = this.#card?.name !== card.name;
    this.#card = card;
    if (isOther) this.#fillMetrics();
    this.#showVersions();
    byId("card-verdict").textContent = verdictOf(card.versions);
    byId("card-name").textContent = `${card.name}:${card.version}`;
    this.#showFacts();
    this.#showText(signal);
    this.#view.changed();
    announce(byId("card-said"), `Card of ${card.name}, version ${card.version}. ${verdictOf(card.versions)}`);
  }

  /** Take away the card that is not the one asked for; the versions too, if they are another model's. */
  #clear() {
    for (const id of ["card-text", "card-name", "card-facts"]) byId(id).replaceChildren();
    if (this.#card === null || this.#card.name === this.#menu.value) return;
    this.#card = null;
    for (const id of ["card-versions", "card-verdict"]) byId(id).replaceChildren();
  }

  #fillMetrics() {
    const { versions } = this.#card;
    const names = figuresOf(versions);
    const options = names.map((name) => h("option", { value: name }, name));
    this.#metric.replaceChildren(...(names.length ? options : [h("option", { value: "" }, "None is known")]));
    this.#metric.disabled = names.length === 0;
    this.#metric.value = mainFigure(versions) ?? names[0] ?? "";
  }

  #showVersions() {
    const { version, versions } = this.#card;
    const options = { name: this.#metric.value, shown: version, onChoose: (chosen) => this.#ask(chosen) };
    showVersions(byId("card-versions"), versions, options);
  }

  #showFacts() {
    const { task, created, metrics, primary_metric: primary, datasets } = this.#card;
    const rows = (split) => datasets.filter((one) => one.split === split).reduce((sum, one) => sum + one.rows, 0);
    const facts = [
      ["Task", task],
      ["Published", day(created)],
      primary && ["Main figure", figure(metrics[primary.name])],
      rows("train") && ["Trained on", `${count(rows("train"))} rows`],
      rows("test") && ["Tested on", `${count(rows("test"))} rows`],
    ].filter(Boolean);
    byId("card-facts").replaceChildren(...facts.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
  }

  #showText(signal) {
    const { card, command } = this.#card;
    const text = card ?? `This version has no card. It was made by\n\n\`\`\`\n${command || "a command that is not known"}\n\`\`\``;
    this.#numTables = 0;
    const image = (source, alt) => this.#picture(source, alt, signal);
    byId("card-text").replaceChildren(...renderMarkdown(text, { image, table: (one) => this.#table(one) }));
  }

  #table(one) {
    this.#numTables += 1;
    const table = isConfusion(one) ? confusionTable(one) : plainTable(one);
    return h("div", { class: "scroll tall", tabindex: "0", role: "group", "aria-label": `Table ${this.#numTables}` }, table);
  }

  /** A picture of this version's own; what names any other address stays text. */
  #picture(source, alt, signal) {
    const { name, version, pictures } = this.#card;
    if (!pictures.some((picture) => picture.name === source)) return alt;
    const image = h("img", { alt });
    const path = pathOf(name, version, `pictures/${encodeURIComponent(source)}`);
    getDataUrl(path, { signal }).then(
      (address) => image.setAttribute("src", address),
      (error) => isAbort(error) || image.replaceWith(h("span", { class: "help" }, `${source}: ${error.message}`)),
    );
    return image;
  }
}
