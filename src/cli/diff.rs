//! `krmor diff`: what a run would change, with the reason above each change.

mod blame;
mod hunks;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use super::page::{self, Section};
use super::terminal::{self, Color};
use super::{FOUND, Result, Shape, Source, function, input, write_stdout};
use crate::judged::Judged;
use crate::pipeline::Outcome;
use crate::report::{Change, Report, Severity};
use crate::stream::{ObjectId, Stream};
use crate::text;
use crate::transport::{self, Config};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    #[command(flatten)]
    source: Source,
    /// The form of the diff.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Shape,
    /// Only count: one line for each object, with the rules of its changes.
    #[arg(long)]
    summary: bool,
    /// When to colour: at a terminal (auto), always or never.
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: Color,
    /// So many characters has the Markdown at most.
    #[arg(long, value_name = "NUMBER", default_value_t = page::COMMENT)]
    max_size: usize,
}

pub(super) fn run(options: &Options) -> Result<u8> {
    shown(options).inspect_err(|failure| {
        if options.format == Shape::Markdown {
            let message = anstream::adapter::strip_str(&failure.message).to_string();
            let _ = write_stdout(page::failed(&message, options.max_size).as_bytes());
        }
    })
}

fn shown(options: &Options) -> Result<u8> {
    let (config, input, report, outcome) = input::run(&options.source)?;
    if outcome != Outcome::Ok {
        let mut failure = transport::failed(&input.stream, &report, &config, outcome);
        failure.message.push_str(&format!("{}\n", last_line(&config, &input.stream, &report, 0)));
        return Err(failure);
    }
    let mut by_document: BTreeMap<usize, Vec<&Change>> = BTreeMap::new();
    for change in &report.changes {
        by_document.entry(change.document).or_default().push(change);
    }
    let mut file = text::Lines::default();
    let last = last_line(&config, &input.stream, &report, report.changes.len());
    match options.format {
        Shape::Text => {
            let mut out = anstream::AutoStream::new(std::io::stdout().lock(), options.color.choice());
            let width = terminal::width();
            for changes in by_document.values() {
                let text = match options.summary {
                    true => summary(&input.stream, changes),
                    false => hunks::document(&input.stream, changes, &mut file, width)?,
                };
                out.write_all(text.as_bytes()).map_err(|error| super::unseen(&error))?;
            }
            out.flush().map_err(|error| super::unseen(&error))?;
            function::notes(&input.stream, &report, Severity::Info);
            function::warn(&format!("{last}\n"));
        }
        Shape::Markdown => {
            function::notes(&input.stream, &report, Severity::Warning);
            let section = |changes: &Vec<&Change>| {
                let plain = |text: &str| anstream::adapter::strip_str(text).to_string();
                let title =
                    changes.first().map_or(String::new(), |one| hunks::title(&input.stream, one.object, changes));
                if options.summary {
                    let lines = summary(&input.stream, changes);
                    return Ok(Section {
                        title: plain(title.trim_end()),
                        diff: String::new(),
                        notes: vec![plain(&lines)],
                    });
                }
                let text = hunks::document(&input.stream, changes, &mut file, None)?;
                // The heading has the first title already.
                let diff = text.strip_prefix(&title).unwrap_or(&text);
                Ok(Section { title: plain(title.trim_end()), diff: plain(diff), notes: Vec::new() })
            };
            let sections = by_document.values().map(section).collect::<Result<Vec<_>>>()?;
            let verdict = match report.changes.len() {
                0 => format!("{last}; a run would change nothing"),
                _ => last,
            };
            write_stdout(page::page("What krmor would change", &verdict, &sections, options.max_size).as_bytes())?;
        }
    }
    Ok(if report.changes.is_empty() { 0 } else { FOUND })
}

/// How much was judged, and what came of it.
fn last_line(config: &Config, stream: &Stream, report: &Report, changes: usize) -> String {
    let fail_on = config.pipeline.fail_on;
    let refused = report.findings.iter().filter(|finding| finding.severity >= fail_on).count();
    let warnings =
        report.findings.iter().filter(|one| one.severity == Severity::Warning && one.severity < fail_on).count();
    format!(
        "{}: {}; {}, {refused} refused, {}",
        config.pipeline.title,
        Judged::of(&config.pipeline, stream),
        text::many(changes, "change"),
        text::many(warnings, "warning")
    )
}

/// A line for each object of a document: how many changes, and by which rules.
fn summary(stream: &Stream, changes: &[&Change]) -> String {
    let mut objects: Vec<ObjectId> = Vec::new();
    for change in changes {
        if !objects.contains(&change.object) {
            objects.push(change.object);
        }
    }
    let mut out = String::new();
    for id in objects {
        let own: Vec<&&Change> = changes.iter().filter(|change| change.object == id).collect();
        let rules: BTreeSet<&str> = own.iter().map(|change| change.why.rule.id).collect();
        let rules: Vec<&str> = rules.into_iter().collect();
        let noun = if own.len() == 1 { "change" } else { "changes" };
        out.push_str(&format!(
            "{}: {} {noun}: {}\n",
            hunks::title(stream, id, changes).trim_end(),
            own.len(),
            rules.join(", ")
        ));
    }
    out
}
