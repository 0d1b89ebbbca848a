//! `krmor check`: would a run change anything? Runs are idempotent, so "no" proves that the input came out of one.

use super::{FOUND, Format, Result, Source, function, input, write_stdout};
use crate::functions::Outcome;
use crate::report::{Report, text};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    #[command(flatten)]
    source: Source,
    /// The form of the report on standard output.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

pub(super) fn run(options: &Options) -> Result<u8> {
    let pipeline = input::pipeline(&options.source.config, options.source.function.as_deref())?;
    let mut input = input::read(&options.source)?;
    let mut report = Report::default();
    let outcome = pipeline.run(&mut input.stream, &mut report);
    if outcome != Outcome::Ok {
        report.changes.clear(); // a run would make none of them
    }
    let (changes, count) = (report.changes.len(), report.findings.iter().filter(|f| f.severity >= pipeline.fail_on).count());
    let out = match options.format {
        Format::Json => format!("{}\n", text::as_json(&input.stream, &report)),
        Format::Text => {
            let many = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
            let verdict = match outcome {
                Outcome::Ok if changes > 0 => format!("a run would make {}", many(changes, "change")),
                Outcome::Ok => format!("nothing to change in {}", many(input.stream.objects().count(), "object")),
                _ => format!("{}; a run would write nothing", many(count, "finding")),
            };
            format!("{}{}: {verdict}\n", text::report(&input.stream, &report), pipeline.title)
        }
    };
    write_stdout(out.as_bytes())?;
    Ok(match outcome {
        Outcome::Ok if changes > 0 => FOUND,
        outcome => function::code(outcome),
    })
}
