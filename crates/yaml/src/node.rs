//! The arena a document is parsed into: 24-byte nodes with byte spans, linked by index.

/// Index of a node in its document's arena; `0` is "none".
pub(crate) type Id = u32;

/// The absent node.
pub(crate) const NONE: Id = 0;

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A scalar of any type; an absent value (`key:`) is one too.
    Scalar,
    /// A mapping.
    Map,
    /// A sequence.
    Seq,
    /// `*name`; navigation resolves it.
    Alias,
}

/// How a node is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    Single,
    Double,
    Literal,
    Folded,
    Block,
    Flow,
    /// Made by an edit: scalars carry their canonical JSON text in the side buffer.
    NewStr,
    /// As `NewStr`, for numbers, booleans and null.
    NewLiteral,
    /// A collection made by an edit.
    New,
}

/// Flag bits of a node.
pub(crate) mod flag {
    /// The text between the quotes (or the plain text) is not the value: it has escapes or folds.
    pub(crate) const COOKED: u8 = 1;
    /// The node has an anchor or a tag (see `Props`).
    pub(crate) const PROPS: u8 = 2;
    /// Nothing is written: an absent key, value or item.
    pub(crate) const EMPTY: u8 = 4;
    /// A mapping with a `<<` key.
    pub(crate) const MERGE: u8 = 8;
    /// A key introduced by `?`, or a value whose key is.
    pub(crate) const EXPLICIT: u8 = 16;
    /// Children were added, removed or replaced since parsing.
    pub(crate) const DIRTY: u8 = 32;
    /// The node left the tree.
    pub(crate) const GONE: u8 = 64;
    /// A sequence set at its parent key's column.
    pub(crate) const INDENTLESS: u8 = 128;
}

/// One node. `start..end` is the content without anchor, tag, dash or comment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Raw {
    pub(crate) kind: Kind,
    pub(crate) style: Style,
    pub(crate) flags: u8,
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// Next sibling: in a mapping keys and values alternate.
    pub(crate) next: Id,
    /// First child; an alias's target; a block scalar's content indentation.
    pub(crate) child: Id,
    /// Where the `-` of an item, the `:` of a value or the `?` of a key stands; `NO_LEAD` when there is none.
    pub(crate) lead: u32,
}

/// A position as nodes hold it: texts are shorter than 4 GiB (`MAX_SIZE`).
pub(crate) fn offset(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

/// No `-`, `:` or `?` belongs to the node.
pub(crate) const NO_LEAD: u32 = u32::MAX;

impl Raw {
    /// A node without children, siblings and flags.
    pub(crate) fn new(kind: Kind, style: Style, start: usize, end: usize) -> Self {
        let (start, end) = (offset(start), offset(end));
        Raw { kind, style, flags: 0, start, end, next: NONE, child: NONE, lead: NO_LEAD }
    }

    pub(crate) fn is(&self, bit: u8) -> bool {
        self.flags & bit != 0
    }
}

/// Anchor and tag of a node, as spans of the text (`&`, `*` and the like included for tags only).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Props {
    pub(crate) node: Id,
    pub(crate) start: u32,
    /// End of the last property.
    pub(crate) end: u32,
    /// The anchor's name; empty when there is none.
    pub(crate) anchor: (u32, u32),
    /// The tag as written; empty when there is none.
    pub(crate) tag: (u32, u32),
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_node_stays_small() {
        assert_eq!(std::mem::size_of::<super::Raw>(), 24);
    }
}
