/** Starts what runs on a page: each section with `data-live` is given to the module of that name. */

import { h } from "../dom.js";
import { showError } from "../notice.js";

for (const section of document.querySelectorAll("[data-live]")) {
  const slot = h("div");
  import(`./live/${section.dataset.live}.js`)
    .then(({ start }) => start(section))
    .catch((error) => {
      section.append(slot);
      showError(slot, error);
    });
}
