/** Reads JSON schemas for people: the fields, what each takes, and a small example. */

const KINDS = { string: "text", integer: "whole number", number: "number", boolean: "true or false", null: "null", object: "object" };
const DEEPEST = 5;

/** The schema that `$ref` points at, or `schema` itself. */
export function resolved(schema, document_) {
  if (!schema?.$ref) return schema ?? {};
  const path = schema.$ref.replace("#/", "").split("/");
  return { ...path.reduce((at, name) => at[name], document_), ...(schema.description && { description: schema.description }) };
}

/** The ways in which a value may be given: those of `anyOf` and the like, without null. */
function waysOf(schema, document_) {
  const own = resolved(schema, document_);
  const ways = own.anyOf ?? own.oneOf;
  return ways ? ways.flatMap((way) => waysOf(way, document_)) : [own];
}

function shown(bound) {
  return typeof bound === "number" ? bound.toLocaleString("en", { maximumFractionDigits: 6 }) : bound;
}

function boundsOf(schema) {
  const range = (least, most, unit) => {
    if (least === undefined && most === undefined) return null;
    if (most === undefined) return `at least ${shown(least)}${unit}`;
    return least === undefined ? `at most ${shown(most)}${unit}` : `${shown(least)} to ${shown(most)}${unit}`;
  };
  const least = schema.minimum ?? (schema.exclusiveMinimum !== undefined ? `over ${schema.exclusiveMinimum}` : undefined);
  return [
    range(least, schema.maximum, ""),
    range(schema.minLength || undefined, schema.maxLength, " characters"),
    range(schema.minItems || undefined, schema.maxItems, " items"),
  ].filter(Boolean);
}

function wayText(way, document_) {
  if (way.const !== undefined) return JSON.stringify(way.const);
  if (way.enum) return way.enum.map((value) => JSON.stringify(value)).join(" or ");
  if (way.type === "array") {
    const items = way.items ? [...new Set(waysOf(way.items, document_).map((item) => wayText(item, document_)))] : [];
    return [`list${items.length ? ` of ${items.join(" or ")}` : ""}`, ...boundsOf(way)].join(", ");
  }
  return [KINDS[way.type] ?? "anything", ...boundsOf(way)].join(", ");
}

/** What a value may be, in words. */
export function kindOf(schema, document_) {
  return [...new Set(waysOf(schema, document_).map((way) => wayText(way, document_)))].join("; ");
}

/** The objects within a value whose fields are worth a table: itself, its items, its values. */
function objectsIn(schema, document_, depth = 0) {
  if (depth > DEEPEST) return [];
  return waysOf(schema, document_).flatMap((way) => {
    if (way.properties) return [way];
    const inner = [way.items, typeof way.additionalProperties === "object" ? way.additionalProperties : null, ...(way.prefixItems ?? [])];
    return inner.filter(Boolean).flatMap((one) => objectsIn(one, document_, depth + 1));
  });
}

/**
 * The fields of a schema: `[{ name, kind, isNeeded, standard, description, inner }]`, `inner` the
 * same of an object within the field. Of one that may be several objects, those of all.
 */
export function fieldsOf(schema, document_, depth = 0) {
  if (depth > DEEPEST) return [];
  const fields = new Map();
  for (const object of objectsIn(schema, document_)) {
    for (const [name, inside] of Object.entries(object.properties)) {
      const own = resolved(inside, document_);
      fields.set(name, {
        name,
        kind: kindOf(inside, document_),
        isNeeded: object.required?.includes(name) ?? false,
        standard: inside.default,
        description: inside.description ?? own.description ?? "",
        inner: fieldsOf(inside, document_, depth + 1),
      });
    }
  }
  return [...fields.values()];
}

/** A small value of a schema, by which its shape is seen. */
export function sampleOf(schema, document_, depth = 0) {
  const way = waysOf(schema, document_).find(({ type }) => type !== "null") ?? {};
  if (way.const !== undefined) return way.const;
  if (way.enum) return way.enum[0];
  if (way.type === "array") return depth > DEEPEST ? [] : [sampleOf(way.items ?? {}, document_, depth + 1)];
  if (way.properties) {
    const entries = Object.entries(way.properties).map(([name, inner]) => [name, sampleOf(inner, document_, depth + 1)]);
    return depth > DEEPEST ? {} : Object.fromEntries(entries);
  }
  return { string: "…", integer: 0, number: 0, boolean: true, object: {} }[way.type] ?? null;
}
