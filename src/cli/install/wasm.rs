//! `krmor install kustomize --wasm`: links that run a module. Beside each stands a file of arguments for krmor: which
//! module, by its path and its digest.

use std::path::Path;

use super::super::wasm::{Module, prepare};
use super::super::{Failure, Result, function, input, write_stdout};
use super::{lay, link, own_path, plugin_home};
use crate::config::API_VERSION;
use crate::schema;

pub(super) fn install(home: Option<&Path>, module: &str, kind: Option<&str>) -> Result<u8> {
    let home = plugin_home(home)?;
    let (code, cache) = Module::at(module).get()?;
    let (api_version, kinds, form) = match kind {
        None => (API_VERSION, schema::kinds().collect(), "config-length"),
        Some(kind) => {
            let parts: Vec<&str> = kind.split('/').collect();
            let plain = |part: &&str| !part.is_empty() && !part.starts_with('.');
            if !(2..=3).contains(&parts.len()) || !parts.iter().all(plain) {
                return Err(Failure::usage(format!(
                    "--kind {kind}: it is written GROUP/VERSION/KIND, or VERSION/KIND"
                )));
            }
            let (api_version, kind) = kind.rsplit_once('/').unwrap_or_default();
            (api_version, vec![kind], "resource-list")
        }
    };
    // A module that cannot run, or is not krmor's, is found now; and the first run is fast.
    prepare(&code, cache.as_ref(), kind.is_none())?;
    let copy = home.join(api_version).join(format!("{}.wasm", code.digest.replace(':', "-")));
    let failed = |path: &Path, error: std::io::Error| Failure::io(&path.display().to_string(), &error);
    std::fs::create_dir_all(home.join(api_version)).map_err(|error| failed(&home, error))?;
    let mut files = vec![(copy.clone(), Some(code.bytes))];
    let mut links = Vec::new();
    for kind in kinds {
        let link = link(&home, api_version, kind);
        let folder = link.parent().unwrap_or(&home);
        std::fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
        let arguments = format!(
            "# Written by krmor install kustomize --wasm\nwasm\nrun\n--digest={}\n--plugin={form}\n{}\n",
            code.digest,
            copy.display()
        );
        files.push((function::file_beside(link.as_os_str()), Some(arguments.into_bytes())));
        links.push(link);
    }
    // The arguments are there before the links are: no call in between runs anything else.
    let folders: Vec<_> = files.iter().filter_map(|(path, _)| path.parent().map(Path::to_path_buf)).collect();
    input::write_files(files, &folders)?;
    let target = own_path()?;
    let mut out = format!("{} {}\n", copy.display(), code.digest);
    for link in links {
        let done = lay(&link, &target).map_err(|error| failed(&link, error))?;
        out.push_str(&format!("{} {done}\n", link.display()));
    }
    out.push_str(&format!("KUSTOMIZE_PLUGIN_HOME={}\n", home.display()));
    write_stdout(out.as_bytes())?;
    Ok(0)
}
