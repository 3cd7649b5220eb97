/** The loss of a text as a sum over its tokens, from the log probabilities of a served generator. */

import { post } from "../../api.js";
import { Asking } from "../../asking.js";
import { drawRows } from "../plots.js";
import { figure, words } from "../words.js";

const SPACE = "␣";
const LINE = "⏎";

/** Start the section. */
export async function start(section) {
  const part = (name) => section.querySelector(`[data-part="${name}"]`);
  const asking = new Asking(part("notice"));

  const ask = async (signal) => {
    const body = { model: "shakespeare", prompt: part("text").value, max_tokens: 0, echo: true, logprobs: 1 };
    const { choices } = await post("v1/completions", body, { signal });
    const { tokens, token_logprobs: logprobs } = choices[0].logprobs;
    const rows = tokens
      .map((token, t) => ({ text: token.replace(/ /g, SPACE).replace(/\n/g, LINE), values: [logprobs[t]] }))
      .filter(({ values }) => values[0] !== null)
      .map(({ text, values }) => ({ text, values: [-values[0]] }));
    const total = rows.reduce((sum, { values }) => sum + values[0], 0);
    if (rows.length) drawRows(part("terms"), { heads: [words.token, `${words.loss} Lₜ`], kinds: ["state"], rows, caption: words.loss });
    else part("terms").replaceChildren();
    part("total").textContent = words.sumOf(figure(total, 4), rows.length, figure(rows.length ? total / rows.length : 0));
    section.dataset.state = "ready";
  };

  part("text").addEventListener("input", () => asking.later(ask));
  await asking.now(ask);
}
