/** The models being served, and the menus in which one chooses among them. */

import { get } from "./api.js";
import { h } from "./dom.js";

function ranked(models, rank) {
  return models.sort((a, b) => Number(b.is_default) - Number(a.is_default) || rank(a) - rank(b));
}

/**
 * Read the models that answer, as `{classifiers, generators}`.
 *
 * Default versions come first; among them the classifiers with fewest classes, as those of
 * sentiment, and the generators that take any prompt.
 */
export async function loadModels() {
  const { data } = await get("v1/models");
  const ready = data.filter((model) => model.state === "ready" && !model.is_shadow);
  const classifiers = ready.filter((model) => model.task === "text-classification");
  const generators = ready.filter((model) => model.task === "text-generation");
  return {
    classifiers: ranked(classifiers, (model) => model.classes.length),
    generators: ranked(generators, (model) => model.prompts.length),
  };
}

function nameOf({ id, version }) {
  return id.includes(":") ? id : `${id} · v${version}`;
}

/** Fill a menu with `models`, keeping the present choice where it is still there. */
export function fillMenu(menu, models) {
  const before = menu.value;
  menu.disabled = models.length === 0;
  if (models.length === 0) return menu.replaceChildren(h("option", {}, "None is served"));
  menu.replaceChildren(...models.map((model) => h("option", { value: model.id }, nameOf(model))));
  if (models.some((model) => model.id === before)) menu.value = before;
}
