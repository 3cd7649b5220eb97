/** The panel that reads: asks as one types, colours the text, and shows the verdict. */

import { hasKey, isAbort, post } from "../../api.js";
import { About } from "../../about.js";
import { View } from "../../address.js";
import { BatchPanel } from "./batch.js";
import { Beside } from "./beside.js";
import { Chart } from "../../chart.js";
import { curlCommand } from "../../curl.js";
import { announce, byId, h, percent } from "../../dom.js";
import { examplesFor, isOfOpinions } from "./examples.js";
import { explained, followedClass, isOfCharacters, strengths, unread } from "./explanation.js";
import { whyTooLong } from "../../limits.js";
import { chooseModel, fillMenu, idOf } from "../../models.js";
import { clearNotice, showError } from "../../notice.js";
import { barsOf, lineOf, nameAll } from "./drawing.js";
import { chooseMode, modeNow, offerModes } from "./modes.js";
import { Reader } from "./reader.js";
import { fillTable, toldOf } from "./words.js";
import { showNoVerdict, showVerdict } from "./verdict.js";

export const verb = "classify";
export const tasks = ["text-classification"];

const PATH = `v1/${verb}`;
const PAUSE_MS = 140; // between the last key and the question
const SETTLED_MS = 1200; // between an answer and its being read out, so that typing does not chatter

/** The panel "Sentiment". */
export class Panel {
  #menu = byId("classifier");
  #notice = byId("sentiment-notice");
  #models = [];
  #reader = new Reader(byId("text"), byId("marks"), {
    onInput: () => this.#later(),
    onPoint: () => this.#point(),
  });
  #chart = new Chart(byId("plot"), (index) => this.#point(index));
  #about = new About(byId("sentiment-about"), (card) => this.#offerExamples(card.example));
  #beside = new Beside(() => this.#ask());
  #view = new View("sentiment", {
    fields: () => ({
      model: this.#model && idOf(this.#model),
      text: this.#reader.text,
      explain: modeNow() === "occlusion" && "occlusion",
      pieces: this.#isInPieces,
      class: this.#chosenClass !== null && this.#model?.classes[this.#chosenClass],
      beside: this.#beside.menu.wanted,
    }),
    restore: (params) => this.#restore(params),
  });
  #examples = [];
  #given = byId("text").value; // the last text that this page put there, not a person
  #batch = new BatchPanel(() => this.#model);
  #answer = null; // {text, result, reply, ms} that is being shown
  #pieces = [];
  #chosenClass = null;
  #isInPieces = null; // whether pieces of words are shown; null as long as nobody chose
  #untraceable = new Set(); // ids of models that turned out to have no score along the text
  #asking = null; // AbortController of the latest question
  #timer = 0;
  #settling = 0;

  constructor() {
    this.#menu.addEventListener("change", () => this.#changeModel());
    byId("explain").addEventListener("change", () => this.#ask());
    byId("in-pieces").addEventListener("change", () => {
      this.#isInPieces = byId("in-pieces").checked;
      this.#view.changed();
      if (this.#answer) this.#show();
    });
    byId("words").addEventListener("toggle", () => this.#fillTable());
  }

  /** Offer these classifiers and read what the box holds. */
  setModels(models) {
    this.#models = models;
    fillMenu(this.#menu, models);
    this.#beside.menu.setModels(models);
    this.#changeModel();
    this.#view.begin();
  }

  /** Show what an address says. */
  #restore(params) {
    chooseModel(this.#menu, this.#models, params.get("model"));
    this.#beside.menu.wanted = params.get("beside");
    const mode = params.get("explain") === "occlusion" ? "occlusion" : "trajectory";
    chooseMode(mode);
    if (params.has("text")) this.#reader.text = params.get("text");
    this.#changeModel();
    this.#isInPieces = params.has("pieces") ? true : null;
    const followed = this.#model?.classes.indexOf(params.get("class")) ?? -1;
    this.#chosenClass = followed === -1 ? null : followed;
  }

  /** Name the tab for what the model does, and offer texts that fit it. */
  #offerExamples(example) {
    this.#examples = examplesFor(this.#model, example);
    byId("examples").replaceChildren(
      ...this.#examples.map(([name, text]) => h("button", { type: "button", click: () => this.#read(text) }, name)),
    );
    const [, first] = this.#examples[this.#examples.length > 2 ? 2 : 0] ?? [];
    const fits = this.#examples.some(([, text]) => text === this.#reader.text);
    if (first && !fits && this.#reader.text === this.#given) this.#view.byItself(() => this.#read(first));
  }

  get #model() {
    return this.#models.find((model) => model.id === this.#menu.value) ?? null;
  }

  get #followed() {
    const { model, result } = this.#answer;
    return this.#chosenClass ?? followedClass(model.classes, result.label);
  }

  #read(text) {
    this.#given = text;
    this.#reader.text = text;
    this.#ask();
  }

  #changeModel() {
    this.#chosenClass = null;
    byId("tab-sentiment").textContent = !this.#model || isOfOpinions(this.#model) ? "Sentiment" : "Classify";
    if (!byId("panel-sentiment").hidden) document.title = `${byId("tab-sentiment").textContent} · RNN service`;
    this.#offerExamples(null);
    this.#about.show(this.#model);
    this.#batch.refresh();
    this.#ask();
  }

  #later() {
    clearTimeout(this.#timer);
    clearTimeout(this.#settling);
    byId("verdict").setAttribute("aria-busy", "true");
    this.#timer = setTimeout(() => this.#ask(), PAUSE_MS);
  }

  /** Ask about the text as it is now; only the latest question's answer is ever shown. */
  async #ask() {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    this.#view.changed();
    const text = this.#reader.text;
    const model = this.#model;
    const explain = offerModes(text, { canTrace: !this.#untraceable.has(this.#menu.value) });
    const why = this.#whyNot(model, text);
    if (why) return this.#showNothing(why);
    const question = new AbortController();
    this.#asking = question;
    const body = { model: model.id, input: text, ...explain };
    byId("sentiment-curl").textContent = curlCommand(PATH, body, { hasKey: hasKey() });
    byId("verdict").setAttribute("aria-busy", "true");
    const began = performance.now();
    try {
      const second = this.#beside.ask(PATH, body, question.signal);
      second.catch(() => {}); // told below, after the first one's
      const reply = await post(PATH, body, { signal: question.signal });
      const ms = performance.now() - began;
      const beside = await second;
      if (this.#asking !== question) return;
      this.#answer = { text, model, reply, result: reply.data[0], ms, beside };
      clearNotice(this.#notice);
      this.#show();
      this.#settle();
    } catch (error) {
      if (!isAbort(error) && this.#asking === question) this.#fail(error);
    }
  }

  #fail(error) {
    if (error.param === "explain" && modeNow() === "trajectory") {
      this.#untraceable.add(this.#menu.value);
      this.#ask();
      return;
    }
    this.#showNothing("");
    showError(this.#notice, error, { retry: () => this.#ask(), calm: true });
  }

  /** Why nothing is asked, or null. */
  #whyNot(model, text) {
    if (!model) return "No classifier is being served.";
    return text.trim() ? whyTooLong(text) : "Waiting for a text.";
  }

  /** Show that there is no answer, and `why`. */
  #showNothing(why) {
    this.#asking = null;
    this.#answer = null;
    this.#pieces = [];
    this.#reader.paint("", []);
    this.#chart.show(null);
    this.#fillTable();
    byId("readout").textContent = "";
    byId("sentiment-curl").closest("section").hidden = why !== "";
    clearNotice(this.#notice);
    showNoVerdict(why);
    this.#beside.show(null);
    byId("verdict").setAttribute("aria-busy", "false");
  }

  #show() {
    const { text, model, result, reply, ms } = this.#answer;
    const followed = this.#followed;
    const isInPieces = this.#isInPieces ?? isOfCharacters(result);
    byId("in-pieces").checked = isInPieces;
    byId("in-pieces").disabled = !result.trajectory;
    this.#pieces = explained(text, result, { followed, isInPieces });
    this.#paint(text, result);
    this.#chart.show(this.#drawing(model.classes, followed));
    nameAll(model.classes, followed, result);
    showVerdict(result, {
      labels: model.classes,
      model: reply.model,
      version: reply.version,
      ms,
      followed,
      onFollow: (index) => {
        this.#chosenClass = index;
        this.#view.changed();
        this.#show();
      },
    });
    this.#beside.show(this.#answer.beside);
    byId("verdict").setAttribute("aria-busy", "false");
    byId("sentiment-curl").closest("section").hidden = false;
    this.#fillTable();
    this.#point();
  }

  #paint(text, result) {
    const strength = strengths(this.#pieces);
    const spans = this.#pieces.map(({ start, end, change }, piece) => ({
      start,
      end,
      piece,
      kind: change < 0 ? "fall" : "rise",
      strength: strength[piece],
    }));
    const gaps = result.truncated ? unread(text, this.#pieces) : [];
    const all = [...spans, ...gaps.map((gap) => ({ ...gap, kind: "unread", strength: 1 }))];
    this.#reader.paint(text, all.sort((a, b) => a.start - b.start));
  }

  /** What the chart shows: the score of one class along the text, or what each word adds to it. */
  #drawing(labels, followed) {
    const { text, result, beside } = this.#answer;
    const isInPieces = byId("in-pieces").checked;
    const numWords = this.#pieces.length;
    if (!numWords) return null;
    const options = { text, labels, followed, isInPieces };
    if (!result.trajectory) return barsOf(this.#pieces, options);
    const second = this.#beside.scores(beside, { text, label: labels[followed], numWords, isInPieces });
    return { ...lineOf(this.#pieces, options), beside: second };
  }

  /** Show the word that is pointed at in the chart (`index`) or else in the text; if none, the last. */
  #point(index = null) {
    const last = this.#pieces.length - 1;
    const pointed = index ?? this.#reader.pointed;
    const isPointing = pointed !== null;
    const at = Math.min(pointed ?? last, last);
    this.#reader.point(isPointing ? at : null);
    this.#chart.point(at);
    byId("readout").textContent = this.#readout(at, isPointing);
  }

  #readout(at, isPointing) {
    if (at < 0) return "";
    const { text, result } = this.#answer;
    return isPointing ? toldOf(text, this.#pieces[at], result) : `at the end ${percent(result.probs[this.#followed])}`;
  }

  #fillTable() {
    if (byId("words").open) fillTable(byId("words-rows"), this.#answer?.text ?? "", this.#pieces);
  }

  #settle() {
    clearTimeout(this.#settling);
    const { label, score } = this.#answer.result;
    this.#settling = setTimeout(() => announce(byId("said"), `${label}, ${percent(score)}`), SETTLED_MS);
  }
}
