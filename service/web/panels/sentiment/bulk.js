/**
 * Classifies any number of texts, a few hundred a request. Knows nothing of the page.
 *
 * A text that the service refuses costs only its own row: the request is halved until that text is
 * alone. A busy service is asked again when it says so, one that is away once it is back.
 */

import { ApiError, post } from "../../api.js";
import { untilBack } from "../../recovery.js";

const PATH = "v1/classify";
export const MAX_TEXTS = 256;
const MAX_CHARACTERS = 200_000; // keeps a request well under the service's limit on bodies
const MAX_TRIES = 4;

/** Split `[{text, …}]` into lists that fit into one request each. */
export function chunksOf(items) {
  const chunks = [];
  let chunk = [];
  let characters = 0;
  for (const item of items) {
    const isFull = chunk.length === MAX_TEXTS || characters + item.text.length > MAX_CHARACTERS;
    if (chunk.length && isFull) {
      chunks.push(chunk);
      chunk = [];
      characters = 0;
    }
    chunk.push(item);
    characters += item.text.length;
  }
  return chunk.length ? [...chunks, chunk] : chunks;
}

function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

async function ask(items, { model, signal, onWait }) {
  const body = { model, input: items.map((item) => item.text) };
  for (let tries = 1; ; tries += 1) {
    try {
      return await post(PATH, body, { signal });
    } catch (error) {
      if (error.status === 0) {
        onWait(null);
        await untilBack(error, () => !signal.aborted);
        signal.throwIfAborted();
        tries = 0;
        continue;
      }
      const isBusy = error instanceof ApiError && [429, 503].includes(error.status);
      if (!isBusy || tries === MAX_TRIES) throw error;
      const seconds = error.retryAfter ?? tries;
      onWait(seconds);
      await pause(seconds, signal);
    }
  }
}

/** Whether the service objects to a text rather than to the request. */
function blamesText(error) {
  if (!(error instanceof ApiError)) return false;
  return error.status === 413 || ([400, 422].includes(error.status) && /^input\b/.test(error.param ?? ""));
}

async function* answersTo(items, options) {
  try {
    const reply = await ask(items, options);
    yield items.map((item, i) => ({ item, answer: reply.data[i] }));
  } catch (error) {
    if (!blamesText(error)) throw error;
    if (items.length === 1) {
      yield [{ item: items[0], error }];
      return;
    }
    const half = items.length >> 1;
    yield* answersTo(items.slice(0, half), options);
    yield* answersTo(items.slice(half), options);
  }
}

/**
 * Classify `items`, each an object with a `text`.
 *
 * Yields lists of `{item, answer}`, or `{item, error}` for a text that was refused. `onWait(seconds)`
 * is told of a pause that a busy service asked for; null of one until the service can be reached. Anything else that goes wrong is thrown.
 */
export async function* classifyAll(items, { model, signal, onWait }) {
  for (const chunk of chunksOf(items)) yield* answersTo(chunk, { model, signal, onWait });
}
