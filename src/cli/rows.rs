//! `krmor rows`: the rows of `podTemplates` that the schemas of CustomResourceDefinitions give.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::{Result, input, write_stdout};
use crate::workload::{Row, Shape};
use crate::yaml::print;

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Print the lines of krmor's own table of operators instead, with the fields that each place has.
    #[arg(long)]
    table: bool,
    /// Files and directories with CustomResourceDefinitions.
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
}

pub(super) fn run(options: &Options) -> Result<u8> {
    let mut rows = input::schemas(&options.paths)?;
    rows.sort_by(|one, other| (&one.group, &one.kind).cmp(&(&other.group, &other.kind)));
    let mut out = String::new();
    if options.table {
        for line in rows.iter().flat_map(Row::lines) {
            out.push_str(&line);
            out.push('\n');
        }
    } else {
        let rows: Vec<Value> = rows.iter().flat_map(of_config).collect();
        print::write_document(&mut out, &json!({"podTemplates": rows}), print::Layout::default());
    }
    write_stdout(out.as_bytes())?;
    Ok(0)
}

fn of_config(row: &Row) -> impl Iterator<Item = Value> {
    row.places.iter().map(|place| {
        let mut line = json!({"group": row.group, "kind": row.kind, "path": place.path.to_string()});
        if place.shape != Shape::Template
            && let Some(line) = line.as_object_mut()
        {
            line.insert("shape".to_owned(), place.shape.name().into());
        }
        line
    })
}
