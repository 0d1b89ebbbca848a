//! Which change each line of a text is there by, or went by, while changes are made to it round by round.

use similar::{ChangeTag, TextDiff};

/// The lines of a text, each with its end.
pub(super) fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive('\n')
}

/// One line of a diff, by its number in the old or new text, and the change that it is there by.
#[derive(Clone, Copy)]
pub(super) enum Row {
    Same { old: usize, new: usize },
    Removed { old: usize, by: usize },
    Added { new: usize, by: usize },
}

impl Row {
    pub(super) fn by(&self) -> Option<usize> {
        match *self {
            Row::Same { .. } => None,
            Row::Removed { by, .. } | Row::Added { by, .. } => Some(by),
        }
    }
}

/// Where a line of the text comes from.
#[derive(Clone, Copy)]
enum Origin {
    Old(usize),
    Change(usize),
}

/// Where, in lines of the old and the new text, the part of a change starts.
pub(super) struct Cut {
    pub(super) old: usize,
    pub(super) new: usize,
    pub(super) by: usize,
}

/// The lines of a text while changes are made to it round by round.
pub(super) struct Blame {
    origins: Vec<Origin>,
    /// For each line of the old text, the change that took it away.
    gone: Vec<Option<usize>>,
}

impl Blame {
    pub(super) fn new(text: &str) -> Self {
        let count = split(text).count();
        Self { origins: (0..count).map(Origin::Old).collect(), gone: vec![None; count] }
    }

    /// All of it is what the first change has put there.
    pub(super) fn of_new(text: &str) -> Self {
        Self { origins: vec![Origin::Change(0); split(text).count()], gone: Vec::new() }
    }

    /// Changes make `before` into `after`, each in the lines from its cut to the next.
    pub(super) fn change(&mut self, before: &str, after: &str, mut cuts: Vec<Cut>) {
        let (old, new): (Vec<&str>, Vec<&str>) = (split(before).collect(), split(after).collect());
        cuts.sort_by_key(|cut| (cut.old, cut.new));
        // What stands before an object belongs to it; objects on one line share what is there.
        cuts.dedup_by_key(|cut| cut.old);
        if let Some(first) = cuts.first_mut() {
            (first.old, first.new) = (0, 0);
        }
        let ends = cuts.iter().skip(1).map(|cut| (cut.old, cut.new)).chain([(old.len(), new.len())]);
        let mut origins = Vec::with_capacity(new.len());
        for (cut, to) in cuts.iter().zip(ends) {
            let old = old.get(cut.old..to.0).unwrap_or_default();
            let new = new.get(cut.new..to.1).unwrap_or_default();
            self.part(old, new, cut.old, cut.by, &mut origins);
        }
        self.origins = origins;
    }

    /// The change `by` makes the lines `old`, which start at line `from`, into `new`.
    fn part(&mut self, old: &[&str], new: &[&str], from: usize, by: usize, out: &mut Vec<Origin>) {
        let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
        let rest = old.len().min(new.len()) - head;
        let tail = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
        let (old_to, new_to) = (old.len() - tail, new.len() - tail);
        let kept = |start: usize, end: usize| self.origins.get(from + start..from + end).unwrap_or_default();
        out.extend(kept(0, head));
        let after = kept(old_to, old.len()).to_vec();
        let (old, new) = (old.get(head..old_to).unwrap_or_default(), new.get(head..new_to).unwrap_or_default());
        for change in TextDiff::from_slices(old, new).iter_all_changes() {
            let origin = change.old_index().and_then(|at| self.origins.get(from + head + at)).copied();
            match (change.tag(), origin) {
                (ChangeTag::Insert, _) => out.push(Origin::Change(by)),
                (ChangeTag::Equal, origin) => out.extend(origin),
                (ChangeTag::Delete, Some(Origin::Old(at))) => {
                    if let Some(gone) = self.gone.get_mut(at) {
                        *gone = Some(by);
                    }
                }
                (ChangeTag::Delete, _) => {}
            }
        }
        out.extend(after);
    }

    /// All lines, old and new; what goes stands before what comes in its place.
    pub(super) fn rows(&self) -> Vec<Row> {
        let mut out = Vec::with_capacity(self.origins.len() + 8);
        let mut old = 0;
        let removed = |out: &mut Vec<Row>, old: &mut usize| {
            while let Some(Some(by)) = self.gone.get(*old) {
                out.push(Row::Removed { old: *old, by: *by });
                *old += 1;
            }
        };
        for (new, origin) in self.origins.iter().enumerate() {
            removed(&mut out, &mut old);
            match origin {
                Origin::Change(by) => out.push(Row::Added { new, by: *by }),
                Origin::Old(at) => {
                    out.push(Row::Same { old: *at, new });
                    old = at + 1;
                }
            }
        }
        removed(&mut out, &mut old);
        out
    }
}
