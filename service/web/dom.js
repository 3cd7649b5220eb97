/**
 * Makes and fills elements. Text goes in as text nodes alone, never as HTML, and nothing here sets a
 * style attribute, so that the page lives under a strict Content-Security-Policy.
 */

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

/** Make an HTML element: functions become listeners of that event, strings text nodes. */
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** Make an SVG element, as `h` does for HTML. */
export function s(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** The element with this id; a missing one is a fault of the page itself. */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`index.html has no element #${id}`);
  return element;
}

/** Say something in a live region, which reads it out once and only when it changes. */
export function announce(region, text) {
  if (region.textContent !== text) region.textContent = text;
}

/** A share as people read it: 0.9731 is "97.3 %"; never "100.0 %" for what is not quite certain. */
export function percent(share) {
  const rounded = share < 1 ? Math.min(share * 100, 99.9) : 100;
  return `${rounded.toFixed(1)} %`;
}

/** A change of a share in points, signed: 0.124 is "+12.4". */
export function points(change) {
  const text = Math.abs(change * 100).toFixed(1);
  if (text === "0.0") return "±0.0";
  return (change < 0 ? "−" : "+") + text;
}

/** A figure with four digits that count, as cards have them. */
export function figure(value) {
  return String(Number(value.toPrecision(4)));
}

/** A count with thousands separated, as the page's language has it. */
export function count(number) {
  return number.toLocaleString("en");
}
