//! The container image: what is in it, that two builds are the same bytes, and what a real engine and stock kustomize make of
//! it. Run by `make test-image`, which brings the engine (`tests/tools/engine`).

#![allow(unreachable_pub, dead_code)] // what it shares with others is seen by none but it

#[path = "wasm/calls.rs"]
mod calls;
mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use calls::Call;
use common::apps::overlays;
use common::{Folder, cases, copy, engine, krmor, pipe, text, tool};
use serde_json::{Value, json};

const ARCHES: [&str; 2] = ["amd64", "arm64"];

/// Compressed, as a registry stores it and a node pulls it.
const MOST_BYTES: u64 = 8_000_000;
/// Unpacked, as a node keeps it: code, for nearly all of it.
const MOST_BYTES_UNPACKED: u64 = 16_000_000;

/// Every file of the image, as `tar` lists it.
const FILES: &[&str] = &[
    "drwxr-xr-x 0/0 1970-01-01 00:00 etc/",
    "-rw-r--r-- 0/0 1970-01-01 00:00 etc/passwd",
    "-rwxr-xr-x 0/0 1970-01-01 00:00 krmor",
    "drwxr-xr-x 0/0 1970-01-01 00:00 licenses/",
    "-rw-r--r-- 0/0 1970-01-01 00:00 licenses/LICENSE",
];

/// The kustomize flags of a function that runs as a container: `kyaml/fn/runtime/container`.
const KUSTOMIZE: &[&str] =
    &["run", "--rm", "-i", "--network", "none", "--user", "nobody", "--security-opt=no-new-privileges"];

/// Nothing that a container can be denied is needed.
const STRICTEST: &[&str] = &[
    "run",
    "--rm",
    "-i",
    "--network",
    "none",
    "--read-only",
    "--cap-drop",
    "ALL",
    "--security-opt=no-new-privileges",
    "--pids-limit",
    "16",
    "--memory",
    "256m",
];

/// Builds the image; the digest of its index.
fn build(checkout: &Path, target: &Path, revision: Option<&str>) -> String {
    let mut command = Command::new(checkout.join("tests/tools/image"));
    command.current_dir(checkout).arg(target).env_remove("REVISION");
    if let Some(revision) = revision {
        command.env("REVISION", revision);
    }
    text(&ran(&mut command).stdout).trim().to_owned()
}

fn ran(command: &mut Command) -> Output {
    let out = command.output().unwrap();
    assert!(out.status.success(), "{command:?}:\n{}{}", text(&out.stdout), text(&out.stderr));
    out
}

fn read_json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))).unwrap()
}

/// The layout that `make image` has made, or makes now; and the digest of its index.
static BUILT: LazyLock<String> = LazyLock::new(|| build(&root(), Path::new("target"), None));

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn layout() -> PathBuf {
    assert!(BUILT.starts_with("sha256:"), "{}", *BUILT);
    root().join("target/image")
}

fn blob(layout: &Path, descriptor: &Value) -> PathBuf {
    layout.join("blobs").join(descriptor["digest"].as_str().unwrap().replace(':', "/"))
}

/// The index over both platforms, and each platform's manifest and config.
fn images(layout: &Path) -> (Value, BTreeMap<String, (Value, Value)>) {
    let top = read_json(&layout.join("index.json"));
    let index = read_json(&blob(layout, &top["manifests"][0]));
    let mut out = BTreeMap::new();
    for entry in index["manifests"].as_array().unwrap() {
        let manifest = read_json(&blob(layout, entry));
        let config = read_json(&blob(layout, &manifest["config"]));
        assert_eq!(entry["platform"], json!({"architecture": config["architecture"], "os": "linux"}));
        out.insert(config["architecture"].as_str().unwrap().to_owned(), (manifest, config));
    }
    (index, out)
}

/// The commit that the image says it was made from; empty where the sources are no commit's.
fn revision(index: &Value) -> String {
    index["annotations"]["org.opencontainers.image.revision"].as_str().unwrap_or_default().to_owned()
}

/// As an init container: the image has no shell and no `cp`, and what it installs is used where it is mounted elsewhere.
#[test]
fn the_image_fills_a_plugin_home_for_others() {
    let Some(image) = loaded() else { return };
    let volume = Folder::new("init-container");
    let mut command = Command::new("docker");
    command.args(["run", "--rm", "--network", "none", "--user", "0", "--volume"]);
    command.arg(format!("{}:/plugins", volume.0.display())).arg(image);
    let said = text(&ran(command.args(["install", "kustomize", "--home", "/plugins/krmor"])).stdout);
    assert!(said.contains(&format!("/krmor-{} written", env!("CARGO_PKG_VERSION"))), "{said}");
    for overlay in overlays() {
        let mut build = Command::new(tool("kustomize"));
        build.args(["build", "--enable-alpha-plugins"]).arg(&overlay);
        let out = ran(build.env("KUSTOMIZE_PLUGIN_HOME", volume.0.join("krmor")));
        let wanted = std::fs::read_to_string(overlay.join("expected.yaml")).unwrap();
        assert_eq!(text(&out.stdout), wanted, "{}", overlay.display());
    }
}

#[test]
fn every_blob_is_named_by_its_digest_and_referred_to() {
    let layout = layout();
    assert_eq!(read_json(&layout.join("oci-layout")), json!({"imageLayoutVersion": "1.0.0"}));
    let mut wanted = BTreeSet::new();
    let mut visit = vec![read_json(&layout.join("index.json"))];
    while let Some(object) = visit.pop() {
        let lists = ["manifests", "layers"].iter().filter_map(|list| object[list].as_array());
        let config = object.get("config").filter(|config| config.get("digest").is_some());
        for descriptor in lists.flatten().chain(config) {
            let path = blob(&layout, descriptor);
            assert_eq!(path.metadata().unwrap().len(), descriptor["size"].as_u64().unwrap(), "{descriptor}");
            let sum = text(&ran(Command::new("sha256sum").arg(&path)).stdout);
            assert_eq!(format!("sha256:{}", &sum[..64]), descriptor["digest"].as_str().unwrap());
            if descriptor["mediaType"].as_str().unwrap().ends_with("+json") {
                visit.push(read_json(&path));
            }
            wanted.insert(path);
        }
    }
    let there = std::fs::read_dir(layout.join("blobs/sha256")).unwrap().map(|entry| entry.unwrap().path());
    assert_eq!(there.collect::<BTreeSet<_>>(), wanted);
    // Two platforms: config, layer and manifest each, and the index over them.
    assert_eq!(wanted.len(), 7);
}

#[test]
fn labels_and_config_say_what_it_is() {
    let (index, images) = images(&layout());
    assert_eq!(images.keys().collect::<Vec<_>>(), ARCHES);
    let mut labels = json!({
        "org.opencontainers.image.title": "krmor",
        "org.opencontainers.image.description": env!("CARGO_PKG_DESCRIPTION"),
        "org.opencontainers.image.licenses": "Apache-2.0",
        "org.opencontainers.image.version": env!("CARGO_PKG_VERSION"),
    });
    let revision = revision(&index);
    if !revision.is_empty() {
        assert_eq!(revision, text(&ran(Command::new("git").args(["rev-parse", "HEAD"])).stdout).trim());
        labels["org.opencontainers.image.revision"] = json!(revision);
    }
    assert_eq!(index["annotations"], labels);
    for (manifest, config) in images.values() {
        assert_eq!(manifest["annotations"], labels);
        let wanted = json!({"User": "65534:65534", "Entrypoint": ["/krmor"], "WorkingDir": "/", "Labels": labels});
        assert_eq!(config["config"], wanted);
        assert_eq!(config.get("created"), None, "a time would make every build another one");
    }
}

#[test]
fn the_layer_holds_a_static_binary_nobody_and_the_licence() {
    let layout = layout();
    for (arch, (manifest, config)) in images(&layout).1 {
        let layers = manifest["layers"].as_array().unwrap();
        assert_eq!(layers.len(), 1);
        let size = layers[0]["size"].as_u64().unwrap();
        println!("{arch}: {size} bytes compressed");
        assert!(size < MOST_BYTES, "{arch}: {size} bytes");
        let layer = blob(&layout, &layers[0]);
        let packed = ran(Command::new("gzip").arg("-dc").arg(&layer)).stdout;
        let folder = Folder::new("layer");
        let file = folder.write("layer.tar", &packed);
        let sum = text(&ran(Command::new("sha256sum").arg(&file)).stdout);
        assert_eq!(config["rootfs"], json!({"type": "layers", "diff_ids": [format!("sha256:{}", &sum[..64])]}));

        let list = ran(Command::new("tar").env("TZ", "UTC").args(["--numeric-owner", "-tvf"]).arg(&file));
        assert_eq!(without_sizes(&text(&list.stdout)), FILES);
        ran(Command::new("tar").arg("-xf").arg(&file).arg("-C").arg(&folder.0));
        let passwd = std::fs::read_to_string(folder.0.join("etc/passwd")).unwrap();
        assert!(passwd.contains("\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n"), "{passwd}");
        assert_eq!(std::fs::read("LICENSE").unwrap(), std::fs::read(folder.0.join("licenses/LICENSE")).unwrap());

        let binary = std::fs::read(folder.0.join("krmor")).unwrap();
        println!("{arch}: {} bytes unpacked", binary.len());
        assert!(u64::try_from(binary.len()).unwrap() < MOST_BYTES_UNPACKED, "{arch}: {} bytes", binary.len());
        let machine = u16::from_le_bytes([binary[18], binary[19]]);
        assert_eq!((&binary[..4], machine), (&b"\x7fELF"[..], if arch == "amd64" { 62 } else { 183 }));
        assert!(!program_headers(&binary).contains(&3), "{arch}: it asks for a dynamic linker");
        let contains = |part: &str| binary.windows(part.len()).any(|window| window == part.as_bytes());
        for path in [root().to_str().unwrap(), &std::env::var("HOME").unwrap(), "/.cargo"] {
            assert!(path.len() < 3 || !contains(&format!("{path}/")), "{arch}: the binary tells of {path}");
        }
    }
}

/// The lines of `tar -tv` with one space between fields and no sizes.
fn without_sizes(list: &str) -> Vec<String> {
    let fields = |line: &str| {
        let mut fields: Vec<&str> = line.split_whitespace().collect();
        fields.remove(2);
        fields.join(" ")
    };
    list.lines().map(fields).collect()
}

/// The types of the segments of a little-endian 64-bit ELF file.
fn program_headers(elf: &[u8]) -> Vec<u32> {
    let number =
        |at: usize, length: usize| elf[at..at + length].iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
    let (start, size, count) = (number(32, 8), number(54, 2), number(56, 2));
    (0..count).map(|index| u32::try_from(number(start + index * size, 4)).unwrap()).collect()
}

/// From another folder, with another target folder, from sources with other times and modes.
#[test]
fn two_builds_give_the_same_digest() {
    let first = BUILT.clone();
    let folder = Folder::new("second-checkout");
    let checkout = folder.0.join("a/deeper/checkout");
    std::fs::create_dir_all(&checkout).unwrap();
    let listed = ran(Command::new("git").args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]));
    for name in text(&listed.stdout).split_terminator('\0').filter(|name| Path::new(name).is_file()) {
        let path = checkout.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::copy(name, path).unwrap();
    }
    std::os::unix::fs::symlink(root().join(".tools"), checkout.join(".tools")).unwrap(); // tools need not be built again
    ran(Command::new("chmod").args(["-R", "go-rwx"]).arg(&checkout));
    let target = folder.0.join("elsewhere");
    let second = build(&checkout, &target, Some(&revision(&images(&layout()).0)));
    assert_eq!(first, second);
    let sbom = |target: &Path| std::fs::read(target.join("image.cdx.json")).unwrap();
    assert_eq!(sbom(&root().join("target")), sbom(&target));
}

#[test]
fn the_sbom_lists_what_is_in_the_binary() {
    layout();
    let sbom = read_json(&root().join("target/image.cdx.json"));
    assert_eq!((&sbom["bomFormat"], &sbom["specVersion"]), (&json!("CycloneDX"), &json!("1.6")));
    assert!(sbom.get("serialNumber").is_none() && sbom["metadata"].get("timestamp").is_none());
    assert_eq!(sbom["metadata"]["component"]["version"], env!("CARGO_PKG_VERSION"));
    let lock = std::fs::read_to_string("Cargo.lock").unwrap();
    let components = sbom["components"].as_array().unwrap();
    let (mut crates, mut own, mut scopes) = (0, 0, BTreeMap::new());
    for component in components {
        let field = |name: &str| component[name].as_str().unwrap_or_else(|| panic!("no {name}: {component}"));
        scopes.insert(field("name"), field("scope"));
        assert!(component["licenses"][0]["expression"].is_string(), "{component}");
        if !field("bom-ref").starts_with("pkg:cargo/") {
            own += usize::from(field("name").starts_with("krmor-"));
            continue;
        }
        crates += 1;
        let hash = component["hashes"][0]["content"].as_str().unwrap();
        let entry = format!("name = \"{}\"\nversion = \"{}\"\n", field("name"), field("version"));
        let rest = lock.split(&entry).nth(1).unwrap_or_else(|| panic!("not in Cargo.lock: {component}"));
        assert!(rest.split("\n\n").next().unwrap().contains(hash), "{component}");
    }
    assert_eq!((own, components.len()), (3, crates + own + 2), "crates, our packages, rust-std, musl");
    assert_eq!((scopes["serde"], scopes["clap"], scopes["musl"]), ("required", "required", "required"));
    assert_eq!((scopes["syn"], scopes["serde_derive"]), ("excluded", "excluded"), "only the compiler runs them");
    for left_out in ["jsonschema", "libtest-mimic", "wasmtime"] {
        assert!(!scopes.contains_key(left_out), "{left_out} is not in the image");
    }
    let refs: BTreeSet<&str> = components.iter().map(|component| component["bom-ref"].as_str().unwrap()).collect();
    for dependency in sbom["dependencies"].as_array().unwrap() {
        for on in dependency["dependsOn"].as_array().into_iter().flatten() {
            assert!(refs.contains(on.as_str().unwrap()), "{dependency}");
        }
    }
}

// What follows needs a container engine.

/// The image, loaded into the engine from the layout; `None` where there is no engine.
fn loaded() -> Option<&'static str> {
    static LOADED: LazyLock<Option<String>> = LazyLock::new(|| engine::load(&layout()));
    LOADED.as_deref()
}

/// The image that `docker build` makes of the Dockerfile.
fn dockerfiled() -> Option<&'static str> {
    static IMAGE: LazyLock<Option<&str>> = LazyLock::new(|| {
        loaded()?;
        let mut command = Command::new("docker");
        command.args(["build", "--file", "kustomization/image/Dockerfile", "--tag", "krmor-by-docker"]);
        let revision = revision(&images(&layout()).0);
        for argument in [
            concat!("VERSION=", env!("CARGO_PKG_VERSION")),
            &format!("REVISION={revision}"),
            &format!("TARGETARCH={}", engine::arch()),
        ] {
            command.args(["--build-arg", argument]);
        }
        command.arg("target/image-parts");
        // BuildKit needs a plugin of the client, which not every engine has.
        if !command.output().unwrap().status.success() {
            ran(command.env("DOCKER_BUILDKIT", "0"));
        }
        Some("krmor-by-docker")
    });
    *IMAGE
}

fn container(flags: &[&str], image: &str, args: &[&str], stdin: &[u8]) -> Output {
    pipe(Command::new("docker").args(flags).arg(image).args(args), stdin)
}

/// Law 6 for the container: what comes out, what is said and how it ends, as natively. All other calls of law 6 go to the same
/// program outside of a container (`tests/wasm/`), which takes a tenth of the time.
#[test]
fn a_container_gives_the_same_bytes_as_the_native_binary() {
    let Some(image) = loaded() else { return };
    let (mut failed, mut count) = (0, 0);
    let mut compare = |name: &str, input: &str| {
        let native = pipe(&mut krmor(), input.as_bytes());
        let flags = if count % 2 == 0 { KUSTOMIZE } else { STRICTEST };
        let boxed = container(flags, image, &[], input.as_bytes());
        assert_eq!(text(&boxed.stdout), text(&native.stdout), "{name}");
        assert_eq!(text(&boxed.stderr), text(&native.stderr), "{name}");
        assert_eq!(boxed.status.code(), native.status.code(), "{name}");
        failed += usize::from(!native.status.success());
        count += 1;
    };
    for readme in cases::readmes() {
        // The first ones show what a function does; the last ones are mostly errors.
        let all = cases::cases(&readme);
        for case in all.iter().take(2).chain(all.iter().rev().take(2)) {
            let call = Call { name: case.title.clone(), config: case.config.clone(), stream: case.input.clone() };
            compare(&call.name, &call.list().unwrap());
        }
    }
    for example in calls::examples() {
        compare(&example.name, &example.list().unwrap());
    }
    let version = text(&ran(Command::new("docker").args(["version", "--format", "{{.Server.Version}}"])).stdout);
    println!("| {:<42} | {:<16} | {count:>5} | yes   |", "a container of the image, ResourceLists", version.trim());
    assert!(count > 40 && failed > 5, "{failed} of {count}");
}

/// `kustomization/kpt` by the image: the bytes that the native krmor gives, and a failure leaves the package alone.
#[test]
fn kpt_runs_the_container_in_its_pipeline() {
    let Some(image) = loaded() else { return };
    // To a name without a folder kpt adds its own registry.
    let tag = "localhost/krmor:test";
    ran(Command::new("docker").args(["tag", image, tag]));
    let render = |function: &str, config: &dyn Fn(String) -> String, flags: &[&str]| {
        let folder = Folder::new("kpt-image");
        copy(Path::new("kustomization/kpt"), &folder.0);
        let edit = |name: &str, change: &dyn Fn(String) -> String| {
            let file = folder.0.join(name);
            std::fs::write(&file, change(std::fs::read_to_string(&file).unwrap())).unwrap();
        };
        edit("Kptfile", &|text| text.replace("exec: krmor", function));
        edit("krmor.yaml", config);
        let before = std::fs::read_to_string(folder.0.join("app.yaml")).unwrap();
        let mut kpt = Command::new(tool("kpt"));
        kpt.args(["fn", "render"]).arg(&folder.0).args(flags).arg("--truncate-output=false").env("TMPDIR", &folder.0);
        let out = kpt.output().unwrap();
        let after = std::fs::read_to_string(folder.0.join("app.yaml")).unwrap();
        (out, before, after)
    };
    let same = |config: String| config;
    let by_image = format!("image: {tag}");
    let (out, before, boxed) = render(&by_image, &same, &["--image-pull-policy", "never"]);
    assert!(out.status.success(), "{}{}", text(&out.stdout), text(&out.stderr));
    let exec = format!("exec: {}", env!("CARGO_BIN_EXE_krmor"));
    let (out, _, native) = render(&exec, &same, &["--allow-exec"]);
    assert!(out.status.success(), "{}{}", text(&out.stdout), text(&out.stderr));
    assert_eq!(boxed, native);
    assert_ne!(boxed, before);
    let broken = |config: String| config.replacen("spec:", "spec:\n  nonsense: true", 1);
    let (out, before, after) = render(&by_image, &broken, &["--image-pull-policy", "never"]);
    assert!(!out.status.success());
    assert!(text(&out.stderr).contains("nonsense"), "{}", text(&out.stderr));
    assert_eq!(after, before);
}

/// A copy of an overlay whose config names a function; its folder.
fn overlay_with(overlay: &Path, folder: &Folder, function: &str, config: impl Fn(String) -> String) -> PathBuf {
    let example = overlay.parent().unwrap().parent().unwrap();
    let target = folder.0.join(example.file_name().unwrap());
    copy(example, &target);
    let target = target.join("overlays").join(overlay.file_name().unwrap());
    let file = target.join("krmor.yaml");
    let annotation = format!("metadata:\n  annotations:\n    config.kubernetes.io/function: |\n      {function}\n");
    let text = std::fs::read_to_string(&file).unwrap().replacen("metadata:\n", &annotation, 1);
    std::fs::write(&file, config(text)).unwrap();
    target
}

fn kustomize(overlay: &Path, flags: &[&str]) -> Output {
    let mut command = Command::new(tool("kustomize"));
    command.args(["build", "--enable-alpha-plugins"]).args(flags).arg(overlay);
    command.env("KUSTOMIZE_PLUGIN_HOME", "/nowhere").output().unwrap()
}

#[test]
fn stock_kustomize_runs_the_container_and_renders_the_same_bytes() {
    let (Some(image), Some(other)) = (loaded(), dockerfiled()) else { return };
    let exec = format!("exec: {{path: {}}}", env!("CARGO_BIN_EXE_krmor"));
    for overlay in overlays() {
        let folder = Folder::new("native");
        let native = kustomize(&overlay_with(&overlay, &folder, &exec, |config| config), &["--enable-exec"]);
        assert!(native.status.success(), "{}", text(&native.stderr));
        assert!(!native.stdout.is_empty());
        for image in [image, other] {
            let folder = Folder::new("container");
            let function = format!("container: {{image: {image}}}");
            let boxed = kustomize(&overlay_with(&overlay, &folder, &function, |config| config), &[]);
            assert_eq!(text(&boxed.stderr), "", "{image}, {}", overlay.display());
            assert!(boxed.status.success());
            assert_eq!(text(&boxed.stdout), text(&native.stdout), "{image}, {}", overlay.display());
        }
    }
}

#[test]
fn a_failing_function_fails_the_build_and_says_why() {
    let (Some(image), Some(other)) = (loaded(), dockerfiled()) else { return };
    for image in [image, other] {
        let folder = Folder::new("failing");
        let function = format!("container: {{image: {image}}}");
        let broken = |config: String| config.replace("level: restricted", "levle: restricted");
        let out = kustomize(&overlay_with(Path::new("examples/antwort/overlays/dev"), &folder, &function, broken), &[]);
        assert!(!out.status.success());
        assert_eq!(text(&out.stdout), "");
        let message = text(&out.stderr);
        assert!(message.contains("Pipeline harden") && message.contains("did you mean `level`?"), "{message}");
    }
}

#[test]
fn the_image_of_the_dockerfile_is_the_same_but_for_its_digest() {
    let (Some(image), Some(other)) = (loaded(), dockerfiled()) else { return };
    let inspect = |image: &str| {
        let out = ran(Command::new("docker").args(["image", "inspect", image]));
        let mut config = serde_json::from_slice::<Value>(&out.stdout).unwrap()[0]["Config"].take();
        config["Labels"].as_object_mut().unwrap().retain(|_, value| value != "");
        config
    };
    let files = |image: &str| {
        let created = text(&ran(Command::new("docker").args(["create", "--network", "none", image])).stdout);
        let folder = Folder::new("export");
        let file = folder.0.join("files.tar");
        ran(Command::new("docker").args(["export", "-o"]).arg(&file).arg(created.trim()));
        ran(Command::new("docker").args(["rm", created.trim()]));
        let list = ran(Command::new("tar").args(["--numeric-owner", "-tvf"]).arg(&file));
        let list = text(&list.stdout);
        // Without times, and without what the engine itself puts into every container.
        let ours = list
            .lines()
            .filter(|line| ["etc/passwd", "krmor", "licenses/", "LICENSE"].iter().any(|end| line.ends_with(end)));
        let fields = |line: &str| {
            line.split_whitespace()
                .enumerate()
                .filter(|(at, _)| ![3, 4].contains(at))
                .map(|(_, word)| format!("{word} "))
                .collect::<String>()
        };
        ours.map(fields).collect::<Vec<_>>()
    };
    let (ours, theirs) = (inspect(image), inspect(other));
    for field in ["User", "Entrypoint", "WorkingDir", "Labels", "Cmd"] {
        assert_eq!(theirs[field], ours[field], "{field}");
    }
    assert_eq!(files(other), files(image));
    assert_eq!(files(image).len(), 4);
}

/// `kpt fn doc --image` shows what the image prints for `--help`.
#[test]
fn help_and_version_come_from_the_image() {
    let Some(image) = loaded() else { return };
    for flag in ["--help", "--version"] {
        let boxed = container(KUSTOMIZE, image, &[flag], b"");
        assert!(boxed.status.success(), "{}", text(&boxed.stderr));
        assert_eq!(text(&boxed.stdout), text(&krmor().arg(flag).output().unwrap().stdout));
    }
    let empty = container(KUSTOMIZE, image, &[], b"");
    assert_eq!((empty.status.code(), text(&empty.stdout)), (Some(2), String::new()));
    assert!(text(&empty.stderr).contains("standard input is empty"), "{}", text(&empty.stderr));
}
