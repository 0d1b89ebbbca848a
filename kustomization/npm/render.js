// What the entries for Node and for browsers share: the call of the module, and what it throws. It does no input or output;
// nor can the module, which imports nothing from its host but the throwing of an error.
import { __wbg_reset_state, initSync, render as call } from "./krmor.js";

/** Why krmor refused: what the native command prints, and its exit code. */
export class KrmorError extends Error {
  constructor({ message, code, output, results }, options) {
    super(message, options);
    this.name = "KrmorError";
    this.code = code;
    this.output = output;
    this.results = results;
  }
}

let ready = false;
// Every call has an instance of its own: none sees what another left, memory goes with the call, and what a trap leaves is
// never entered.
let spent = false;

/** Takes the compiled module, once. */
export function use(module) {
  initSync({ module });
  ready = true;
}

export function isReady() {
  return ready;
}

export function render(stream, config, options = {}) {
  const { function: kind, allowEmpty = false, ...unknown } = record(options, "options");
  const [other] = Object.keys(unknown);
  if (other !== undefined) throw new TypeError(`krmor: options has no ${other}; it takes function and allowEmpty`);
  if (typeof allowEmpty !== "boolean") throw new TypeError("krmor: options.allowEmpty must be a boolean");
  const texts = [
    text(stream, "the stream"),
    config === undefined ? undefined : text(typeof config === "string" ? config : json(config), "the config"),
    kind === undefined ? undefined : text(kind, "options.function"),
  ];
  if (!ready) throw new Error("krmor: await init() before the first render()");
  const { code, ...answer } = JSON.parse(run(...texts, allowEmpty));
  if (code !== undefined) throw new KrmorError({ code, ...answer });
  const { output, results, patches } = answer;
  return { output, results, patches };
}

function run(...args) {
  try {
    if (spent) fresh();
    spent = true;
    return call(...args);
  } catch (error) {
    throw broken(error);
  } finally {
    try {
      fresh();
    } catch {
      // There is no memory for another instance now; the next call asks again.
    }
  }
}

function fresh() {
  __wbg_reset_state();
  spent = false;
}

/** A trap, which a panic is, too, or no memory for an instance. */
function broken(error) {
  const told = String(error?.message ?? error);
  const message = `internal error: ${told}; please report it with the input that shows it`;
  const results = [{ message, severity: "error" }];
  return new KrmorError({ message: `error: ${message}\n`, code: 3, output: "", results }, { cause: error });
}

function text(value, what) {
  if (typeof value !== "string") throw new TypeError(`krmor: ${what} must be a string`);
  // Half of a surrogate pair has no bytes: it would come back as another character.
  if (!value.isWellFormed()) throw new TypeError(`krmor: ${what} is not well-formed Unicode`);
  return value;
}

function record(value, what) {
  if (Object.prototype.toString.call(value) !== "[object Object]") throw new TypeError(`krmor: ${what} must be an object`);
  return value;
}

/** A config as JSON, which is YAML; what JSON would drop or bend is refused. */
function json(config) {
  const check = (key, value) => {
    const type = Array.isArray(value) || value === null ? "" : typeof value;
    if (type === "object") record(value, `the config's ${key || "value"}`);
    if (["bigint", "function", "symbol"].includes(type) || (type === "number" && !Number.isFinite(value))) {
      throw new TypeError(`krmor: the config's ${key || "value"} is nothing that JSON has`);
    }
    return value;
  };
  // YAML reads these as line breaks, or not at all, where JSON takes them as they are.
  const special = /[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/g;
  const escape = (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(record(config, "the config"), check).replace(special, escape);
}
