//! `krmor run`: a config over files, directories or standard input.

use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::path::PathBuf;

use super::files::{self, Written};
use super::input::Input;
use super::report::{self, Ended, To};
use super::{Failure, Result, Source, function, input, write_output, write_stdout};
use crate::pipeline::Outcome;
use crate::report::{Report, Severity};
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
    /// Print what was done and why on standard error, or write it into a file: sarif, junit, json or text, and perhaps =FILE.
    /// It is whole whatever the exit code.
    #[arg(long, value_name = "FORMAT[=FILE]")]
    report: Option<To>,
}

pub(super) fn run(options: &Options) -> Result<u8> {
    let (config, input, mut report, outcome) = input::run(&options.source).or_else(|failure| {
        let out = options.report.as_ref().and_then(|to| to.format.failed(&options.source, &failure));
        tell(options, out, failure)
    })?;
    let failure = (outcome != Outcome::Ok).then(|| transport::failed(&input.stream, &report, &config, outcome));
    if failure.is_some() {
        report.changes.clear(); // none of them is made
    }
    let code = failure.as_ref().map_or(0, |failure| failure.code);
    let ended = Ended { stream: &input.stream, report: &report, config: &config, made: true, code };
    let machine = options.report.as_ref().and_then(|to| to.format.machine(&options.source, &ended));
    if let Some(failure) = failure {
        return tell(options, machine, failure);
    }
    if let Err(failure) = put(options, &input, &report) {
        let out = options.report.as_ref().and_then(|to| to.format.failed(&options.source, &failure));
        return tell(options, out, failure);
    }
    match &options.report {
        Some(to) => {
            let out = machine.unwrap_or_else(|| text::report(&input.stream, &report));
            match to.file {
                Some(_) => report::write(std::slice::from_ref(to), |_| out.clone())?,
                None => print(&out),
            }
        }
        None => function::notes(&input.stream, &report, Severity::Warning),
    }
    std::mem::forget((input, report)); // the process ends: freeing a large stream piece by piece would only take time
    Ok(0)
}

/// Writes the stream to where it is wanted.
fn put(options: &Options, input: &Input, report: &Report) -> Result<()> {
    if options.in_place {
        if input.files.iter().any(|file| file.path.is_none()) {
            return Err(Failure::usage("--in-place needs files, not standard input"));
        }
        let changed = input.files.iter().filter(|file| input.changed(file));
        let files = changed
            .filter_map(|file| Some(Written::bytes(file.path.clone()?, input.render(file)).instead_of(file.mark)))
            .collect();
        files::write(files, &input.given)?;
        write_stdout(written(input, report).as_bytes())?;
    } else if let Some(directory) = &options.output {
        let mut files: Vec<Written> = Vec::new();
        let mut targets = HashSet::new();
        for file in &input.files {
            let name = file
                .path
                .as_ref()
                .and_then(|path| path.file_name())
                .map_or_else(|| "stream.yaml".into(), PathBuf::from);
            let target = directory.join(name);
            if !targets.insert(target.clone()) {
                return Err(Failure::usage(format!("two input files would both become {}", target.display())));
            }
            let written = Written::bytes(target, input.render(file));
            files.push(match &file.path {
                Some(path) => written.private_as(path),
                None => written,
            });
        }
        files::folder(directory)?;
        files::settle(&[directory])?;
        files::write(files, std::slice::from_ref(directory))?;
    } else {
        for (i, file) in input.files.iter().enumerate() {
            if i > 0 {
                // Files become one stream.
                let before = input.files.get(i - 1).is_some_and(|file| !file.text.ends_with('\n'));
                let marker = !file.text.starts_with("---");
                write_output(
                    format!("{}{}", if before { "\n" } else { "" }, if marker { "---\n" } else { "" }).as_bytes(),
                )?;
            }
            input.write(file)?;
        }
    }
    Ok(())
}

/// What was written, file by file.
fn written(input: &Input, report: &Report) -> String {
    // A new document is written behind another one.
    let beside: HashMap<usize, usize> =
        report.changes.iter().filter_map(|one| Some((one.document, one.after?))).collect();
    let home = |document: usize| {
        let mut at = document;
        while let Some(&next) = beside.get(&at).filter(|next| **next < at) {
            at = next;
        }
        at
    };
    let homes: Vec<usize> = report.changes.iter().map(|change| home(change.document)).collect();
    let mut out = String::new();
    for file in input.files.iter().filter(|file| input.changed(file)) {
        let count = homes.iter().filter(|at| file.documents.contains(at)).count();
        let name = file.path.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
        out.push_str(&format!("wrote {}: {}\n", text::plain(&name), text::many(count, "change")));
    }
    if out.is_empty() {
        out = format!("nothing to change in {}\n", text::many(input.files.len(), "file"));
    }
    out
}

/// Fails, with the report for programs in its place: on standard error it is all that stands there.
fn tell<T>(options: &Options, machine: Option<String>, failure: Failure) -> Result<T> {
    match (&options.report, machine) {
        (Some(to @ To { file: Some(_), .. }), machine) => {
            let people = || anstream::adapter::strip_str(&failure.message).to_string();
            report::write(std::slice::from_ref(to), |_| machine.clone().unwrap_or_else(people))?;
            Err(failure)
        }
        (_, Some(out)) => {
            print(&out);
            Err(Failure { message: String::new(), ..failure })
        }
        (_, None) => Err(failure),
    }
}

fn print(text: &str) {
    let _ = anstream::stderr().lock().write_all(text.as_bytes()); // with standard error gone there is nobody to tell
}
