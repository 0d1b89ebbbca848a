//! `Checks` on the manifests of large public projects: how often each rule speaks. `functions/checks/README.md` has the
//! table; `SHOW=1 cargo test --test checks_corpus -- --nocapture` prints it with every finding.

#![allow(clippy::unwrap_used, clippy::disallowed_methods)] // a test may panic, and reads files

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;

use krmor::functions::checks::{Spec, judge};
use krmor::report::Report;
use krmor::stream::Stream;
use krmor::yaml;
use serde_json::json;

#[test]
fn findings_on_public_manifests() {
    let off = json!({"rules": {"pod-security/*": "off"}});
    let spec: Spec = serde_json::from_value(off).unwrap();
    let mut table: BTreeMap<(String, String), usize> = BTreeMap::new();
    let show = std::env::var("SHOW").unwrap_or_default();
    for path in common::corpus() {
        let name = path.display().to_string();
        let (_, module) = name.split_once("/pkg/mod/").unwrap();
        let project =
            module.split('@').next().unwrap().rsplit('/').find(|part| !part.starts_with('v')).unwrap().to_owned();
        let Ok((text, _)) = yaml::decode(std::fs::read(&path).unwrap()) else { continue };
        let Ok(stream) = Stream::parse(&Arc::new(text)) else { continue };
        let mut count = |what: &str, n: usize| *table.entry((project.clone(), what.to_owned())).or_default() += n;
        let objects = stream.objects().filter(|o| !o.kind().is_empty() && !o.api_version().is_empty()).count();
        if objects == 0 {
            continue;
        }
        count("0 files", 1);
        count("0 objects", objects);
        let mut report = Report::default();
        judge(&spec, &stream, &mut report);
        for finding in &report.findings {
            count(&finding.rule, 1);
            if !show.is_empty() && finding.rule.starts_with(&show) {
                println!("{module} {} {} {}", finding.rule, finding.path, finding.message);
            }
        }
    }
    for ((project, what), count) in &table {
        println!("{project} {what}: {count}");
    }
}
