/** One route, folded: what it takes, how it is asked, what it answers, and every error in one table. */

import { h } from "../dom.js";
import { inline } from "../markdown.js";
import { RequestForm } from "./request.js";
import { fieldsOf, sampleOf } from "./schema.js";

const JSON_TYPE = "application/json";

function words(text) {
  return inline(text.replace(/\s+/g, " "), (_, alt) => alt);
}

/** A list of fields, each with what it takes; those of an object within are folded under it. */
function fieldList(fields, hasNeeds) {
  const item = ({ name, kind, isNeeded, standard, description, inner }) => {
    const marks = [kind, hasNeeds && isNeeded && "needed", hasNeeds && standard !== undefined && standard !== null && `else ${JSON.stringify(standard)}`];
    const head = [h("code", { class: "name" }, name), " ", h("span", { class: "kind" }, marks.filter(Boolean).join(" · "))];
    const folded = inner.length ? h("details", {}, h("summary", {}, `What is in ${name}`), fieldList(inner, hasNeeds)) : null;
    return h("li", {}, h("p", {}, ...head), h("p", {}, ...words(description)), folded);
  };
  return h("ul", { class: "fields" }, ...fields.map(item));
}

function section(title, ...children) {
  return h("section", {}, h("h4", {}, title), ...children);
}

function folded(title, ...children) {
  return h("details", { class: "part" }, h("summary", {}, title), ...children);
}

function takes({ requestBody }, document_) {
  const schema = requestBody?.content[JSON_TYPE]?.schema;
  const fields = schema ? fieldsOf(schema, document_) : [];
  return fields.length ? folded(`Fields it takes (${fields.length})`, fieldList(fields, true)) : null;
}

function gives({ responses }, document_) {
  const content = responses["200"]?.content ?? {};
  const kinds = Object.keys(content).filter((kind) => kind !== JSON_TYPE);
  const fields = content[JSON_TYPE] ? fieldsOf(content[JSON_TYPE].schema, document_) : [];
  const also = kinds.length ? h("p", {}, "Also as ", ...kinds.flatMap((kind, i) => [i ? ", " : "", h("code", {}, kind)]), ".") : null;
  if (!fields.length) return also && section("What it answers", also);
  return folded(`Fields of the answer (${fields.length})`, also, fieldList(fields, false));
}

/** Each error by status and code, and one example: they all look alike. */
function errors({ responses }, document_) {
  const failing = Object.entries(responses).filter(([status]) => status >= "400");
  if (!failing.length) return null;
  const rows = failing.flatMap(([status, { description }]) => {
    const lines = description.split("\n").filter((line) => line.startsWith("- "));
    return lines.map((line) => h("tr", {}, h("td", { class: "number" }, status), h("td", {}, ...words(line.slice(2)))));
  });
  const schema = failing.map(([, { content }]) => content?.[JSON_TYPE]?.schema).find(Boolean);
  const example = schema && h("pre", { tabindex: "0", role: "region", "aria-label": "An error" }, JSON.stringify(sampleOf(schema, document_), null, 2));
  const table = h("table", {}, h("thead", {}, h("tr", {}, h("th", { scope: "col", class: "number" }, "Status"), h("th", { scope: "col" }, "Code and meaning"))), h("tbody", {}, ...rows));
  return folded(`Errors (${failing.length} statuses, one shape)`, example || null, h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Errors" }, table));
}

/** The element of a route; its inside is made when it is first opened. */
export function routeElement(route, document_) {
  const { method, path, operation } = route;
  const element = h(
    "details",
    { class: "sheet route", id: operation.operationId },
    h("summary", {}, h("b", { class: `method ${method}` }, method.toUpperCase()), h("code", {}, path), h("span", { class: "summary" }, operation.summary)),
  );
  element.addEventListener("toggle", () => {
    if (!element.open || element.children.length > 1) return;
    const text = operation.description ? h("p", {}, ...words(operation.description)) : null;
    const form = new RequestForm(route).element;
    const parts = [text, form, takes(operation, document_), gives(operation, document_), errors(operation, document_)];
    element.append(...parts.filter(Boolean));
  });
  return element;
}
