/** A second classifier beside the first: the same text, its verdict, its score along the text. */

import { isAbort, post } from "../../api.js";
import { bar } from "../../bars.js";
import { BesideMenu } from "../../beside.js";
import { byId, percent } from "../../dom.js";
import { explained, followedClass } from "./explanation.js";

/** The menu "Beside" and what its model says. */
export class Beside {
  menu;

  /** `onChange()` is called when another is chosen. */
  constructor(onChange) {
    this.menu = new BesideMenu(byId("beside"), onChange);
  }

  /** Ask it what the first one is asked; its answer, or null if it has none to show. */
  async ask(path, body, signal) {
    const { model } = this.menu;
    if (!model) return null;
    const asked = { ...body, model: model.id };
    try {
      const reply = await post(path, asked, { signal });
      return { model, reply, result: reply.data[0] };
    } catch (error) {
      if (isAbort(error) || error.param !== "explain") throw error;
      const { explain, ...plain } = asked; // it cannot be explained in this way
      const reply = await post(path, plain, { signal });
      return { model, reply, result: reply.data[0] };
    }
  }

  /** Show its verdict; null for none. */
  show(answer) {
    byId("beside-verdict").hidden = !answer;
    if (!answer) return;
    const { model, reply, result } = answer;
    byId("beside-name").textContent = `${reply.model}, version ${reply.version}, says`;
    byId("beside-label").textContent = result.label;
    byId("beside-score").textContent = `${percent(result.score)} sure`;
    byId("beside-bars").replaceChildren(...barsOf(model.classes, result));
  }

  /** Its score for the class `label` after each word of `text`, or null if there is none to draw. */
  scores(answer, { text, label, numWords, isInPieces }) {
    const followed = answer?.model.classes.indexOf(label) ?? -1;
    if (followed === -1 || !answer.result.trajectory) return null;
    const words = explained(text, answer.result, { followed, isInPieces });
    return words.length === numWords ? words.map(({ score }) => score) : null;
  }
}

function barsOf(labels, { label, probs }) {
  const followed = followedClass(labels, label);
  const kindOf = (i) => (labels.length === 2 ? (i === followed ? "rise" : "fall") : null);
  const items = labels.map((name, i) => ({ name, share: probs[i], kind: kindOf(i), i }));
  if (labels.length === 2) items.sort((a) => (a.i === followed ? -1 : 1));
  else items.sort((a, b) => b.share - a.share);
  return items.map(({ name, share, kind }) => bar({ name, share, kind }));
}
