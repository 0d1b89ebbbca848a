//! `krmor_bg.wasm` of the npm package: what its `render.js` calls, by the glue that wasm-bindgen writes.
//!
//! Text in, one text of JSON out: the glue then needs nothing but strings, and the module no code that builds objects. A
//! panic is a trap here: see `tests/tools/wasm`.

use serde_json::{Map, Value, json};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::text;
use crate::transport::{self, Config, Options};
use crate::values::json_text;

/// A stream with a config, or a ResourceList with its own, as the native krmor takes them on standard input and by
/// `--config config`. The answer is `{output, results, patches}`, or `{code, message, output, results}`.
#[wasm_bindgen]
#[must_use]
#[allow(clippy::needless_pass_by_value)] // what may be missing comes by value or not at all
pub fn render(stream: String, config: Option<String>, function: Option<String>, allow_empty: bool) -> String {
    let function = function.as_deref();
    let config = config.map(|config| Config::read("config", config.into_bytes(), function));
    let (mut told, mut out) = (Value::Null, Vec::new());
    let mut tell = |stream: &_, report: &_| told = text::as_json(stream, report);
    let options = Options { config, function, allow_empty, tell: Some(&mut tell), ..Options::default() };
    let answer = transport::run(stream.into_bytes(), options, &mut out);
    let mut fields = match (answer, told) {
        (Ok(_), Value::Object(told)) => told,
        // Nothing was run: an empty input that is accepted.
        (Ok(_), _) => Map::from_iter(["results", "patches"].map(|key| (key.to_owned(), json!([])))),
        (Err(failure), _) => {
            let of = [
                ("code", json!(failure.code)),
                ("message", json!(failure.message)),
                ("results", json!(failure.results)),
            ];
            Map::from_iter(of.map(|(key, value)| (key.to_owned(), value)))
        }
    };
    fields.insert("output".to_owned(), Value::String(String::from_utf8_lossy(&out).into_owned()));
    json_text(&Value::Object(fields))
}
