//! `krmor check`: would a run change anything? Runs are idempotent, so "no" proves that the input came out of one.

use std::io::Write;

use super::{FOUND, Failure, Format, Result, Source, input};
use crate::judged::Judged;
use crate::pipeline::Outcome;
use crate::text;
use crate::transport;

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    #[command(flatten)]
    source: Source,
    /// The form of the report on standard output.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

pub(super) fn run(options: &Options) -> Result<u8> {
    let (config, input, mut report, outcome) = input::run(&options.source)?;
    if outcome != Outcome::Ok {
        report.changes.clear(); // a run would make none of them
    }
    let title = &config.pipeline.title;
    let changes = report.changes.len();
    let many = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    let out = match (options.format.machine(&input.stream, &report, &config.pipeline, false), outcome) {
        (Some(out), _) => out,
        (None, Outcome::Ok) => {
            let verdict = match changes {
                0 => format!("nothing to change in {}", many(input.stream.objects().count(), "object")),
                _ => format!("a run would make {}", many(changes, "change")),
            };
            let judged = Judged::of(&config.pipeline, &input.stream);
            format!("{}{title}: {verdict}; {judged}\n", text::report(&input.stream, &report))
        }
        (None, _) => {
            let (text, count) = transport::failing(&input.stream, &report, &config);
            format!("{text}{title}: {count}; a run would write nothing\n")
        }
    };
    let mut stdout = anstream::stdout().lock();
    stdout.write_all(out.as_bytes()).map_err(|error| Failure::io("standard output", &error))?;
    Ok(match outcome {
        Outcome::Ok if changes > 0 => FOUND,
        outcome => transport::code(outcome),
    })
}
