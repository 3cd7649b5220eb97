/** Copies text and says so, on the button and to screen readers. */

import { announce, byId } from "./dom.js";

const SHOWN_MS = 1600;

async function write(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Pages that came over plain HTTP from another host have no clipboard but this one.
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "visually-hidden";
  document.body.append(area);
  area.select();
  const isDone = document.execCommand("copy");
  area.remove();
  if (!isDone) throw new Error("the browser refused");
  return undefined;
}

/** Copy `text` and let `button` say for a moment whether that worked. */
export async function copyText(text, button) {
  const before = [...button.childNodes];
  const said = await write(text).then(
    () => "Copied",
    () => "Select and copy by hand",
  );
  if (button.dataset.says) return;
  button.dataset.says = said;
  button.textContent = said;
  announce(byId("copied"), said);
  setTimeout(() => {
    delete button.dataset.says;
    button.replaceChildren(...before);
    announce(byId("copied"), "");
  }, SHOWN_MS);
}
