//! The npm package as it is installed: its README is true, its types are the configs', a browser can use it, and it keeps
//! its promises on errors, secrets and input and output. `make npm` builds it, `make test-npm` runs this; that every call
//! gives the native bytes is shown in `tests/wasm/`.

#![allow(unreachable_pub, dead_code)] // what its files share is seen by none but them

#[path = "../common/mod.rs"]
mod common;
#[path = "../wasm/host.rs"]
mod host;

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

mod pictures;

use common::{Folder, cases, krmor, pipe, text};
use host::{node, package};
use serde_json::Value;

const SOURCES: &str = "kustomization/npm";

/// A folder in which the tarball is installed, and nothing else.
fn installed() -> Folder {
    get();
    for file in std::fs::read_dir(SOURCES).unwrap().map(|file| file.unwrap().path()) {
        let built = std::fs::read(package().join(file.file_name().unwrap())).ok();
        let fresh = std::env::var_os("UPDATE").is_some() || built == std::fs::read(&file).ok();
        assert!(fresh, "{} is not what target/npm has: run `make npm`", file.display());
    }
    let folder = Folder::new("npm-installed");
    folder.write("package.json", r#"{"private": true, "type": "module"}"#);
    let tarball = package().join(format!("krmor-{}.tgz", env!("CARGO_PKG_VERSION")));
    let mut npm = Command::new("npm");
    npm.args(["install", "--offline", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]).arg(tarball);
    succeeds(npm.current_dir(&folder.0));
    folder
}

/// The tools and the browser, once.
fn get() {
    static GOT: OnceLock<()> = OnceLock::new();
    GOT.get_or_init(|| drop(succeeds(&mut Command::new("tests/npm/get"))));
}

/// Runs a command that must succeed; what it prints.
fn succeeds(command: &mut Command) -> String {
    let out = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(out.status.success(), "{command:?}\n{}{}", text(&out.stdout), text(&out.stderr));
    text(&out.stdout)
}

fn json(path: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The README's blocks: the language, and the text.
fn blocks(readme: &str) -> Vec<(&str, &str)> {
    let fenced = readme.split("```").skip(1).step_by(2);
    fenced.map(|block| block.split_once('\n').expect("a block has lines")).collect()
}

/// Every block of code runs in node, and prints the block of text that stands behind it: `UPDATE=1` writes it.
#[test]
fn the_readme_shows_what_is_printed() {
    let folder = installed();
    let path = Path::new(SOURCES).join("README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let mut wanted = readme.clone();
    let blocks = blocks(&readme);
    let mut count = 0;
    for (number, pair) in blocks.windows(2).enumerate() {
        let [("js", code), ("text", shown)] = pair else { continue };
        folder.write(&format!("readme-{number}.js"), code);
        let printed = succeeds(Command::new("node").arg(format!("readme-{number}.js")).current_dir(&folder.0));
        let (before, after) = (format!("{code}```"), format!("```text\n{shown}```"));
        let at = wanted.find(&before).unwrap() + before.len();
        let start = at + wanted[at..].find(&after).unwrap();
        wanted.replace_range(start..start + after.len(), &format!("```text\n{}\n```", printed.trim_end()));
        count += 1;
    }
    assert_eq!(count, blocks.iter().filter(|(language, _)| *language == "js").count(), "code without what it prints");
    assert!(count >= 3, "only {count} blocks");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    } else {
        assert_eq!(readme, wanted, "README.md shows something else: UPDATE=1 cargo test --test npm writes it");
    }
    // The same bytes as natively, as it says.
    let stream = readme.split('`').find(|part| part.starts_with("apiVersion: v1\n")).expect("a stream");
    folder.write("config", "{apiVersion: krmor.dev/v1alpha1, kind: SecurityContext, spec: {level: restricted}}");
    let native = pipe(krmor().current_dir(&folder.0).args(["--config", "config"]), stream.as_bytes());
    assert!(native.status.success());
    assert!(wanted.contains(&format!("```text\n{}", text(&native.stdout))), "{}", text(&native.stdout));
}

/// The README's code and right uses compile strictly; wrong ones do not.
#[test]
fn types_are_exact() {
    let folder = installed();
    let readme = std::fs::read_to_string(Path::new(SOURCES).join("README.md")).unwrap();
    let code: Vec<&str> =
        blocks(&readme).into_iter().filter(|(language, _)| *language == "js").map(|it| it.1).collect();
    let mut files: Vec<String> = Vec::new();
    for (number, code) in code.iter().enumerate() {
        folder.write(&format!("readme-{number}.ts"), code);
        files.push(format!("readme-{number}.ts"));
    }
    for name in ["right.ts", "mistakes.ts"] {
        folder.write(name, std::fs::read_to_string(Path::new("tests/npm/types").join(name)).unwrap());
        files.push(name.to_owned());
    }
    let compiler = Path::new(".tools/npm/node_modules/typescript/bin/tsc").canonicalize().unwrap();
    for (module, resolution) in [("nodenext", "nodenext"), ("esnext", "bundler")] {
        let mut tsc = Command::new("node");
        tsc.arg(&compiler).args(["--strict", "--noEmit", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess"]);
        tsc.args(["--target", "es2022", "--lib", "es2022,dom", "--types", ""]);
        tsc.args(["--module", module, "--moduleResolution", resolution]).args(&files);
        succeeds(tsc.current_dir(&folder.0));
    }
    let mistakes = std::fs::read_to_string("tests/npm/types/mistakes.ts").unwrap();
    assert!(mistakes.matches("@ts-expect-error").count() >= 15);
}

/// Every field of every config, as `krmor schema` has them; `UPDATE=1` writes the file.
#[test]
fn the_types_are_those_of_the_schema() {
    get();
    let schema = succeeds(krmor().arg("schema"));
    let out = pipe(Command::new("node").arg("tests/npm/types.mjs"), schema.as_bytes());
    assert!(out.status.success(), "{}", text(&out.stderr));
    let (made, path) = (text(&out.stdout), Path::new(SOURCES).join("configs.d.ts"));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, made).unwrap();
    } else {
        let there = std::fs::read_to_string(path).unwrap();
        assert!(made == there, "configs.d.ts is stale: UPDATE=1 cargo test --test npm writes it");
    }
    for function in krmor::functions::FUNCTIONS {
        assert!(text(&out.stdout).contains(&format!("export interface {} {{", function.kind)), "{}", function.kind);
    }
}

/// Wrong calls, wrong inputs, traps; and the module and the code can reach nothing.
#[test]
fn calls_fail_closed() {
    let folder = installed();
    println!("{}", succeeds(Command::new("node").arg("tests/npm/calls.mjs").arg(&folder.0)));
}

/// Vite's build and its server, a page and a worker, a strict policy, no bundler: in Chromium.
#[test]
fn a_browser_can_use_it() {
    let folder = installed();
    println!("{}", succeeds(Command::new("node").arg("tests/npm/pages.mjs").arg(&folder.0)));
}

/// What comes out of a Secret and of variables stands in the output and in nothing else.
#[test]
fn no_answer_tells_a_secret() {
    const CANARY: &str = "cAn4ry-hush";
    let secret = format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData: {{password: {CANARY}}}\n---\napiVersion: v1\n\
         kind: Service\nmetadata: {{name: web}}\nspec: {{selector: {{app: web}}, ports: [{{name: http, port: 80}}]}}\n---\n\
         apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  selector: {{matchLabels: {{app: web}}}}\n  \
         template:\n    metadata: {{labels: {{app: web}}}}\n    spec:\n      containers:\n      - name: web\n        image: \
         nginx:1\n        ports: [{{name: http, containerPort: 80}}]\n        env: [{{name: A, value: {CANARY}}}]\n        \
         envFrom: [{{secretRef: {{name: s}}}}]\n"
    );
    let weak = secret.replace("image:", "securityContext: {privileged: true}\n        image:");
    let broken = secret.replace("stringData: {", "stringData: {a: \"\\q");
    let own = |kind: &str, spec: &str| format!("apiVersion: krmor.dev/v1alpha1\nkind: {kind}\nspec: {spec}\n");
    let mut configs: Vec<String> = cases::all().into_iter().map(|case| case.config).collect();
    configs.extend([
        own("SecurityContext", "{}"),
        own("Environment", &format!("{{overwrite: true, env: {{A: {CANARY}, B: {CANARY}}}}}")),
        own("Environment", &format!("{{env: {{B: {CANARY}}}, wrong: {CANARY}}}")),
        own("Environment", &format!("{{env: {{B: {CANARY}}}, required: [MISSING]}}")),
        own("VaultSecrets", "{}"),
    ]);
    let calls: Vec<_> = configs
        .iter()
        .flat_map(|config| [&secret, &weak, &broken].map(|stream| (vec![config.clone()], stream.as_str())))
        .collect();
    let (mut kept, mut refused, mut masked) = (0, 0, 0);
    for ((arguments, stream), answer) in calls.iter().zip(node("npm", &package(), None, &calls)) {
        let told = format!("{}{}{}", answer.stderr, answer.results, answer.patches);
        assert!(!told.contains(CANARY), "{}\n{stream}\n{told}", arguments[0]);
        assert_ne!(answer.code, Some(-1), "{}", answer.stderr);
        kept += usize::from(answer.code == Some(0) && answer.stdout.contains(CANARY));
        refused += usize::from(answer.code != Some(0));
        masked += usize::from(told.contains("***"));
    }
    assert!(kept > 10 && refused > 10 && masked > 1, "{kept} pass, {refused} are refused, {masked} mask");
}

/// A page waits for the module.
#[test]
fn the_module_is_within_its_budget() {
    let budget = 2_500_000;
    let size = std::fs::metadata(package().join("krmor_bg.wasm")).unwrap().len();
    println!("krmor_bg.wasm: {size} bytes of {budget}");
    assert!(size <= budget, "krmor_bg.wasm has {size} bytes, more than {budget}");
}

/// One version everywhere, and locks that name no host.
#[test]
fn versions_and_locks_agree() {
    assert_eq!(json("kustomization/npm/package.json")["version"], env!("CARGO_PKG_VERSION"));
    let lock = std::fs::read_to_string("Cargo.lock").unwrap();
    let of = |lock: &str, name: &str| {
        let found = lock.split("[[package]]\n").find(|package| package.starts_with(&format!("name = \"{name}\"\n")));
        found.and_then(|package| package.lines().nth(1)).expect(name).to_owned()
    };
    let tool = std::fs::read_to_string("tests/tools/wasm-bindgen/Cargo.lock").unwrap();
    assert_eq!(of(&lock, "wasm-bindgen"), of(&tool, "wasm-bindgen-cli-support"), "any other refuses the module");
    let lock = std::fs::read_to_string("tests/npm/package-lock.json").unwrap();
    assert!(!lock.contains("\"resolved\""), "npm install --omit-lockfile-registry-resolved");
    for (name, version) in json("tests/npm/package.json")["devDependencies"].as_object().unwrap() {
        assert_eq!(
            json("tests/npm/package-lock.json")["packages"][format!("node_modules/{name}")]["version"],
            *version
        );
    }
    // What is published, and no more.
    let files = json("kustomization/npm/package.json")["files"].clone();
    let mut published: Vec<String> =
        files.as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned()).collect();
    published.extend(["LICENSE", "README.md", "package.json"].map(str::to_owned));
    published.sort();
    let folder = installed();
    let there = std::fs::read_dir(folder.0.join("node_modules/krmor")).unwrap();
    let mut there: Vec<String> = there.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    there.sort();
    assert_eq!(there, published);
}
