/** Reads server-sent events from a response body, as the HTML standard's section 9.2 lays them out. */

async function* decoded(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** Yield the data of each event as a string. Comments, which keep a line open, are passed over. */
export async function* readEvents(body) {
  let pending = "";
  let data = [];
  for await (const chunk of decoded(body)) {
    // A carriage return at the very end may be the first half of "\r\n": it waits for the next chunk.
    const lines = (pending + chunk).split(/\r\n|\n|\r(?!$)/);
    pending = lines.pop();
    for (const line of lines) {
      if (line === "") {
        if (data.length) yield data.join("\n");
        data = [];
      } else if (line.startsWith("data:")) {
        data.push(line.slice(5).replace(/^ /, ""));
      }
    }
  }
  if (pending === "\r" && data.length) yield data.join("\n");
}
