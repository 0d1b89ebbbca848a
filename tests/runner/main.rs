//! `krmor wasm run`: modules of others and our own in stock kustomize and kubectl, limits, digests, the cache, and that no
//! function fails in silence. `make test-wasm` builds what this needs.

#![allow(unreachable_pub)] // what its files share is seen by none but them

#[path = "../common/mod.rs"]
mod common;

mod place;
mod routes;
mod sandbox;

use std::path::PathBuf;
use std::process::Output;

use common::{Folder, krmor_with_runner, module, pipe, text, tool};

/// krmor's own module.
pub fn own() -> PathBuf {
    module("krmor.wasm")
}

/// A KRM function that others could have made: Go, kyaml, WASI.
pub fn foreign() -> PathBuf {
    tool("annotate")
}

/// Runs a module, written as text.
pub fn run_text(module: &str, flags: &[&str], stdin: &str) -> Output {
    let folder = Folder::new("runner-text");
    let path = folder.write("module.wasm", wat::parse_str(module).unwrap());
    // Not the common cache: it would fill up with these.
    let mut command = krmor_with_runner();
    command.args(["wasm", "run", "--no-cache"]).args(flags).arg(path);
    pipe(&mut command, stdin.as_bytes())
}

/// Fails, with nothing on standard output and this on standard error.
pub fn fails(out: &Output, code: i32, why: &str) {
    let told = text(&out.stderr);
    assert_eq!(out.status.code(), Some(code), "{told}");
    assert_eq!(text(&out.stdout), "", "{told}");
    assert!(told.contains(why), "`{why}` is not in:\n{told}");
    assert!(told.lines().last().is_some_and(|line| line.starts_with("error: ")), "{told}");
}

/// Succeeds; standard output.
pub fn passes(out: &Output) -> String {
    assert!(out.status.success(), "{}", text(&out.stderr));
    text(&out.stdout)
}

/// A stream.
pub const POD: &str =
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  containers:\n  - name: a\n    image: b\n";

/// A ResourceList of one Pod with a ConfigMap config.
pub fn list(data: &str) -> String {
    let pod = POD.replace('\n', "\n  ");
    format!(
        "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- {}\nfunctionConfig:\n  apiVersion: v1\n  \
         kind: ConfigMap\n  metadata: {{name: x}}\n  data: {{{data}}}\n",
        pod.trim_end()
    )
}
