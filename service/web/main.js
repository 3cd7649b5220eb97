/** Starts the page: tabs, panels with their models, the API key, and buttons that copy. Knows no task. */

import { setKey } from "./api.js";
import { copyText } from "./clipboard.js";
import { byId, h } from "./dom.js";
import { answers, loadModels } from "./models.js";
import { clearNotice, showError } from "./notice.js";
import { startTabs } from "./tabs.js";

/**
 * Import the module of one panel, which exports `verb`, `tasks` and the class `Panel`.
 *
 * Of its tasks' models that answer it gets those for which its `takes(model)` holds, if it exports
 * that too. One whose `tasks` is null is about the models themselves: it gets every version.
 * A panel that cannot start says so in its own section, and the others go on without it.
 */
async function openPanel(section) {
  try {
    const { Panel, tasks, takes = () => true } = await import(new URL(section.dataset.module, document.baseURI));
    const isOwn = (model) => answers(model) && tasks.includes(model.task) && takes(model);
    return { section, panel: new Panel(), isFor: tasks === null ? () => true : isOwn };
  } catch (error) {
    const slot = h("div");
    section.prepend(slot);
    showError(slot, error);
    return null;
  }
}

const tabs = startTabs(document.querySelector('[role="tablist"]'));
const sections = [...document.querySelectorAll('[role="tabpanel"][data-module]')];
const opening = Promise.all(sections.map(openPanel));

/** Give each panel the models of its tasks; one without any loses its tab. */
async function share(models) {
  const opened = (await opening).filter((panel) => panel !== null);
  const own = opened.map(({ isFor }) => models.filter(isFor));
  const isWithout = new Set(opened.filter((_, i) => own[i].length === 0).map(({ section }) => section));
  tabs.hide((section) => isWithout.has(section));
  opened.forEach(({ panel }, i) => panel.setModels(own[i]));
}

/** Load the models; while the service is still starting or away, again and again. */
async function start() {
  const slot = byId("models-notice");
  try {
    const models = await loadModels();
    clearNotice(slot);
    byId("key-form").hidden = true;
    await share(models);
  } catch (error) {
    showError(slot, error, { retry: start });
  }
}

document.addEventListener("service-back", start); // maybe with other versions
document.addEventListener("key-needed", () => {
  byId("key-form").hidden = false;
});
byId("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  setKey(byId("key").value.trim());
  byId("key").value = "";
  start();
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copies]");
  if (button) copyText(byId(button.dataset.copies).textContent, button);
});

start();
