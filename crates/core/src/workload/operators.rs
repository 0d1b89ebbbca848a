//! The rows of kinds of operators in wide use. `tests/operators/rows` writes them from the operators' own schemas.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::{Fields, Path, Place, Row, Shape, Source, Trait};

/// A line for each group and kind, and below it one for each place, behind a space: shape (its first letter, `l` for a list of
/// containers), path, fields. `#` starts a comment.
const LINES: &str = include_str!("operators.txt");

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| rows(LINES));

/// The rows, sorted by group and kind.
pub(super) fn all() -> &'static [Row] {
    &ROWS
}

/// The row of a group and kind.
pub(super) fn row(group: &str, kind: &str) -> Option<&'static Row> {
    let at = ROWS.binary_search_by(|row| (row.group.as_ref(), row.kind.as_ref()).cmp(&(group, kind))).ok()?;
    ROWS.get(at)
}

fn rows(lines: &'static str) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for line in lines.lines().filter(|line| !line.starts_with('#')) {
        if let Some(line) = line.strip_prefix(' ') {
            let place = place(line);
            rows.last_mut().iter_mut().for_each(|row| row.places.extend(place.clone()));
        } else if let Some((group, kind)) = line.split_once(' ') {
            let row = Row::new(Cow::Borrowed(group), Cow::Borrowed(kind), Vec::new(), Source::Operator);
            let traits: &[Trait] = if ends(kind) { &[Trait::RunsToCompletion] } else { &[] };
            rows.push(Row { traits, ..row });
        }
    }
    rows
}

/// Whether the pods of a kind end by themselves: no schema says so, their names do.
fn ends(kind: &str) -> bool {
    const ENDS: [&str; 9] =
        ["Job", "Run", "Task", "Pipeline", "Workflow", "WorkflowTemplate", "StepAction", "SparkApplication", "Backup"];
    ENDS.iter().any(|end| kind.ends_with(end))
}

fn place(line: &str) -> Option<Place> {
    let mut parts = line.split(' ');
    let shape = Shape::of_letter(parts.next()?)?;
    let path = Path::parse(parts.next()?).ok()?;
    Some(Place { path, shape, fields: parts.next().map_or(Some(Fields::ALL), Fields::from_hex)?, is_stated: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_can_be_read_and_they_are_sorted() {
        let lines = LINES.lines().filter(|line| line.starts_with(' ')).count();
        assert_eq!(all().iter().map(|row| row.places.len()).sum::<usize>(), lines);
        let keys: Vec<_> = all().iter().map(|row| (row.group.as_ref(), row.kind.as_ref())).collect();
        assert!(keys.is_sorted() && keys.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
