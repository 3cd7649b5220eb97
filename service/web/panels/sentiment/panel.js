/** The panel that reads: asks as one types, colours the text, and shows the verdict. */

import { hasKey, isAbort, post } from "../../api.js";
import { About } from "../../about.js";
import { View } from "../../address.js";
import { BatchPanel } from "./batch.js";
import { Beside } from "./beside.js";
import { Chart, lineSummary } from "../../chart.js";
import { curlCommand } from "../../curl.js";
import { announce, byId, count, h, percent, points } from "../../dom.js";
import { examplesFor, isOfOpinions } from "./examples.js";
import { explained, followedClass, isOfCharacters, strengths, unread } from "./explanation.js";
import { limit, whyTooLong } from "../../limits.js";
import { chooseModel, fillMenu, idOf } from "../../models.js";
import { clearNotice, showError } from "../../notice.js";
import { Reader } from "./reader.js";
import { showNoVerdict, showVerdict } from "./verdict.js";

export const verb = "classify";
export const tasks = ["text-classification"];

const PATH = `v1/${verb}`;
const PAUSE_MS = 140; // between the last key and the question
const SETTLED_MS = 1200; // between an answer and its being read out, so that typing does not chatter

const MANY_WORDS = (number) =>
  `Leaving words out takes up to ${count(limit("max_occlusion_words"))} words; this text has ${count(number)}.`;
const BOTH_WAYS = "This model reads from both ends at once, so it has no score along the text.";
const HELP = {
  trajectory: "Each word is coloured by how the score moved when the network read it.",
  occlusion: "Each word is coloured by what it adds: the whole text’s score minus the score without that word.",
};

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
      explain: this.#mode === "occlusion" && "occlusion",
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
    document.querySelector(`input[name="explain"][value="${mode}"]`).checked = true;
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

  get #mode() {
    return document.querySelector('input[name="explain"]:checked').value;
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

  /** Grey the ways of explaining that cannot be had for this model and text, and say why. */
  #offerModes() {
    const [trajectory, occlusion] = document.querySelectorAll('input[name="explain"]');
    const numWords = this.#reader.text.match(/\S+/g)?.length ?? 0;
    trajectory.disabled = this.#untraceable.has(this.#menu.value);
    occlusion.disabled = numWords > limit("max_occlusion_words");
    if (trajectory.disabled && !occlusion.disabled) occlusion.checked = true;
    if (occlusion.disabled && !trajectory.disabled) trajectory.checked = true;
    const whyNot = [trajectory.disabled && BOTH_WAYS, occlusion.disabled && MANY_WORDS(numWords)].filter(Boolean);
    const help = whyNot.length < 2 ? [HELP[this.#mode], ...whyNot] : whyNot;
    byId("explain-help").textContent = help.join(" ");
    return whyNot.length < 2 ? { explain: this.#mode } : {};
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
    const explain = this.#offerModes();
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
    if (error.param === "explain" && this.#mode === "trajectory") {
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
    this.#plot(model.classes, followed, result);
    this.#name(model.classes, followed, result);
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

  #plot(labels, followed, result) {
    const label = labels[followed];
    if (!this.#pieces.length) return this.#chart.show(null);
    if (result.trajectory) {
      const scores = this.#pieces.map((piece) => piece.score);
      const rest = labels.length > 2 ? labels.map((_, i) => i).filter((i) => i !== followed) : [];
      const others = rest.map((i) => this.#pieces.map((piece) => piece.probs[i]));
      const isInPieces = byId("in-pieces").checked;
      const beside = this.#beside.scores(this.#answer.beside, { text: this.#answer.text, label, numWords: scores.length, isInPieces });
      const middle = 1 / labels.length;
      this.#chart.show({ kind: "line", scores, others, beside, middle, summary: lineSummary(label, scores), ...this.#axes(`probability of ${label}`) });
    } else {
      const summary = `What each word adds to the probability of ${label}; the table below has the numbers.`;
      this.#chart.show({ kind: "bars", scores: this.#pieces.map((piece) => piece.change), summary, ...this.#axes("points it adds") });
    }
  }

  /** What the chart's axes are, in words: the first and the last word stand at its ends. */
  #axes(upward) {
    const words = [this.#pieces[0], this.#pieces.at(-1)].map(({ start, end }) => this.#answer.text.slice(start, end));
    return { upward, ends: words, along: byId("in-pieces").checked ? "piece by piece" : "word by word" };
  }

  #name(labels, followed, result) {
    const label = labels[followed];
    const other = labels.length === 2 ? labels[1 - followed] : null;
    byId("legend-rise").textContent = result.trajectory ? `towards ${label}` : `speaks for ${label}`;
    byId("legend-fall").textContent = result.trajectory
      ? (other ? `towards ${other}` : `away from ${label}`)
      : (other ? `speaks for ${other}` : `speaks against ${label}`);
    byId("chart-title").textContent = result.trajectory
      ? `Probability of ${label} along the text`
      : `What each word adds to ${label}, in points`;
    byId("words-score").textContent = result.trajectory ? "Score after it" : "Score without it";
  }

  /** Show the word that is pointed at in the chart (`index`) or else in the text; if none, the last. */
  #point(index = null) {
    const last = this.#pieces.length - 1;
    const pointed = index ?? this.#reader.pointed;
    const isPointing = pointed !== null;
    const at = Math.min(pointed ?? last, last);
    this.#reader.point(isPointing ? at : null);
    this.#chart.point(at);
    byId("readout").textContent = at < 0 ? "" : this.#readout(this.#pieces[at], isPointing);
  }

  #readout({ start, end, score, change }, isPointing) {
    if (!isPointing) return `at the end ${percent(this.#answer.result.probs[this.#followed])}`;
    const word = this.#answer.text.slice(start, end);
    if (this.#answer.result.trajectory) return `after “${word}” ${percent(score)} (${points(change)})`;
    return `without “${word}” ${percent(score)} (it adds ${points(change)})`;
  }

  #fillTable() {
    if (!byId("words").open) return;
    const rows = this.#pieces.map(({ start, end, score, change }) =>
      h(
        "tr",
        {},
        h("td", {}, this.#answer.text.slice(start, end)),
        h("td", { class: "number" }, percent(score)),
        h("td", { class: "number" }, points(change)),
      ),
    );
    byId("words-rows").replaceChildren(...rows);
  }

  #settle() {
    clearTimeout(this.#settling);
    const { label, score } = this.#answer.result;
    this.#settling = setTimeout(() => announce(byId("said"), `${label}, ${percent(score)}`), SETTLED_MS);
  }
}
