// What must not type-check: each line that is expected to be an error and is none is one itself.
import { init, KrmorError, render } from "krmor";
import type { Config, Patch, Pipeline, SecurityContextSpec } from "krmor";

// @ts-expect-error an unknown field
export const unknown: SecurityContextSpec = { levels: "restricted" };
// @ts-expect-error no value of the list
export const value: SecurityContextSpec = { level: "strict" };
// @ts-expect-error of another type
export const type: SecurityContextSpec = { runAsUser: "1000" };
// @ts-expect-error a field within a field
export const inner: SecurityContextSpec = { seccompProfile: { type: "RuntimeDefault", localhost: "a" } };
// @ts-expect-error a field is missing
export const missing: SecurityContextSpec = { seccompProfile: { localhostProfile: "a" } };
// @ts-expect-error there is no such kind
export const kind: Config = { apiVersion: "krmor.dev/v1alpha1", kind: "Probe" };
// @ts-expect-error of another version
export const version: Config = { apiVersion: "krmor.dev/v1", kind: "Probes" };
// @ts-expect-error the spec of another kind
export const other: Config = { apiVersion: "krmor.dev/v1alpha1", kind: "Probes", spec: { level: "restricted" } };
// @ts-expect-error a pipeline without functions
export const empty: Pipeline = { apiVersion: "krmor.dev/v1alpha1", kind: "Pipeline", spec: {} };
export const entry: Pipeline = {
  apiVersion: "krmor.dev/v1alpha1",
  kind: "Pipeline",
  // @ts-expect-error an unknown field of an entry's spec
  spec: { functions: { a: { kind: "SecurityContext", spec: { levels: "restricted" } } } },
};

// @ts-expect-error no stream
render();
// @ts-expect-error bytes are no text
render(new Uint8Array(1), "kind: Probes");
// @ts-expect-error a list is no config
render("", []);
// @ts-expect-error an unknown option
render("", "", { allow_empty: true });
// @ts-expect-error a pipeline is no function
render("", "", { function: "Pipeline" });
// @ts-expect-error it is no promise
render("", "").then();
// @ts-expect-error an address is no module
await init("krmor_bg.wasm");
// @ts-expect-error only krmor makes them
new KrmorError("why");
// @ts-expect-error what is removed has no value
export const removed: Patch = { document: 0, op: "remove", path: "/a", value: 1 };
// @ts-expect-error no operation of a report
export const tested: Patch = { document: 0, op: "test", path: "/a", value: 1 };
