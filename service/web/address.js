/**
 * The address of what is shown: "#panel?model=name:1&text=…". It stands behind the "#", so that no
 * text of anybody reaches a server or its log. An address of the panel's name alone is its beginning.
 */

const PAUSE_MS = 250; // browsers take only so many changes of an address
const MAX_CHARS = 8000; // what mail and chat programs still take; a longer text is left out

/** The panel that the address names, and what it says of it. */
export function readAddress() {
  const [name, query = ""] = location.hash.slice(1).split(/\?(.*)/s);
  return { name, fields: new URLSearchParams(query) };
}

function written(fields) {
  const kept = Object.entries(fields).filter(([, value]) => ![null, undefined, "", false].includes(value));
  return new URLSearchParams(kept.map(([name, value]) => [name, value === true ? "1" : String(value)])).toString();
}

/** One panel's address: kept up with what the panel shows, and followed when it changes. */
export class View {
  #name;
  #fields;
  #restore;
  #beginning = null; // what the address leaves out
  #timer = 0;

  /** `fields()` returns what is shown, by name; `restore(params)` shows what an address says. */
  constructor(name, { fields, restore }) {
    this.#name = name;
    this.#fields = fields;
    this.#restore = restore;
    addEventListener("hashchange", () => this.#follow());
    document.getElementById(`panel-${name}`).addEventListener("shown", () => this.changed());
  }

  /** Show what the address says, now that the panel can; the first time only. */
  begin() {
    if (this.#beginning !== null) return;
    this.#beginning = written(this.#fields());
    this.#follow();
  }

  /** Let the page itself change what is shown: where that was the beginning, it is so still. */
  byItself(change) {
    const isBeginning = written(this.#fields()) === this.#beginning;
    change();
    if (isBeginning) this.#beginning = written(this.#fields());
  }

  /** Write the address of what is shown now, in a moment. */
  changed() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#write(), PAUSE_MS);
  }

  #follow() {
    const { name, fields } = readAddress();
    if (name !== this.#name || this.#beginning === null || fields.size === 0) return;
    this.#restore(fields);
  }

  #write() {
    if (document.getElementById(`panel-${this.#name}`).hidden || this.#beginning === null) return;
    const fields = this.#fields();
    const whole = written(fields);
    const short = whole.length > MAX_CHARS ? written({ ...fields, text: null, prompt: null }) : whole;
    const hash = short === this.#beginning ? `#${this.#name}` : `#${this.#name}?${short}`;
    if (location.hash !== hash && (location.hash || short !== this.#beginning)) history.replaceState(null, "", hash);
  }
}
