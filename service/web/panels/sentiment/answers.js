/** The answers to a batch: a table on the page, and the same as a CSV file. */

import { writeCsv } from "../../csv.js";
import { byId, count, h, percent } from "../../dom.js";
import { followedClass } from "./explanation.js";

const MAX_SHOWN = 500; // rows on the page; the file has all

const KEYS = {
  index: ({ item }) => item.index,
  text: ({ item }) => item.text.toLowerCase(),
  label: ({ answer }) => answer?.label ?? "",
  score: ({ answer }) => answer?.score ?? -1,
};

/** Collects answers, shows them as they come, and saves them. */
export class AnswerTable {
  #filename = "answers.csv";
  #header = [];
  #items = [];
  #labels = [];
  #answers = [];
  #byIndex = new Map();
  #sorting = { key: "index", isDescending: false };

  constructor() {
    byId("download").addEventListener("click", () => this.#download());
    for (const button of document.querySelectorAll("[data-sort]")) {
      button.addEventListener("click", () => this.#sortBy(button.dataset.sort));
    }
  }

  /** Number of texts answered so far, refused ones included. */
  get size() {
    return this.#answers.length;
  }

  /**
   * Start anew: `items` are all rows in order, `header` names their cells, `labels` the classes;
   * `title` says what they are and `filename` what the download is called.
   */
  begin({ header, items, labels, title, filename }) {
    byId("answers-of").textContent = title;
    this.#filename = filename;
    this.#header = header;
    this.#items = items;
    this.#labels = labels;
    this.#answers = [];
    this.#byIndex.clear();
    this.#sorting = { key: "index", isDescending: false };
    byId("batch-result").hidden = false;
    this.#draw();
  }

  /** Take answers as `classifyAll` yields them. */
  add(answers) {
    for (const entry of answers) this.#byIndex.set(entry.item.index, entry);
    this.#answers.push(...answers);
    this.#draw();
  }

  /** Forget all answers. */
  clear() {
    this.#items = [];
    this.#answers = [];
    this.#byIndex.clear();
    this.#draw();
    this.end();
  }

  /** No more will come. */
  end() {
    byId("batch-result").hidden = this.size === 0;
  }

  #sortBy(key) {
    const isDescending = this.#sorting.key === key ? !this.#sorting.isDescending : key === "score";
    this.#sorting = { key, isDescending };
    this.#draw();
  }

  #sorted() {
    const { key, isDescending } = this.#sorting;
    const keyOf = KEYS[key];
    const order = (a, b) => (keyOf(a) < keyOf(b) ? -1 : Number(keyOf(a) > keyOf(b)));
    return [...this.#answers].sort((a, b) => (isDescending ? order(b, a) : order(a, b)));
  }

  #draw() {
    const rows = this.#sorted().slice(0, MAX_SHOWN);
    byId("answers").replaceChildren(...rows.map((row) => this.#row(row)));
    const hidden = this.size - rows.length;
    byId("shown").textContent = hidden ? `${count(hidden)} more are in the download.` : "";
    for (const button of document.querySelectorAll("[data-sort]")) {
      const isKey = button.dataset.sort === this.#sorting.key;
      const direction = this.#sorting.isDescending ? "descending" : "ascending";
      if (isKey) button.parentElement.setAttribute("aria-sort", direction);
      else button.parentElement.removeAttribute("aria-sort");
    }
    this.#drawTally();
  }

  #row({ item, answer, error }) {
    const number = h("td", { class: "number muted" }, String(item.index + 1));
    const text = h("td", { class: "text" }, item.text);
    if (error) return h("tr", {}, number, text, h("td", { class: "failed", colspan: 2 }, error.message));
    const label = h("td", { class: `label ${this.#kindOf(answer.label)}` }, answer.label);
    return h("tr", {}, number, text, label, h("td", { class: "number" }, percent(answer.score)));
  }

  /** Two classes have the colours of rise and fall; more have none. */
  #kindOf(label) {
    if (this.#labels.length !== 2) return "";
    return this.#labels.indexOf(label) === followedClass(this.#labels, label) ? "rise" : "fall";
  }

  #drawTally() {
    const tally = new Map();
    for (const { answer } of this.#answers) {
      const name = answer?.label ?? "refused";
      tally.set(name, (tally.get(name) ?? 0) + 1);
    }
    const parts = [...tally].sort((a, b) => b[1] - a[1]);
    byId("tally").replaceChildren(
      ...parts.map(([name, number]) => h("li", {}, h("strong", {}, count(number)), ` ${name}`)),
    );
  }

  /** All rows in their own order, those without an answer too. */
  #rows() {
    const blank = this.#labels.map(() => "");
    const head = [...this.#header, "predicted_label", "predicted_score", ...this.#labels.map((name) => `prob_${name}`), "error"];
    const rows = this.#items.map((item) => {
      const cells = this.#header.map((_, i) => item.cells[i] ?? "");
      const { answer, error } = this.#byIndex.get(item.index) ?? {};
      const why = error?.message ?? (item.text.trim() ? "not answered" : "no text");
      return answer ? [...cells, answer.label, answer.score, ...answer.probs, ""] : [...cells, "", "", ...blank, why];
    });
    return [head, ...rows];
  }

  #download() {
    const file = new Blob([writeCsv(this.#rows())], { type: "text/csv;charset=utf-8" });
    const link = h("a", { href: URL.createObjectURL(file), download: this.#filename });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }
}
