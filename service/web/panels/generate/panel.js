/** The panel that writes: a prompt and how to draw in, streamed text out, with a seed to repeat it. */

import { hasKey, isAbort, postStream } from "../../api.js";
import { About } from "../../about.js";
import { View } from "../../address.js";
import { copyText } from "../../clipboard.js";
import { curlCommand } from "../../curl.js";
import { announce, byId, h } from "../../dom.js";
import { gate, whyTooLong } from "../../limits.js";
import { chooseModel, fillMenu, idOf } from "../../models.js";
import { clearNotice, showError } from "../../notice.js";
import { Beside } from "./beside.js";
import { Alternatives } from "./alternatives.js";
import { Output } from "./output.js";
import { SamplingControls } from "./sampling.js";
import { Stopwatch } from "./speed.js";

export const verb = "generate";
export const tasks = ["text-generation"];

const PATH = `v1/${verb}`;
const FIRST_PROMPT = "Once upon a time";
const NUM_ALTERNATIVES = 5;
const SEVERAL = 5; // answers to a prompt from a list, which tend to be a word each
const ENDS = { stop: "ended by itself", length: "reached max tokens" };

function freshSeed() {
  return crypto.getRandomValues(new Uint32Array(1))[0] >>> 1; // positive also as a signed 32-bit number
}

/** The panel "Generate". */
export class Panel {
  #menu = byId("generator");
  #notice = byId("generate-notice");
  #output = new Output(byId("output"), () => this.#showSpeed());
  #alternatives = new Alternatives(this.#output, byId("output"), { slot: byId("instead"), said: byId("generate-said") });
  #watch = new Stopwatch();
  #models = [];
  #sampling = new SamplingControls(() => this.#showCurl());
  #given = ""; // the last prompt that this page put there, not a person
  #about = new About(byId("generate-about"), ({ example }) => this.#fit(example));
  #beside = new Beside(() => this.#showCurl());
  #view = new View("generate", {
    fields: () => ({
      model: this.#model && idOf(this.#model),
      prompt: this.#model && this.#prompt,
      ...this.#sampling.typed(),
      plain: !byId("with-alternatives").checked,
      beside: this.#beside.menu.wanted,
    }),
    restore: (params) => this.#restore(params),
  });
  #nextSeed = freshSeed();
  #lastSeed = null;
  #writer = ""; // the model whose text is shown
  #writing = null; // AbortController of the stream that is being read

  constructor() {
    this.#menu.addEventListener("change", () => this.#changeModel());
    byId("generate-form").addEventListener("submit", (event) => {
      event.preventDefault();
      if (!byId("write").disabled) this.#write(this.#sampling.seed ?? this.#nextSeed);
    });
    byId("stop-writing").addEventListener("click", () => this.#writing?.abort());
    byId("same-seed").addEventListener("click", () => this.#write(this.#lastSeed));
    byId("new-seed").addEventListener("click", () => {
      this.#sampling.seed = null;
      this.#write(this.#nextSeed);
    });
    byId("copy-text").addEventListener("click", () => copyText(this.#output.text, byId("copy-text")));
    for (const id of ["prompt", "prompts", "with-alternatives"]) byId(id).addEventListener("input", () => this.#showCurl());
    byId("panel-generate").addEventListener("keydown", (event) => this.#key(event));
  }

  /** Offer these generators. */
  setModels(models) {
    this.#models = models;
    const before = this.#model?.id;
    fillMenu(this.#menu, models);
    byId("output-empty")?.replaceChildren(
      models.length ? "What it writes appears here, token by token." : "No generator is being served.",
    );
    if (!this.#model || this.#model.id !== before || this.#lastSeed === null) this.#changeModel();
    this.#view.begin();
  }

  /** Show what an address says; one with a seed says what was written, so that is written again. */
  #restore(params) {
    chooseModel(this.#menu, this.#models, params.get("model"));
    this.#changeModel();
    this.#beside.menu.wanted = params.get("beside");
    const field = this.#model?.prompts.length ? byId("prompts") : byId("prompt");
    field.value = params.get("prompt") ?? (params.has("model") ? "" : field.value);
    byId("with-alternatives").checked = !params.has("plain");
    this.#sampling.type(params);
    this.#showCurl();
    if (params.has("seed") && !byId("panel-generate").hidden) byId("generate-form").requestSubmit();
  }

  get #model() {
    return this.#models.find((model) => model.id === this.#menu.value) ?? null;
  }

  get #prompt() {
    return this.#model.prompts.length ? byId("prompts").value : byId("prompt").value;
  }

  #changeModel() {
    const model = this.#model;
    this.#about.show(model);
    this.#beside.offer(this.#models, model);
    if (!model) return this.#showCurl();
    const isListed = model.prompts.length > 0;
    byId("prompt").hidden = isListed;
    byId("prompts").hidden = !isListed;
    byId("prompt-label").htmlFor = isListed ? "prompts" : "prompt";
    byId("prompts").replaceChildren(...model.prompts.map((prompt) => h("option", { value: prompt }, prompt)));
    if (byId("prompt").value === "") this.#give(FIRST_PROMPT);
    this.#sampling.setDefaults(model.sampling, isListed ? SEVERAL : 1);
    this.#showCurl();
  }

  #give(prompt) {
    this.#given = prompt;
    byId("prompt").value = prompt;
  }

  /** Begin with the prompt of the model's card, unless a person has typed one. */
  #fit(example) {
    if (!example || this.#model.prompts.length || byId("prompt").value !== this.#given || this.#writing) return;
    this.#view.byItself(() => this.#give(example));
    this.#showCurl();
  }

  #body(seed) {
    const logprobs = byId("with-alternatives").checked ? { logprobs: NUM_ALTERNATIVES } : {};
    return { model: this.#model.id, prompt: this.#prompt, ...this.#sampling.values(), ...logprobs, seed, stream: true };
  }

  #showCurl(seed = this.#sampling.seed ?? this.#nextSeed) {
    this.#gate();
    this.#view.changed();
    byId("generate-curl").closest("section").hidden = !this.#model;
    if (!this.#model) return;
    byId("generate-curl").textContent = curlCommand(PATH, this.#body(seed), { stream: true, hasKey: hasKey() });
  }

  /** Grey what would be refused, and say why. */
  #gate() {
    const problem = this.#sampling.problem();
    const why = this.#model ? whyTooLong(this.#prompt) ?? problem?.why ?? null : "No generator is being served.";
    for (const id of ["write", "same-seed", "new-seed"]) gate(byId(id), byId("write-why"), why);
    this.#sampling.blame(problem?.name ?? null);
  }

  #key(event) {
    if (event.key === "Escape" && this.#writing) this.#writing.abort();
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    byId("generate-form").requestSubmit();
  }

  async #write(seed) {
    if (!this.#model) return;
    this.#writing?.abort();
    const writing = new AbortController();
    this.#writing = writing;
    const body = this.#body(seed);
    this.#begin(body);
    const second = this.#beside.write(PATH, body, { ...this.#sheet(body), signal: writing.signal });
    let ends = null;
    try {
      ends = await this.#read(body, writing.signal);
    } catch (error) {
      if (this.#writing !== writing) return; // another text took its place
      if (isAbort(error)) ends = "stopped by you";
      else this.#fail(error);
    }
    await second;
    if (this.#writing === writing) this.#end(ends);
  }

  /** What stands before each answer, and over it. */
  #sheet({ prompt, n, seed }) {
    const heading = n > 1 ? (index) => `Answer ${index + 1} of ${n}, seed ${seed + index}` : () => null;
    return { prompt: this.#model.prompts.length ? null : prompt, heading };
  }

  #begin(body) {
    clearNotice(this.#notice);
    this.#sampling.blame(null);
    this.#lastSeed = body.seed;
    this.#showCurl(body.seed);
    this.#nextSeed = freshSeed();
    this.#watch = new Stopwatch();
    const { prompt, heading } = this.#sheet(body);
    this.#output.begin(prompt, heading);
    this.#writer = idOf(this.#model);
    byId("output-name").textContent = this.#writer;
    this.#alternatives.clear("logprobs" in body);
    byId("used-seed").textContent = body.seed;
    this.#showSpeed();
    byId("afterword").hidden = false;
    byId("stop-writing").hidden = false;
    announce(byId("generate-said"), "Writing.");
  }

  /** Write the stream's events down as they come; resolves to why the text ended. */
  async #read(body, signal) {
    const ends = new Set();
    for await (const event of postStream(PATH, body, { signal })) {
      signal.throwIfAborted(); // events that had come before the abort are not wanted either
      for (const { index, text, num_tokens: tokens, logprobs, finish_reason: end } of event.choices) {
        if (tokens) this.#watch.note(tokens);
        this.#output.append(index, text, logprobs);
        if (end) ends.add(ENDS[end] ?? end);
      }
      if (event.usage) this.#watch.correct(event.usage.completion_tokens);
    }
    return [...ends].join(", ");
  }

  #showSpeed(more = []) {
    const facts = [...this.#watch.facts(), ...more, ["Model", this.#writer]];
    byId("speed").replaceChildren(...facts.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
  }

  #fail(error) {
    showError(this.#notice, error, { retry: () => this.#write(this.#lastSeed) });
    this.#sampling.blame(error.param);
  }

  #end(ends) {
    this.#writing = null;
    const hadFocus = document.activeElement === byId("stop-writing");
    byId("stop-writing").hidden = true;
    if (hadFocus) byId("write").focus();
    this.#output.end();
    byId("afterword").hidden = this.#output.isEmpty && ends === null;
    this.#showSpeed(ends === null ? [] : [["End", ends]]);
    announce(byId("generate-said"), ends === null ? "" : `Done: ${ends}.`);
  }
}
