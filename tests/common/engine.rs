//! The container image in a container engine, which `tests/tools/engine` brings.

use std::path::Path;
use std::process::Command;

use super::Folder;

/// Loads an OCI layout that `make image` has made; the image's name there. `None` where there is no engine.
pub fn load(layout: &Path) -> Option<String> {
    if std::env::var("KRMOR_ENGINE").is_ok_and(|engine| engine == "none") {
        println!("NOT RUN: there is no container engine (tests/tools/engine)");
        return None;
    }
    let folder = Folder::new("load");
    let file = folder.0.join("image.tar");
    for command in [
        Command::new("tar").arg("-C").arg(layout).arg("-cf").arg(&file).arg("."),
        Command::new("docker").arg("load").arg("-i").arg(&file),
    ] {
        let out = command.output().unwrap();
        assert!(out.status.success(), "{command:?}: {}", super::text(&out.stderr));
    }
    Some(format!("krmor:{}-{}", env!("CARGO_PKG_VERSION"), arch()))
}

/// This machine's architecture, as images name it.
pub fn arch() -> &'static str {
    if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" }
}
