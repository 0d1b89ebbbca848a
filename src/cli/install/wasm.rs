//! `krmor install kustomize --wasm`: links that run a module. Beside each stands a file of arguments for krmor: which
//! module, by its path and its digest.

use std::path::Path;

use super::super::wasm::{Module, prepare};
use super::super::{Failure, Result, function, write_stdout};
use super::home::{self, Entry};
use super::kustomize::own_path;
use crate::config::API_VERSION;
use crate::schema;

pub(super) fn install(home: &Path, module: &str, kind: Option<&str>) -> Result<u8> {
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
    let copy = Path::new(api_version).join(format!("{}.wasm", code.digest.replace(':', "-")));
    let whole = home.join(&copy);
    let (own, digest) = (own_path()?, code.digest);
    let places: Vec<_> = kinds.into_iter().map(|kind| home::place_of(api_version, kind)).collect();
    let arguments = format!(
        "# Written by krmor install kustomize --wasm\nwasm\nrun\n--digest={digest}\n--plugin={form}\n{}\n",
        whole.display()
    );
    // The arguments are there before the links are: no call in between runs anything else.
    let mut entries = vec![Entry::File { path: copy, bytes: code.bytes, executable: false }];
    entries.extend(places.iter().map(|place| Entry::File {
        path: function::file_beside(place.as_os_str()),
        bytes: arguments.clone().into_bytes(),
        executable: false,
    }));
    entries.extend(places.iter().map(|place| Entry::Link { path: place.clone(), target: own.clone() }));
    let done = home::fill(home, &entries, &[])?;
    let mut out = format!("{} {digest}\n", whole.display());
    for (entry, done) in entries.iter().zip(done).filter(|(entry, _)| matches!(entry, Entry::Link { .. })) {
        out.push_str(&format!("{} {done}\n", home.join(entry.path()).display()));
    }
    out.push_str(&format!("KUSTOMIZE_PLUGIN_HOME={}\n", home.display()));
    write_stdout(out.as_bytes())?;
    Ok(0)
}
