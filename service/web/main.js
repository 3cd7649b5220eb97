/** Starts the page: tabs, models, the API key, and buttons that copy. */

import { setKey } from "./api.js";
import { copyText } from "./clipboard.js";
import { byId } from "./dom.js";
import { GeneratePanel } from "./generate.js";
import { loadModels } from "./models.js";
import { clearNotice, showError } from "./notice.js";
import { SentimentPanel } from "./sentiment.js";
import { startTabs } from "./tabs.js";

const RETRY_MS = 2000;

const sentiment = new SentimentPanel();
const generate = new GeneratePanel();

/** Load the models; while the service is still starting, again and again. */
async function start() {
  const slot = byId("models-notice");
  try {
    const { classifiers, generators } = await loadModels();
    clearNotice(slot);
    byId("key-form").hidden = true;
    sentiment.setModels(classifiers);
    generate.setModels(generators);
  } catch (error) {
    showError(slot, error, { retry: start });
    if (error.status === 503) setTimeout(start, RETRY_MS);
  }
}

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

startTabs(document.querySelector('[role="tablist"]'));
start();
