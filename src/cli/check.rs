//! `krmor check`: would a run change anything? Runs are idempotent, so "no" proves that the input came out of one.

use std::io::Write;

use super::report::{self, Ended, To};
use super::{FOUND, Failure, Format, Result, Source, input, write_stdout};
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
    /// Write the report into a file, too: sarif=FILE, junit=FILE, json=FILE or text=FILE; as often as there are files. It is
    /// whole whatever the exit code.
    #[arg(long, value_name = "FORMAT=FILE")]
    report: Vec<To>,
}

pub(super) fn run(options: &Options) -> Result<u8> {
    if options.report.iter().any(|to| to.file.is_none()) {
        return Err(Failure::usage("--report of check names a file: --report sarif=FILE"));
    }
    checked(options).inspect_err(|failure| {
        // Whoever uploads the report must not take a run that failed for one that found nothing.
        let told = |format: Format| {
            let told = format.failed(&options.source, failure);
            told.unwrap_or_else(|| anstream::adapter::strip_str(&failure.message).to_string())
        };
        let _ = report::write(&options.report, told);
        let _ = options.format.failed(&options.source, failure).map(|out| write_stdout(out.as_bytes()));
    })
}

fn checked(options: &Options) -> Result<u8> {
    let (config, input, mut report, outcome) = input::run(&options.source)?;
    if outcome != Outcome::Ok {
        report.changes.clear(); // a run would make none of them
    }
    let title = &config.pipeline.title;
    let changes = report.changes.len();
    let code = match outcome {
        Outcome::Ok if changes > 0 => FOUND,
        outcome => transport::code(outcome),
    };
    let people = || {
        if outcome != Outcome::Ok {
            let (text, count) = transport::failing(&input.stream, &report, &config);
            return format!("{text}{title}: {count}; a run would write nothing\n");
        }
        let verdict = match changes {
            0 => format!("nothing to change in {}", text::many(input.stream.objects().count(), "object")),
            _ => format!("a run would make {}", text::many(changes, "change")),
        };
        let judged = Judged::of(&config.pipeline, &input.stream);
        format!("{}{title}: {verdict}; {judged}\n", text::report(&input.stream, &report))
    };
    let ended = Ended { stream: &input.stream, report: &report, config: &config, made: false, code };
    let told = |format: Format| format.machine(&options.source, &ended).unwrap_or_else(people);
    report::write(&options.report, |format| anstream::adapter::strip_str(&told(format)).to_string())?;
    let out = told(options.format);
    if options.format == Format::Text {
        let mut stdout = anstream::stdout().lock();
        stdout.write_all(out.as_bytes()).map_err(|error| super::unseen(&error))?;
    } else {
        write_stdout(out.as_bytes())?;
    }
    Ok(code)
}
