/** The four kinds of networks: each asks a served model of its kind. */

import { post } from "../../api.js";
import { Asking } from "../../asking.js";
import { h } from "../../dom.js";
import { countsOf } from "../drawing.js";
import { share } from "../words.js";

const answer = (text, more = "") => [h("strong", {}, text), h("span", { class: "muted" }, more)];

const KINDS = {
  async digits(value, signal) {
    const { data } = await post("v1/classify", { model: "digits", input: [countsOf(value)] }, { signal });
    return answer(data[0].label, ` ${share(data[0].score)}`);
  },
  async "digit-names"(value, signal) {
    const { choices } = await post("v1/generate", { model: "digit-names", input: countsOf(value), temperature: 0 }, { signal });
    return answer(choices[0].text);
  },
  async names(value, signal) {
    const { choices } = await post("v1/generate", { model: "names", prompt: value, n: 4 }, { signal });
    return answer(choices.map(({ text }) => text.trim()).join(", "));
  },
  async sentiment(value, signal) {
    const { data } = await post("v1/classify", { model: "sentiment", input: value }, { signal });
    return answer(data[0].label, ` ${share(data[0].score)}`);
  },
  async pos(value, signal) {
    const { data } = await post("v1/tag", { model: "pos", input: value }, { signal });
    return data[0].tokens.map(({ text, label }) => h("span", { class: "tagged" }, text, h("small", {}, label)));
  },
  async "en-fr"(value, signal) {
    const { data } = await post("v1/translate", { model: "en-fr", input: value }, { signal });
    return answer(data[0].text);
  },
};

/** Start the section: each form in it asks, and shows the answer below. */
export async function start(section) {
  await Promise.all(
    [...section.querySelectorAll("form[data-model]")].map((form) => {
      const asking = new Asking(form.querySelector('[data-part="notice"]'));
      const field = form.querySelector("select, input");
      const output = form.querySelector("output");
      const ask = async (signal) => output.replaceChildren(...(await KINDS[form.dataset.model](field.value, signal)));
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        asking.now(ask);
      });
      if (field.tagName === "SELECT") field.addEventListener("change", () => asking.now(ask));
      return asking.now(ask);
    }),
  );
  section.dataset.state = "ready";
}
