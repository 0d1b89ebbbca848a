//! Plain manifests, which nothing renders: the operator's objects take the places of Secrets at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Migration;
use super::config;
use super::found;
use super::objects::Values;
use super::proof::{self, Streams};
use super::trees::{Sources, convert};
use crate::cli::Result;
use crate::cli::doctor::tree::{File, is_ours};
use crate::excerpt;
use crate::stream::Stream;
use crate::transport::Config;
use crate::yaml;

/// Migrates plain manifests; `None` when there is nothing to migrate.
pub(super) fn manifests(sources: &Sources<'_>) -> Result<Option<Migration>> {
    let Sources { tree, plan, texts, options, .. } = sources;
    let is_object = |document: &yaml::Document| document.root().get("kind").is_some() && !is_ours(document.root());
    let files: Vec<&File> = tree.files().filter(|file| file.documents.iter().any(is_object)).collect();
    let text_of = |file: &File| match texts.get(&file.path) {
        Some(bytes) => Arc::new(String::from_utf8_lossy(bytes).into_owned()),
        None => Arc::clone(&file.text),
    };
    let join = |texts: Vec<String>| texts.join("\n---\n");
    let raw_before = join(files.iter().map(|file| file.text.to_string()).collect());
    let raw_after = join(files.iter().map(|file| text_of(file).to_string()).collect());
    let found = found::placeholders(&raw_after)?;
    if !found.any {
        return Ok(None);
    }
    let config = config::new_file(&config::spec(options, &sources.excluded(&found.names)))?;
    let mut config = Config::read("of these options", config.into_bytes(), None)?;
    config.pipeline.partial = true;
    let (mut documents, mut names, mut ranges) = (Vec::new(), Vec::new(), Vec::new());
    for file in &files {
        let text = text_of(file);
        let parsed = yaml::parse(&text).map_err(|error| excerpt::yaml_error(&file.name, &text, &error))?;
        let start = documents.len();
        let name: Arc<str> = Arc::from(file.name.as_str());
        names.extend((0..parsed.len()).map(|number| Some((Arc::clone(&name), number))));
        documents.extend(parsed);
        ranges.push(start..documents.len());
    }
    let mut stream = Stream::of_documents(documents, |number| names.get(number).cloned().flatten());
    convert(&mut config, &mut stream, sources.origin)?;
    let mut finished = BTreeMap::new();
    for (file, range) in files.iter().zip(ranges) {
        let mut text = String::new();
        match stream.changed(&range) {
            true => stream.render_to(range, |part| text.push_str(part)),
            false => text.push_str(&text_of(file)),
        }
        finished.insert(file.path.clone(), text.into_bytes());
    }
    let after = join(finished.values().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect());
    let changes = sources.changes(finished)?;
    if changes.is_empty() {
        return Ok(None);
    }
    let streams = Streams { raw_before: &raw_before, raw_after: &raw_after, before: &raw_before, after: &after };
    let mut proof = proof::prove(&options.directory.display().to_string(), &streams, &Values::of(&plan.moved))?;
    sources.left(&after, &mut proof.differences)?;
    Ok(Some(Migration { changes, proofs: vec![proof], used: found.texts }))
}
