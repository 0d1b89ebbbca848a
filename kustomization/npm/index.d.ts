import type { Config } from "./configs.js";

export type * from "./configs.js";

/** A value of JSON. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** How a function is called, apart from stream and config. */
export interface Options {
  /** The function to run, where the config is a kpt-style ConfigMap, or a ResourceList has none: `--function`. */
  function?: Exclude<Config["kind"], "Pipeline">;
  /** Accept a stream without any object: `--allow-empty`. Default: `false`. */
  allowEmpty?: boolean;
}

/** What a run gives. */
export interface Rendered {
  /** The stream, or ResourceList, with the changes in it. All other bytes are as they were. */
  output: string;
  /** What was found, then what was changed, as KRM has it, values of secrets masked. */
  results: Result[];
  /** The changes as operations of JSON Patch, in the order they were made, values of secrets masked. Each belongs to the result
   * of the same rank among those whose tags have a `class`, which says why. */
  patches: Patch[];
}

/** A finding, or a change with its reason: a result as KRM functions give them. */
export interface Result {
  /** What is the matter and what to do about it, or the reason of the change. */
  message: string;
  /** Changes are `info`. */
  severity: "error" | "warning" | "info";
  /** The object; none where it is about the config or the stream as a whole. */
  resourceRef?: { apiVersion: string; kind: string; name: string; namespace?: string };
  /** The field, as `spec.containers[0].image`, and for changes its values. */
  field?: { path: string; currentValue?: Json; proposedValue?: Json };
  /** Where the object comes from, as the caller's annotations say. */
  file?: { path: string; index: number };
  /** Who says so; none where nothing was run. */
  tags?: FindingTags | ChangeTags;
}

/** Where a finding comes from. */
export interface FindingTags {
  /** The function, by the name it has in the pipeline; none where the config cannot be used. */
  function?: string;
  /** Short and stable, such as `conflict/privileged`. */
  rule: string;
  /** JSON Pointer of the field from the root of its document, or of the config. */
  pointer: string;
}

/** Where a change comes from, and what it was. */
export interface ChangeTags extends FindingTags {
  function: string;
  /** Nothing was there; something weaker was; or the config says that what was there gives way. */
  class: "added" | "raised" | "updated" | "overridden";
  op: "add" | "remove" | "replace";
  /** For a new object, the number of the document that it stands after. */
  after?: string;
}

/** An operation of JSON Patch on one document of the stream; for a ResourceList, on one of its items. */
export type Patch = {
  /** Number of the document, from 0; a new one has the next number that is free. */
  document: number;
  /** JSON Pointer from the document's root. Empty: the whole document. */
  path: string;
  /** For a new document, the number of the one that it stands after. */
  after?: number;
} & ({ op: "add" | "replace"; value: Json } | { op: "remove"; value?: never });

/** Why krmor refused. There is no output then to be taken for a hardened one. */
export class KrmorError extends Error {
  private constructor();
  name: "KrmorError";
  /** The bytes that the native krmor prints on standard error. */
  message: string;
  /** The exit code: 1 for findings and conflicts, 2 for a wrong config, input or call, 3 where krmor itself failed. */
  code: 1 | 2 | 3;
  /** What the native krmor writes: a ResourceList with its items as they came and the reason among its results, or nothing. */
  output: string;
  /** Why, as results; there is always one. */
  results: Result[];
}

/**
 * Loads the module; once, however often it is called. In Node it is there with the import.
 *
 * @param module The compiled module, or its bytes; by default `krmor_bg.wasm` beside the package's code is fetched.
 */
export function init(module?: (WebAssembly.Module & object) | BufferSource): Promise<void>; // a Module alone has no members: a string would be one

/**
 * Runs a config over a stream of manifests.
 *
 * @param stream YAML documents, JSON, or a ResourceList.
 * @param config YAML, JSON, or an object. A ResourceList may have its own.
 * @throws {KrmorError} When krmor refuses.
 * @throws {TypeError} When the call is wrong.
 */
export function render(stream: string, config?: string | Config, options?: Options): Rendered;
