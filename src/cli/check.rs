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
    let changes = report.changes.len();
    let out = match options.format {
        Format::Json => format!("{}\n", text::as_json(&input.stream, &report)),
        Format::Text => {
            let verdict = if changes > 0 {
                let noun = if changes == 1 { "change" } else { "changes" };
                format!("{}: a run would make {changes} {noun}\n", pipeline.title)
            } else if outcome == Outcome::Ok {
                format!("{}: nothing to change in {} objects\n", pipeline.title, input.stream.objects().count())
            } else {
                format!("{}: findings\n", pipeline.title)
            };
            format!("{}{verdict}", text::report(&input.stream, &report))
        }
    };
    write_stdout(out.as_bytes())?;
    Ok(match outcome {
        Outcome::Ok if changes > 0 => FOUND,
        outcome => function::code(outcome),
    })
}
