//! kustomize and kubectl on the PATH, and whether they are recent enough.

use super::plugins::{ask, on_path};
use super::{Diagnosis, Place};
use crate::report::Severity::{Error, Info, Warning};

/// kustomize before this spells the flag `--enable_alpha_plugins`.
const FLAG_SINCE: [u32; 3] = [4, 0, 0];
/// kubectl's kustomize before this is kustomize 2, which calls no plugins of ours.
const KUBECTL_SINCE: [u32; 3] = [1, 21, 0];
/// Older ones may do, but nobody has tried: the oldest in the table of docs/callers.md.
const TRIED_SINCE: [u32; 3] = [4, 5, 7];

pub(super) fn judge(diagnosis: &mut Diagnosis) {
    let kustomize = on_path("kustomize");
    let kubectl = on_path("kubectl");
    if kustomize.is_none() && kubectl.is_none() {
        let message = "neither kustomize nor kubectl is on the PATH";
        diagnosis.add(Info, "no-kustomize", None, message, "install kustomize 5, where kustomizations are to be built");
    }
    if let Some(path) = kustomize {
        let place = Place::path(&path);
        let answer = ask(&path, &["version"]);
        match answer.as_deref().and_then(version) {
            None => {
                diagnosis.add(Warning, "tool-version", place, "kustomize does not tell its version", "reinstall it");
            }
            Some(version) => {
                diagnosis.fact("kustomize", format!("{} {}", shown(version), path.display()));
                if version < FLAG_SINCE {
                    let message = format!("kustomize {} does not know --enable-alpha-plugins", shown(version));
                    diagnosis.add(Error, "tool-version", place, message, "install kustomize 5");
                } else if version < TRIED_SINCE {
                    let message = format!("kustomize {} is older than any that krmor was tried with", shown(version));
                    diagnosis.add(Warning, "tool-version", place, message, "install kustomize 5");
                }
            }
        }
    }
    if let Some(path) = kubectl {
        let place = Place::path(&path);
        let answer = ask(&path, &["version", "--client", "--output", "json"]).unwrap_or_default();
        let answer: serde_json::Value = serde_json::from_str(&answer).unwrap_or_default();
        let text = |pointer: &str| answer.pointer(pointer).and_then(serde_json::Value::as_str).and_then(version);
        let (own, inside) = (text("/clientVersion/gitVersion"), text("/kustomizeVersion"));
        let Some(own) = own else {
            return diagnosis.add(Warning, "tool-version", place, "kubectl does not tell its version", "reinstall it");
        };
        let with = inside.map_or(String::new(), |inside| format!(" with kustomize {}", shown(inside)));
        diagnosis.fact("kubectl", format!("{}{with} {}", shown(own), path.display()));
        if own < KUBECTL_SINCE {
            let message = format!("`kubectl kustomize` of kubectl {} calls no plugins", shown(own));
            diagnosis.add(Error, "tool-version", place, message, "install a newer kubectl, or kustomize 5");
        } else if inside.is_some_and(|inside| inside < TRIED_SINCE) {
            let message = format!("kubectl {}{with} is older than any that krmor was tried with", shown(own));
            diagnosis.add(Warning, "tool-version", place, message, "install a newer kubectl, or kustomize 5");
        }
    }
}

fn shown(version: [u32; 3]) -> String {
    version.map(|part| part.to_string()).join(".")
}

/// The first `v1.2.3` in a tool's answer: kustomize 4 and older wrap it in braces.
fn version(text: &str) -> Option<[u32; 3]> {
    text.split('v').skip(1).find_map(|rest| {
        let number = rest.split(|c: char| !c.is_ascii_digit() && c != '.').next()?;
        let mut parts = number.split('.').map(|part| part.parse().ok());
        Some([parts.next()??, parts.next()??, parts.next()??])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_every_answer() {
        for (answer, wanted) in [
            ("v5.8.2\n", Some([5, 8, 2])),
            ("{Version:kustomize/v4.5.7 GitCommit:56d8 BuildDate:2022-08-02 GoOs:linux}", Some([4, 5, 7])),
            ("v1.36.3-rc.1+k3s1", Some([1, 36, 3])),
            ("(devel)", None),
            ("", None),
        ] {
            assert_eq!(version(answer), wanted, "{answer}");
        }
        assert!([3, 10, 0] < FLAG_SINCE && [4, 5, 7] >= FLAG_SINCE);
    }
}
