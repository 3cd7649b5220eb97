/** What one wants to know of a model before one believes it, beside its answers: figure, data, curves, card. */

import { get, getDataUrl, isAbort } from "./api.js";
import { count, figure, h } from "./dom.js";
import { idOf } from "./models.js";

const CURVES = "curves.png";

function rowsOf(datasets, split) {
  return datasets.filter((one) => one.split === split).reduce((sum, one) => sum + one.rows, 0);
}

function figureOf({ metrics, primary_metric: primary }) {
  if (!primary || !(primary.name in metrics)) return null;
  const [low, high] = ["low", "high"].map((end) => metrics[`${primary.name}_${end}`]);
  const isKnown = low !== undefined && high !== undefined;
  const range = isKnown ? [h("span", { class: "interval" }, `${figure(low)} to ${figure(high)}`)] : [];
  return [primary.name.replaceAll("_", " "), figure(metrics[primary.name]), ...range];
}

/** The lines about a card: `[name, ...values]`. */
function factsOf(card) {
  const unserved = card.versions.filter(({ state }) => state === "stored").map(({ version }) => version);
  const trained = [...new Set(card.datasets.filter(({ split }) => split === "train").map(({ name }) => name))];
  return [
    figureOf(card),
    trained.length && ["trained on", trained.join(", ")],
    rowsOf(card.datasets, "train") && ["rows", count(rowsOf(card.datasets, "train"))],
    unserved.length && ["not served", `version ${unserved.join(", ")}`],
  ].filter(Boolean);
}

/** Shows in `slot` what the card of a model says in short; reads it only before someone's eyes. */
export class About {
  #slot;
  #onCard;
  #model = null;
  #cards = new Map(); // by name and version, which never change
  #current = null;

  /** `onCard(card)` is told of each card that is shown. */
  constructor(slot, onCard = () => {}) {
    this.#slot = slot;
    this.#onCard = onCard;
    slot.closest('[role="tabpanel"]').addEventListener("shown", () => this.#read());
  }

  /** Tell of this model, or of none. */
  show(model) {
    const isOther = (model && idOf(model)) !== (this.#model && idOf(this.#model));
    this.#model = model;
    if (!model) this.#slot.hidden = true;
    else if (isOther) this.#read();
  }

  async #read() {
    const model = this.#model;
    if (!model || this.#slot.closest('[role="tabpanel"]').hidden) return;
    this.#current?.abort();
    const own = new AbortController();
    this.#current = own;
    try {
      const path = `v1/models/${encodeURIComponent(idOf(model))}`;
      const card = this.#cards.get(idOf(model)) ?? (await get(`${path}/card`, { signal: own.signal }));
      this.#cards.set(idOf(model), card);
      if (this.#current !== own) return;
      this.#onCard(card);
      this.#draw(card, path, own.signal);
    } catch (error) {
      if (!isAbort(error)) this.#slot.hidden = true; // the answers are worth more than this
    }
  }

  #draw(card, path, signal) {
    const title = h("p", { class: "eyebrow" }, `About ${card.name}:${card.version}`);
    const facts = factsOf(card).flatMap(([name, ...values]) => [h("dt", {}, name), h("dd", {}, ...values)]);
    const address = `#models?${new URLSearchParams({ model: `${card.name}:${card.version}` })}`;
    const link = h("a", { href: address }, "Its card: figures, data, limits");
    this.#slot.replaceChildren(title, h("dl", { class: "facts" }, ...facts), h("p", {}, link));
    this.#slot.hidden = false;
    if (card.pictures.some(({ name }) => name === CURVES)) this.#addCurves(path, signal);
  }

  #addCurves(path, signal) {
    const image = h("img", { alt: "Its loss while it was trained", hidden: true });
    this.#slot.append(image);
    getDataUrl(`${path}/pictures/${CURVES}`, { signal }).then(
      (address) => {
        image.src = address;
        image.hidden = false;
      },
      () => image.remove(),
    );
  }
}
