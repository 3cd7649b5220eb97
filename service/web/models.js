/** The models being served, and the menus in which one chooses among them. */

import { get } from "./api.js";
import { byId, h } from "./dom.js";
import { setLimits } from "./limits.js";

/** How far a model is from one that takes anything and says one of few things. */
function limits({ classes, prompts }) {
  return classes.length + prompts.length;
}

/** Whether a version answers requests. */
export function answers({ state, is_shadow: isShadow }) {
  return state === "ready" && !isShadow;
}

/**
 * Read all versions that are served or were refused, of every task.
 *
 * Default versions come first; among them those with fewest classes, or that take any prompt.
 */
export async function loadModels() {
  const { data, limits: bounds } = await get("v1/models");
  setLimits(bounds);
  return data.sort((a, b) => Number(b.is_default) - Number(a.is_default) || limits(a) - limits(b));
}

function nameOf({ id, version }) {
  return id.includes(":") ? id : `${id} · v${version}`;
}

/** A version's own name, which does not change when another becomes the default. */
export function idOf({ name, version }) {
  return `${name}:${version}`;
}

/** Choose in `menu` the model that an address names; tell in the page's notice if it is not served. */
export function chooseModel(menu, models, wanted) {
  const found = models.find((model) => model.id === wanted || idOf(model) === wanted);
  if (found) menu.value = found.id;
  else if (wanted) {
    const words = `${wanted} is not served here; ${menu.value} is shown instead.`;
    byId("models-notice").replaceChildren(h("p", { class: "notice", role: "status" }, words));
  }
}

/** Fill a menu with `models`, keeping the present choice where it is still there. */
export function fillMenu(menu, models) {
  const before = menu.value;
  menu.disabled = models.length === 0;
  if (models.length === 0) return menu.replaceChildren(h("option", {}, "None is served"));
  menu.replaceChildren(...models.map((model) => h("option", { value: model.id }, nameOf(model))));
  if (models.some((model) => model.id === before)) menu.value = before;
}
