/** A request that one puts together and sends from the page: path, query and body in, the answer out. */

import { hasKey, keyHeader } from "../api.js";
import { count, h } from "../dom.js";
import { LANGUAGES } from "./snippets.js";

const MAX_SHOWN = 20_000; // characters of an answer
let language = "curl"; // the one chosen last, on any route

function inputFor({ name, in: place, description, example }, id) {
  const label = h("label", { for: id }, h("code", {}, name), ` ${description}`);
  return h("div", { class: "param" }, label, h("input", { id, type: "text", value: example ?? "", autocomplete: "off", "data-place": place, "data-name": name }));
}

/** The part of a route in which it is asked. */
export class RequestForm {
  #route;
  #id;
  #inputs = [];
  #body = null;
  #code;
  #answer = h("div", { class: "answer", "aria-live": "polite" });
  element;

  constructor({ method, path, operation }) {
    this.#route = { method, path };
    this.#id = operation.operationId;
    this.#code = h("pre", { id: `${this.#id}-code`, tabindex: "0", role: "region", "aria-label": "The request as code" });
    this.element = h("form", { class: "try", novalidate: true }, ...this.#fields(operation), this.#snippets(), this.#actions(), this.#answer);
    this.element.addEventListener("input", () => this.#show());
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    this.#show();
  }

  #fields({ parameters = [], requestBody }) {
    const params = parameters.map((parameter) => inputFor(parameter, `${this.#id}-${parameter.name}`));
    this.#inputs = params.map((param) => param.lastChild);
    if (!requestBody) return params;
    const examples = Object.values(requestBody.content["application/json"].examples ?? {});
    this.#body = h("textarea", { id: `${this.#id}-body`, rows: 7, spellcheck: "false" });
    if (examples.length) this.#body.value = JSON.stringify(examples[0].value, null, 2);
    const buttons = examples.map(({ summary, value }) => h("button", { type: "button", click: () => this.#take(value) }, summary));
    const label = h("label", { for: this.#body.id }, "Body, as JSON");
    const group = examples.length > 1 && h("div", { class: "examples", role: "group", "aria-label": "Examples" }, ...buttons);
    return [...params, h("div", { class: "param" }, label, group || null, this.#body)];
  }

  #take(value) {
    this.#body.value = JSON.stringify(value, null, 2);
    this.#show();
  }

  #snippets() {
    const choice = (name) =>
      h("label", {}, h("input", { type: "radio", name: `${this.#id}-language`, value: name, checked: name === language }), h("span", {}, name));
    const legend = h("legend", { class: "visually-hidden" }, "Language");
    const fieldset = h("fieldset", { class: "segments" }, legend, ...Object.keys(LANGUAGES).map(choice));
    fieldset.addEventListener("change", (event) => {
      language = event.target.value;
    });
    const copy = h("button", { type: "button", class: "quiet copy", "data-copies": this.#code.id }, "Copy", h("span", { class: "visually-hidden" }, " the code"));
    return h("div", { class: "curl" }, fieldset, copy, this.#code);
  }

  #actions() {
    return h("div", { class: "actions" }, h("button", { type: "submit", class: "primary" }, "Send"), h("p", { class: "why", role: "status" }));
  }

  /** The request as it is typed; `problem` where it is not JSON. */
  #request() {
    let { path } = this.#route;
    const query = new URLSearchParams();
    for (const { value, dataset } of this.#inputs) {
      if (dataset.place === "path") path = path.replace(`{${dataset.name}}`, encodeURIComponent(value));
      else if (value) query.set(dataset.name, value);
    }
    const request = { method: this.#route.method, path: path.replace(/^\//, "") + (query.size ? `?${query}` : ""), hasKey: hasKey() };
    if (!this.#body?.value.trim()) return request;
    try {
      const body = JSON.parse(this.#body.value);
      return { ...request, body, isStream: body?.stream === true || path.endsWith("_stream") };
    } catch (error) {
      return { ...request, problem: `The body is not JSON: ${error.message}` };
    }
  }

  #show() {
    const request = this.#request();
    const chosen = this.element.querySelector(".segments input:checked");
    const why = this.element.querySelector(".why");
    this.element.querySelector(".primary").disabled = Boolean(request.problem);
    why.textContent = request.problem ?? "";
    if (!request.problem) this.#code.textContent = LANGUAGES[chosen.value](request);
  }

  async #send() {
    const { method, path, body } = this.#request();
    const options = { method: method.toUpperCase(), headers: { Accept: "application/json, text/event-stream, image/png", ...keyHeader() }, cache: "no-store" };
    if (body !== undefined) {
      options.body = JSON.stringify(body);
      options.headers["Content-Type"] = "application/json";
    }
    const began = performance.now();
    const head = h("p", { class: "status" }, "Asking …");
    this.#answer.replaceChildren(head);
    try {
      const answer = await fetch(new URL(path || "./", document.baseURI), options);
      await this.#showAnswer(answer);
      const ms = performance.now() - began;
      head.replaceChildren(h("b", { class: answer.ok ? "rise" : "fall" }, String(answer.status)), ` in ${ms.toFixed(0)} ms`);
      if (answer.status === 401) document.dispatchEvent(new Event("key-needed"));
    } catch {
      head.textContent = "The service cannot be reached.";
    }
  }

  async #showAnswer(answer) {
    const kind = answer.headers.get("Content-Type") ?? "";
    if (kind.startsWith("image/")) return this.#showPicture(await answer.blob());
    const shown = h("pre", { tabindex: "0", role: "region", "aria-label": "Answer" });
    this.#answer.append(shown);
    if (kind.startsWith("text/event-stream")) {
      let text = "";
      for await (const part of decoded(answer.body)) {
        text += part;
        shown.textContent = cut(text);
      }
      return undefined;
    }
    const text = await answer.text();
    shown.textContent = cut(kind.startsWith("application/json") ? JSON.stringify(JSON.parse(text), null, 2) : text);
    return undefined;
  }

  #showPicture(blob) {
    const reader = new FileReader();
    reader.addEventListener("load", () => this.#answer.append(h("img", { src: reader.result, alt: "The picture that was answered" })));
    reader.readAsDataURL(blob);
  }
}

async function* decoded(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

function cut(text) {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}\n… and ${count(text.length - MAX_SHOWN)} more characters` : text;
}
