// The TypeScript types of all configs, from what `krmor schema` prints: `krmor schema | node types.mjs`.
//
// The schema is whole at every place. Types have names: what a function's config and a pipeline's entry share becomes
// `<Kind>Spec`, and what selects objects, in every spec, `Target`.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const tools = createRequire(new URL("../../.tools/npm/package.json", import.meta.url));
const { compile } = tools("json-schema-to-typescript");

const schema = JSON.parse(readFileSync(0, "utf8"));
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
const definitions = { ...schema.definitions };
const ref = (name) => ({ $ref: `#/definitions/${name}` });

/** Gives what stands in a place a name; whatever else has the name must be the same. */
function named(name, holder, key) {
  const type = { title: name, ...holder[key] };
  if (definitions[name] && !same(definitions[name], type)) throw new Error(`two types would be called ${name}`);
  definitions[name] = type;
  holder[key] = ref(name);
}

/** `<Kind>Spec` in the place of a spec, which may also be null where all of it may be left out. */
function nameSpec(kind, properties) {
  const nullable = Array.isArray(properties.spec.type);
  if (nullable) properties.spec.type = "object";
  for (const key of ["targets", "exclude"]) {
    const list = properties.spec.properties[key];
    if (list) named("Target", list, "items");
  }
  named(`${kind}Spec`, properties, "spec");
  if (nullable) properties.spec = { anyOf: [properties.spec, { type: "null" }] };
}

for (const config of schema.oneOf) {
  const kind = config.title;
  if (kind === "Pipeline") {
    for (const entry of config.properties.spec.properties.functions.additionalProperties.oneOf) {
      nameSpec(entry.title, entry.properties);
      entry.title = `${entry.title}Entry`;
      delete entry.properties.kind.description; // the entry's own
    }
  }
  nameSpec(kind, config.properties);
}

const banner = `// What krmor's configs take, field by field. Made from \`krmor schema\`: UPDATE=1 cargo test --test npm writes it.`;
const options = { bannerComment: banner, additionalProperties: true, format: true, style: { printWidth: 120 } };
process.stdout.write(await compile({ ...schema, title: "Config", definitions }, "Config", options));
