/** The form that takes many texts: pasted lines or a CSV file in, a table and a CSV file out. */

import { hasKey, isAbort } from "../../api.js";
import { AnswerTable } from "./answers.js";
import { classifyAll, MAX_TEXTS } from "./bulk.js";
import { curlCommandFromStdin } from "../../curl.js";
import { announce, byId, count, h } from "../../dom.js";
import { gate } from "../../limits.js";
import { clearNotice, showError } from "../../notice.js";
import { firstValues, linesOf, looksLikeHeader, readTable, textColumn } from "../../table.js";

const SHOWN_CHARS = 60; // of a cell, beside its column's name

function cut(text, most = SHOWN_CHARS) {
  return text.length > most ? `${text.slice(0, most - 1).trimEnd()}…` : text;
}

/** The batch part of the panel "Sentiment"; `getModel()` tells which classifier is chosen. */
export class BatchPanel {
  #getModel;
  #table = null; // {name, rows, columns} of a chosen file
  #chosen = null; // the column that a person chose of it
  #opening = null; // the file that is being read
  #answers = new AnswerTable();
  #running = null;

  constructor(getModel) {
    this.#getModel = getModel;
    byId("batch-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#run();
    });
    byId("batch-stop").addEventListener("click", () => this.#running?.abort());
    byId("lines").addEventListener("input", () => this.refresh());
    byId("file").addEventListener("change", (event) => this.#open(event.target.files[0]));
    byId("unload").addEventListener("click", () => {
      this.#unload();
      byId("lines").focus();
    });
    byId("has-header").addEventListener("change", () => this.#offerColumns());
    byId("column").addEventListener("change", () => {
      this.#chosen = Number(byId("column").value);
      this.#offerColumns();
    });
    this.#acceptDrops(byId("drop"));
    this.refresh();
  }

  /** Show how many texts there are, and the command for them. */
  refresh() {
    const items = this.#items().filter((item) => item.text.trim());
    const model = this.#getModel();
    byId("batch-run").textContent = items.length ? `Classify ${count(items.length)} ${items.length === 1 ? "text" : "texts"}` : "Classify";
    gate(byId("batch-run"), byId("batch-why"), model ? (items.length ? null : "Paste some texts or choose a file first.") : "No classifier is being served.");
    byId("batch-curl-section").hidden = !items.length || !model;
    if (!items.length || !model) return;
    const input = items.slice(0, MAX_TEXTS).map((item) => item.text);
    byId("batch-curl").textContent = curlCommandFromStdin("v1/classify", { model: model.id, input }, { hasKey: hasKey() });
    byId("batch-curl-title").textContent =
      items.length > MAX_TEXTS ? `The first ${MAX_TEXTS} from a terminal` : "All of them from a terminal";
  }

  #acceptDrops(zone) {
    const over = (event) => {
      event.preventDefault();
      zone.classList.add("over");
    };
    zone.addEventListener("dragenter", over);
    zone.addEventListener("dragover", over);
    zone.addEventListener("dragleave", () => zone.classList.remove("over"));
    zone.addEventListener("drop", (event) => {
      event.preventDefault();
      zone.classList.remove("over");
      this.#open(event.dataTransfer.files[0]);
    });
  }

  async #open(file) {
    if (!file) return;
    this.#opening = file;
    this.#forget();
    try {
      const table = await readTable(file);
      if (this.#opening !== file) return; // another was chosen meanwhile
      this.#load(table);
    } catch (error) {
      if (this.#opening !== file) return;
      this.#unload();
      const words = [h("strong", {}, `${file.name} cannot be read`), h("p", {}, error.message)];
      byId("batch-notice").replaceChildren(h("div", { class: "notice", role: "alert" }, ...words));
    } finally {
      byId("file").value = "";
    }
  }

  #load(table) {
    const isSameKind = this.#table !== null && String(this.#table.rows[0]) === String(table.rows[0]);
    if (!isSameKind) this.#chosen = null;
    this.#table = table;
    byId("file-name").textContent = table.name;
    byId("has-header").checked = looksLikeHeader(table.rows);
    this.#offerColumns();
    byId("drop").hidden = true;
    byId("loaded").hidden = false;
    byId("column").focus();
  }

  #unload() {
    this.#forget();
    this.#table = null;
    this.#chosen = null;
    byId("drop").hidden = false;
    byId("loaded").hidden = true;
    this.refresh();
  }

  /** Take away the answers to what was asked before, and what was said of them. */
  #forget() {
    this.#running?.abort();
    this.#running = null;
    this.#showRunning(false);
    clearNotice(byId("batch-notice"));
    this.#answers.clear();
    this.#say("");
  }

  #offerColumns() {
    this.#forget();
    const { rows, columns } = this.#table;
    const hasHeader = byId("has-header").checked;
    const column = this.#chosen ?? textColumn(this.#table, hasHeader);
    const options = Array.from({ length: columns }, (_, i) => {
      const name = (hasHeader && rows[0][i]?.trim()) || `Column ${i + 1}`;
      const [first] = firstValues(this.#table, i, hasHeader, 1);
      return h("option", { value: i }, first ? `${name} — ${cut(first, 36)}` : `${name} — empty`);
    });
    byId("column").replaceChildren(...options);
    byId("column").value = column;
    const values = firstValues(this.#table, column, hasHeader);
    byId("column-values").replaceChildren(...values.map((value) => h("li", {}, cut(value))));
    const size = rows.length - (hasHeader ? 1 : 0);
    byId("file-rows").textContent = `${count(size)} ${size === 1 ? "row" : "rows"}`;
    this.refresh();
  }

  /** The rows as `[{index, cells, text}]`. */
  #items() {
    if (!this.#table) return linesOf(byId("lines").value).map((text, index) => ({ index, cells: [text], text }));
    const rows = byId("has-header").checked ? this.#table.rows.slice(1) : this.#table.rows;
    const column = Number(byId("column").value);
    return rows.map((cells, index) => ({ index, cells, text: cells[column] ?? "" }));
  }

  #header() {
    if (!this.#table) return ["text"];
    const names = byId("has-header").checked ? this.#table.rows[0] : [];
    return Array.from({ length: this.#table.columns }, (_, i) => names[i] ?? `column_${i + 1}`);
  }

  /** What the answers are to, in words, and the name of a file for them. */
  #source(model, size) {
    const by = `by ${model.name}, version ${model.version}`;
    if (!this.#table) return { title: `${count(size)} pasted ${size === 1 ? "text" : "texts"}, ${by}`, filename: "answers.csv" };
    const column = this.#header()[Number(byId("column").value)];
    const stem = this.#table.name.replace(/\.[^.]*$/, "");
    return { title: `${this.#table.name}, column “${column}”, ${by}`, filename: `${stem}-answers.csv` };
  }

  async #run() {
    this.#running?.abort();
    clearNotice(byId("batch-notice"));
    const model = this.#getModel();
    const all = this.#items();
    const items = all.filter((item) => item.text.trim());
    if (!model || !items.length) return;
    const running = new AbortController();
    this.#running = running;
    this.#answers.begin({ header: this.#header(), items: all, labels: model.classes, ...this.#source(model, items.length) });
    this.#showRunning(true);
    try {
      await this.#collect(items, { model: model.id, signal: running.signal });
    } catch (error) {
      if (this.#running !== running) return; // another run took its place
      if (isAbort(error)) this.#say(`Stopped after ${this.#progress(items)}.`);
      else showError(byId("batch-notice"), error, { retry: () => this.#run() });
    }
    this.#running = null;
    this.#showRunning(false);
    this.#answers.end();
  }

  async #collect(items, { model, signal }) {
    const onWait = (seconds) =>
      this.#say(
        seconds === null
          ? "The service cannot be reached; this goes on by itself once it can."
          : `The service is busy; going on in ${Math.ceil(seconds)} s.`,
      );
    const began = performance.now();
    byId("batch-progress").value = 0;
    for await (const answers of classifyAll(items, { model, signal, onWait })) {
      this.#answers.add(answers);
      byId("batch-progress").value = this.#answers.size / items.length;
      byId("batch-count").textContent = this.#progress(items); // seen, not said
    }
    this.#say(`${this.#progress(items)} in ${((performance.now() - began) / 1000).toFixed(1)} s.`);
  }

  #progress(items) {
    return `${count(this.#answers.size)} of ${count(items.length)} answered`;
  }

  #say(text) {
    byId("batch-count").textContent = text;
    announce(byId("batch-said"), text);
  }

  #showRunning(isRunning) {
    const hadFocus = document.activeElement === byId("batch-stop");
    byId("batch-stop").hidden = !isRunning;
    byId("batch-progress").hidden = !isRunning;
    if (hadFocus && !isRunning) byId("batch-run").focus();
  }
}
