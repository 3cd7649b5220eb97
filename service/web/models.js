/** The models being served, and the menus in which one chooses among them. */

import { get } from "./api.js";
import { h } from "./dom.js";

/** Read the models that answer, as `{classifiers, generators}`; default versions come first. */
export async function loadModels() {
  const { data } = await get("v1/models");
  const ready = data
    .filter((model) => model.state === "ready")
    .sort((a, b) => Number(b.is_default) - Number(a.is_default));
  return {
    classifiers: ready.filter((model) => model.task === "text-classification"),
    generators: ready.filter((model) => model.task === "text-generation"),
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
