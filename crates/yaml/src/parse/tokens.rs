//! What each token does to the open collections.

use super::super::check;
use super::super::node::{Kind, Style, flag};
use super::super::scan;
use super::{Context, Lead, MAX_DEPTH, Parser, Result, State, at};

impl Parser<'_> {
    pub(super) fn dash(&mut self) -> Result<()> {
        let pos = self.pos;
        if self.flow > 0 {
            return Err(self.error(pos, "`- ` cannot stand inside `[…]` or `{…}`"));
        }
        if !self.allowed {
            return Err(self.error(pos, "a list item cannot start here: put `- ` on a line of its own"));
        }
        self.ensure_document()?;
        self.end_candidate()?;
        let column = self.column(pos);
        if self.indent < column {
            self.open_block(Context::BlockSeq, pos, column)?;
        } else {
            let top = self.top()?;
            match (top.context, top.state) {
                (Context::BlockMap, State::Value | State::Node) => self.open_block(Context::Indentless, pos, column)?,
                (Context::BlockSeq | Context::Indentless, State::Node) => self.attach_empty(pos)?,
                (Context::BlockSeq | Context::Indentless, State::Entry) => {}
                _ => return Err(self.error(pos, "a list item is not allowed here: expected a key")),
            }
        }
        self.no_stray_props(pos)?;
        let top = self.top()?;
        top.state = State::Node;
        top.mark = pos;
        self.pos = pos + 1;
        self.allowed = true;
        Ok(())
    }

    pub(super) fn question(&mut self) -> Result<()> {
        let pos = self.pos;
        self.ensure_document()?;
        if self.flow == 0 {
            if !self.allowed {
                return Err(self.error(pos, "`? ` cannot start a key here"));
            }
            self.end_candidate()?;
            let column = self.column(pos);
            if self.indent < column {
                self.open_block(Context::BlockMap, pos, column)?;
            }
        } else {
            self.no_stray_props(pos)?;
        }
        self.expect_key(pos)?;
        let top = self.top()?;
        top.mark = pos;
        top.explicit = true;
        self.pos = pos + 1;
        self.allowed = self.flow == 0;
        self.lead = Lead::default();
        Ok(())
    }

    /// `:` that no key on the same line stands before.
    pub(super) fn colon_without_key(&mut self) -> Result<()> {
        let pos = self.pos;
        self.ensure_document()?;
        if let (Some(candidate), Some(own)) = (self.lead.candidate, self.lead.own.as_ref())
            && candidate.line_start == self.line_start
            && self.short_enough(candidate.pos, pos)
        {
            // `!!str : x`: the key is empty but for its tag or anchor.
            let id = self.new_node(Kind::Scalar, Style::Plain, own.end, own.end);
            if let Some(raw) = self.raw(id) {
                raw.flags |= flag::EMPTY;
            }
            return self.key(id, candidate, pos);
        }
        if self.flow == 0 {
            if !self.allowed {
                return Err(self.error(pos, "`: ` is not allowed here: quote the value, or check the indentation"));
            }
            let column = self.column(pos);
            if self.indent < column {
                return Err(self.error(pos, "`:` without a key"));
            }
            self.end_indentless()?;
        }
        let top = self.top()?;
        let (context, state) = (top.context, top.state);
        match (context, state) {
            (Context::BlockMap | Context::FlowMap, State::Node) => {
                self.attach_empty(pos)?;
            }
            (Context::BlockMap | Context::FlowMap | Context::FlowPair, State::Colon) => {
                self.no_stray_props(pos)?;
            }
            _ => return Err(self.error(pos, "`:` without a key")),
        }
        self.colon_at(pos);
        self.allowed = self.flow == 0;
        Ok(())
    }

    pub(super) fn open_flow(&mut self, c: u8) -> Result<()> {
        let pos = self.pos;
        self.begin_node()?;
        let kind = if c == b'[' { Kind::Seq } else { Kind::Map };
        let id = self.new_node(kind, Style::Flow, pos, pos);
        let lead = std::mem::take(&mut self.lead);
        // Registered at once, so that an alias inside is seen to be circular.
        if let Some(own) = &lead.own
            && own.anchor.1 > own.anchor.0
        {
            let text = self.text;
            self.anchors.insert(text.get(own.anchor.0 as usize..own.anchor.1 as usize).unwrap_or(""), id);
        }
        if self.flow >= MAX_DEPTH {
            return Err(self.error(pos, "nested deeper than 10000 levels"));
        }
        if c == b'[' {
            self.push(Context::FlowSeq, State::Node, id)?;
        } else {
            self.push(Context::FlowMap, State::Entry, id)?;
        }
        if let Some(top) = self.frames.last_mut() {
            top.lead = lead;
        }
        self.flow += 1;
        self.pos += 1;
        self.allowed = true;
        Ok(())
    }

    pub(super) fn open_flow_start(&self) -> usize {
        self.frames
            .iter()
            .rev()
            .find(|f| matches!(f.context, Context::FlowMap | Context::FlowSeq))
            .and_then(|f| self.nodes.get(f.node as usize))
            .map_or(self.pos, |n| n.start as usize)
    }

    /// Completes what a `,` or a closer ends.
    pub(super) fn end_flow_entry(&mut self) -> Result<()> {
        let pos = self.pos;
        loop {
            let top = self.top()?;
            match (top.context, top.state) {
                (Context::FlowMap, State::Node) => {
                    self.attach_empty(pos)?;
                    self.attach_empty(pos)?;
                }
                (Context::FlowPair, State::Node) => return Err(self.error(pos, "expected a key after `?`")),
                (Context::FlowMap | Context::FlowPair, State::Colon | State::Value) => self.attach_empty(pos)?,
                _ => {}
            }
            if self.lead.own.is_some() || self.lead.outer.is_some() {
                // `[&a ]`: the anchor is an empty item's.
                self.attach_empty(pos)?;
            }
            if self.top()?.context == Context::FlowPair {
                self.close_top()?;
            } else {
                return Ok(());
            }
        }
    }

    pub(super) fn comma(&mut self) -> Result<()> {
        let pos = self.pos;
        if self.flow == 0 {
            return Err(self.error(pos, "a value cannot start with `,`: quote it"));
        }
        self.end_flow_entry()?;
        let top = self.top()?;
        if top.state != State::After {
            return Err(self.error(pos, "expected a value before `,`"));
        }
        top.state = if top.context == Context::FlowSeq { State::Node } else { State::Entry };
        top.explicit = false;
        self.pos += 1;
        self.allowed = true;
        self.lead = Lead::default();
        Ok(())
    }

    pub(super) fn close_flow(&mut self, c: u8) -> Result<()> {
        let pos = self.pos;
        if self.flow == 0 {
            return Err(self.error(pos, "there is no open bracket that this would close"));
        }
        self.end_flow_entry()?;
        let opener = if c == b']' { Context::FlowSeq } else { Context::FlowMap };
        let top = self.top()?;
        if top.context != opener {
            return Err(self.error(pos, "this bracket does not match the open one; expected `,` or the other closer"));
        }
        let Some(frame) = self.frames.pop() else { return Ok(()) };
        self.flow -= 1;
        self.pos += 1;
        let end = self.pos;
        if let Some(raw) = self.raw(frame.node) {
            raw.end = at(end);
        }
        if c == b'}' {
            check::keys(self.text, &mut self.nodes, &self.props, frame.node)?;
        }
        self.allowed = false;
        self.lead = frame.lead;
        self.node_done(frame.node)
    }

    pub(super) fn alias(&mut self) -> Result<()> {
        let start = self.pos;
        self.begin_node()?;
        let end = scan::anchor(self.bytes, start)?;
        let text = self.text;
        let name = text.get(start + 1..end).unwrap_or("");
        let Some(&target) = self.anchors.get(name) else {
            return Err(self.error(
                start,
                "unknown anchor: it must be defined above, in the same document; quote a text that starts with `*`",
            ));
        };
        if self.frames.iter().any(|f| f.node == target && f.context != Context::Document) {
            return Err(self.error(start, "an anchor contains itself"));
        }
        if self.lead.own.is_some() {
            return Err(self.error(start, "an alias cannot have an anchor or a tag"));
        }
        let id = self.new_node(Kind::Alias, Style::Plain, start, end);
        if let Some(raw) = self.raw(id) {
            raw.child = target;
        }
        self.has_alias = true;
        self.pos = end;
        self.allowed = false;
        let had_outer = self.lead.outer.is_some();
        self.node_done(id)?;
        if had_outer && self.nodes.get(id as usize).is_some_and(|n| n.is(flag::PROPS)) {
            return Err(self.error(start, "an alias cannot have an anchor or a tag"));
        }
        Ok(())
    }

    pub(super) fn block_scalar(&mut self, c: u8) -> Result<()> {
        let start = self.pos;
        self.ensure_document()?;
        self.end_candidate()?;
        let scanned = scan::block_scalar(self.bytes, start, self.indent)?;
        let style = if c == b'|' { Style::Literal } else { Style::Folded };
        let id = self.new_node(Kind::Scalar, style, start, scanned.end);
        if let Some(raw) = self.raw(id) {
            raw.child = at(scanned.indent);
            raw.flags |= flag::COOKED;
        }
        self.pos = scanned.next;
        self.line_start = scanned.line_start;
        self.allowed = true;
        let pending = self.take_props()?;
        self.set_props(id, pending)?;
        self.attach(id)
    }

    pub(super) fn quoted(&mut self, c: u8) -> Result<()> {
        let start = self.pos;
        self.begin_node()?;
        let scanned = scan::quoted(self.bytes, start, c)?;
        let style = if c == b'"' { Style::Double } else { Style::Single };
        let id = self.new_node(Kind::Scalar, style, start, scanned.end);
        if scanned.cooked
            && let Some(raw) = self.raw(id)
        {
            raw.flags |= flag::COOKED;
        }
        self.pos = scanned.end;
        if let Some(line_start) = scanned.line_start {
            self.line_start = line_start;
        }
        self.allowed = false;
        self.node_done(id)
    }

    pub(super) fn plain(&mut self) -> Result<()> {
        let start = self.pos;
        self.begin_node()?;
        let scanned = scan::plain(self.bytes, start, self.line_start, self.indent, self.flow > 0)?;
        let id = self.new_node(Kind::Scalar, Style::Plain, start, scanned.end);
        if scanned.cooked
            && let Some(raw) = self.raw(id)
        {
            raw.flags |= flag::COOKED;
        }
        self.pos = scanned.next;
        self.allowed = false;
        if let Some(line_start) = scanned.line_start {
            self.line_start = line_start;
            self.allowed = true;
        }
        self.node_done(id)
    }
}
