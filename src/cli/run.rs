//! `krmor run`: a config over files, directories or standard input.

use std::io::Write;
use std::path::PathBuf;

use super::{Failure, Format, Result, Source, function, input, write_stdout};
use crate::pipeline::Outcome;
use crate::report::Severity;
use crate::text;
use crate::transport;

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    #[command(flatten)]
    source: Source,
    /// Write the files into this directory, by their own names.
    #[arg(short, long, value_name = "DIR", conflicts_with = "in_place")]
    output: Option<PathBuf>,
    /// Write the changed files back: all of them, or none.
    #[arg(long)]
    in_place: bool,
    /// Print what was done and why on standard error.
    #[arg(long, value_name = "FORMAT")]
    report: Option<Format>,
}

pub(super) fn run(options: &Options) -> Result<u8> {
    let (config, input, mut report, outcome) = input::run(&options.source)?;
    let failure = (outcome != Outcome::Ok).then(|| transport::failed(&input.stream, &report, &config, outcome));
    if failure.is_some() {
        report.changes.clear(); // none of them is made
    }
    let machine = options.report.and_then(|format| format.machine(&input.stream, &report, &config.pipeline, true));
    if let Some(failure) = failure {
        return Err(match machine {
            // The report is all that standard error holds.
            Some(out) => {
                print(&out);
                Failure { message: String::new(), ..failure }
            }
            None => failure,
        });
    }
    write(options, &input)?;
    // Behind the writing: what could not be written is not told as done.
    match machine {
        Some(out) => print(&out),
        None if options.report.is_some() => print(&text::report(&input.stream, &report)),
        None => function::notes(&input.stream, &report, Severity::Warning),
    }
    std::mem::forget((input, report)); // the process ends: freeing a large stream piece by piece would only take time
    Ok(0)
}

/// Writes the files back, into another directory, or as one stream.
fn write(options: &Options, input: &input::Input) -> Result<()> {
    if options.in_place {
        if input.files.iter().any(|file| file.path.is_none()) {
            return Err(Failure::usage("--in-place needs files, not standard input"));
        }
        let changed = input.files.iter().filter(|file| input.changed(file));
        let files = changed.filter_map(|file| Some((file.path.clone()?, Some(input.render(file))))).collect();
        input::write_files(files, &options.source.paths)?;
    } else if let Some(directory) = &options.output {
        std::fs::create_dir_all(directory).map_err(|error| Failure::io(&directory.display().to_string(), &error))?;
        let mut files: Vec<input::Written> = Vec::new();
        for file in &input.files {
            let name = file
                .path
                .as_ref()
                .and_then(|path| path.file_name())
                .map_or_else(|| "stream.yaml".into(), PathBuf::from);
            let target = directory.join(name);
            if files.iter().any(|(other, _)| *other == target) {
                return Err(Failure::usage(format!("two input files would both become {}", target.display())));
            }
            files.push((target, Some(input.render(file))));
        }
        input::write_files(files, std::slice::from_ref(directory))?;
    } else {
        for (i, file) in input.files.iter().enumerate() {
            if i > 0 {
                // Files become one stream.
                let before = input.files.get(i - 1).is_some_and(|file| !file.text.ends_with('\n'));
                let marker = !file.text.starts_with("---");
                write_stdout(
                    format!("{}{}", if before { "\n" } else { "" }, if marker { "---\n" } else { "" }).as_bytes(),
                )?;
            }
            input.write(file)?;
        }
    }
    Ok(())
}

fn print(text: &str) {
    let _ = anstream::stderr().lock().write_all(text.as_bytes()); // with standard error gone there is nobody to tell
}
