// What must type-check.
import { init, KrmorError, render } from "krmor";
import type { Config, ChangeTags, Patch, Pipeline, Rendered, Result, SecurityContextSpec } from "krmor";

const spec: SecurityContextSpec = { level: "restricted", runAsUser: 1000, seccompProfile: { type: "Localhost", localhostProfile: "a.json" } };
const pipeline: Pipeline = {
  apiVersion: "krmor.dev/v1alpha1",
  kind: "Pipeline",
  metadata: { name: "harden", annotations: { a: "b" } },
  spec: {
    failOn: "warning",
    functions: {
      "security-context": { kind: "SecurityContext", spec },
      probes: { kind: "Probes", spec: null },
      checks: { kind: "Checks" },
    },
  },
};
const configs: Config[] = [pipeline, { apiVersion: "krmor.dev/v1alpha1", kind: "SecurityContext", spec }];

export const loaded: Promise<void> = init();
await init(new Uint8Array(8));
await init(await WebAssembly.compile(new ArrayBuffer(8)));

const all: Rendered[] = configs.map((config) => render("a: b", config));
render("a: b");
render("a: b", undefined, { function: "SecurityContext" });
render("a: b", "kind: Pipeline", { allowEmpty: true });

export function rules(results: Result[]): string[] {
  return results.map(({ tags, severity, resourceRef }) => `${severity} ${resourceRef?.name} ${tags?.rule}`);
}
export const classes = all.flatMap(({ results }) => results).map((result) => (result.tags as ChangeTags | undefined)?.class);

export function apply(patch: Patch): unknown {
  switch (patch.op) {
    case "add":
    case "replace":
      return patch.value;
    case "remove":
      return patch.path;
  }
}

try {
  render("", pipeline);
} catch (error) {
  if (error instanceof KrmorError) {
    const code: 1 | 2 | 3 = error.code;
    console.log(code, error.message, error.output.length, rules(error.results));
  }
}
