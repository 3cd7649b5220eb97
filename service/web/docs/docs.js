/** The page of the API: every route of the service's own OpenAPI document, folded until it is wanted. */

import { get, setKey } from "../api.js";
import { copyText } from "../clipboard.js";
import { byId, h } from "../dom.js";
import { inline } from "../markdown.js";
import { clearNotice, showError } from "../notice.js";
import { routeElement } from "./route.js";

const METHODS = ["get", "post", "put", "delete", "patch"];

/** The routes of a document under their headings: `[{ name, description, routes }]`. */
function headingsOf({ tags, paths }) {
  const routes = Object.entries(paths).flatMap(([path, item]) =>
    METHODS.filter((method) => method in item).map((method) => ({ method, path, operation: item[method] })),
  );
  return tags.map((tag) => ({ ...tag, routes: routes.filter(({ operation }) => operation.tags[0] === tag.name) }));
}

function words(text) {
  return inline(text, (_, alt) => alt);
}

function show(document_) {
  byId("title").textContent = document_.info.title;
  byId("introduction").replaceChildren(...words(document_.info.description.replace(/\s+/g, " ")));
  const headings = headingsOf(document_);
  byId("routes").replaceChildren(
    ...headings.map(({ name, description, routes }) =>
      h(
        "section",
        { class: "heading", "aria-labelledby": anchorOf(name) },
        h("h2", { id: anchorOf(name) }, name),
        h("p", { class: "muted" }, ...words(description)),
        ...routes.map((route) => routeElement(route, document_)),
      ),
    ),
  );
  byId("contents").replaceChildren(
    ...headings.map(({ name, routes }) =>
      h("div", { class: "group" }, h("a", { class: "group-name", href: `#${anchorOf(name)}` }, name), h("ul", {}, ...routes.map(linkTo))),
    ),
  );
}

function anchorOf(name) {
  return `about-${name.toLowerCase().replace(/[^a-z0-9]+/g, "-")}`;
}

function linkTo({ method, path, operation }) {
  const words_ = `${method} ${path} ${operation.summary}`.toLowerCase();
  const link = h("a", { href: `#${operation.operationId}` }, h("b", { class: `method ${method}` }, method.toUpperCase()), " ", path);
  return h("li", { "data-words": words_, "data-route": operation.operationId }, link);
}

/** Show the routes that have all words that were typed. */
function find() {
  const wanted = byId("find").value.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const item of document.querySelectorAll("[data-route]")) {
    const isFound = wanted.every((word) => item.dataset.words.includes(word));
    item.hidden = !isFound;
    byId(item.dataset.route).hidden = !isFound;
    found += isFound;
  }
  for (const group of document.querySelectorAll(".group")) group.hidden = !group.querySelector("li:not([hidden])");
  for (const heading of document.querySelectorAll(".heading")) heading.hidden = !heading.querySelector(".route:not([hidden])");
  byId("nothing-found").hidden = found > 0;
}

/** Open the route that the address names. */
function follow() {
  const named = document.getElementById(location.hash.slice(1));
  if (!named) return;
  if (named.matches("details")) named.open = true;
  named.scrollIntoView();
}

async function start() {
  try {
    show(await get("openapi.json"));
    clearNotice(byId("docs-notice"));
    byId("key-form").hidden = true;
    follow();
  } catch (error) {
    showError(byId("docs-notice"), error, { retry: start });
  }
}

byId("find").addEventListener("input", find);
addEventListener("hashchange", follow);
document.addEventListener("key-needed", () => {
  byId("key-form").hidden = false;
});
byId("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  setKey(byId("key").value.trim());
  byId("key").value = "";
  byId("key-form").hidden = true;
  if (!byId("routes").firstChild) start();
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copies]");
  if (button) copyText(byId(button.dataset.copies).textContent, button);
});

start();
