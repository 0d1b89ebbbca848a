//! The rows of kinds of operators in wide use. `tests/operators/rows` writes them from the operators' own schemas.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::{Fields, Path, Place, Row, Shape, Source, Trait};

/// One line for each place: group, kind, shape, path, fields. `#` starts a comment.
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
        let mut parts = line.split(' ');
        let Some((group, kind, place)) = (|| Some((parts.next()?, parts.next()?, place(&mut parts)?)))() else {
            continue;
        };
        match rows.last_mut().filter(|row| row.group == group && row.kind == kind) {
            Some(row) => row.places.push(place),
            None => {
                let row = Row::new(Cow::Borrowed(group), Cow::Borrowed(kind), vec![place], Source::Operator);
                let traits: &[Trait] = if ends(kind) { &[Trait::RunsToCompletion] } else { &[] };
                rows.push(Row { traits, ..row });
            }
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

fn place<'a>(parts: &mut impl Iterator<Item = &'a str>) -> Option<Place> {
    let shape = Shape::named(parts.next()?)?;
    let path = Path::parse(parts.next()?).ok()?;
    Some(Place { path, shape, fields: Fields::from_hex(parts.next()?)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_can_be_read_and_they_are_sorted() {
        let lines: Vec<&str> = LINES.lines().filter(|line| !line.starts_with('#')).collect();
        let count: usize = all().iter().map(|row| row.places.len()).sum();
        assert_eq!(count, lines.len());
        let keys: Vec<_> = all().iter().map(|row| (row.group.as_ref(), row.kind.as_ref())).collect();
        assert!(keys.is_sorted() && keys.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
