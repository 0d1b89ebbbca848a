//! A picture as SVG: light and dark by what the reader prefers, no scripts, no fonts from elsewhere, the same bytes each time.

use crate::views::junit::escape;
use std::collections::{BTreeMap, BTreeSet};

use super::layout::{self, Node, Rect, Wire, short};
use super::letters::Font;
use super::scene::{Item, Role, Scene, Style};
use super::topology::Topology;

/// Around everything.
const MARGIN: f64 = 36.0;
/// Inside boxes: left and right, above and below.
const PAD: (f64, f64, f64, f64) = (18.0, 16.0, 13.0, 11.0);
/// The least and the most that a text in a box takes.
const INNER: (f64, f64) = (112.0, 236.0);
/// Heights of the lines of a box: kind, name, others, ports.
const KIND: f64 = 16.0;
const NAME: f64 = 22.0;
const LINE: f64 = 17.0;
const INLET: f64 = 21.0;
/// What the sign of a box takes on the line of its kind.
const SIGN: f64 = 24.0;
/// Lines of notes that a picture has room for.
const NOTES: usize = 8;
/// No narrower, for the texts above and below.
const NARROWEST: f64 = 560.0;

const STYLE: &str = include_str!("style.css");

/// The picture under a title.
pub(super) fn svg(scene: &Scene, topology: &Topology<'_>, title: &str) -> String {
    let nodes: Vec<Node> = scene.items.iter().map(node).collect();
    let (wires, of_wires) = wires(scene);
    let placed = layout::place(&nodes, &wires);
    let width = placed.width.max(NARROWEST);
    let mut body = String::new();
    let mut y = MARGIN + 18.0;
    body.push_str(&text("title", MARGIN, y, &Font::TITLE.cut(title, width)));
    for line in scene.facts.iter().take(NOTES).flat_map(|fact| Font::TEXT.wrapped(fact, width)) {
        y += 20.0;
        body.push_str(&text("fact", MARGIN, y, &line));
    }
    if scene.facts.len() > NOTES {
        y += 20.0;
        body.push_str(&text("fact", MARGIN, y, &format!("and {} namespaces more", scene.facts.len() - NOTES)));
    }
    y += 30.0;
    body.push_str(&format!("<g transform=\"translate({} {})\">\n", short(MARGIN), short(y)));
    for ((style, tips), route) in of_wires.iter().zip(&placed.routes) {
        let class = style.words().0;
        body.push_str(&format!("<g class=\"wire {class}\"><title>{}</title>", escaped(tips)));
        for path in &route.joins {
            body.push_str(&format!("<path d=\"{path}\"/>"));
        }
        for path in &route.ends {
            body.push_str(&format!("<path d=\"{path}\" marker-end=\"url(#krmor-{class})\"/>"));
        }
        body.push_str("</g>\n");
    }
    for (item, rect) in scene.items.iter().zip(&placed.boxes) {
        body.push_str(&card(item, *rect));
    }
    body.push_str("</g>\n");
    y += placed.height;
    if scene.items.is_empty() {
        body.push_str(&text("fact", MARGIN, y, "The stream has no workloads, Services or entry points."));
    }
    y += 34.0;
    y = legend(scene, &mut body, y, width);
    y = notes(topology, &mut body, y, width);
    let (width, height) = (short(width + 2.0 * MARGIN), short(y + MARGIN - 10.0));
    let markers: String = Style::ALL
        .into_iter()
        .filter(|style| scene.arrows.iter().any(|arrow| arrow.style == *style))
        .map(marker)
        .collect();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"krmor\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" \
         aria-labelledby=\"krmor-title krmor-desc\">\n<title id=\"krmor-title\">{}</title>\n<desc id=\"krmor-desc\">{}</desc>\n<style>\n{STYLE}</style>\n\
         <defs>{markers}</defs>\n<rect class=\"page\" width=\"100%\" height=\"100%\" rx=\"14\"/>\n{body}</svg>\n",
        escaped(title),
        escaped(&description(scene, topology)),
    )
}

/// What the picture shows, for those who do not see it.
fn description(scene: &Scene, topology: &Topology<'_>) -> String {
    let several = |number: usize, one: &str, many: &str| format!("{number} {}", if number == 1 { one } else { many });
    let mut out = format!(
        "{}, {}, {}, {}.",
        several(topology.entries.len(), "entry point", "entry points"),
        several(topology.services.len(), "Service", "Services"),
        several(topology.workloads.len(), "workload", "workloads"),
        several(topology.peers.len(), "peer outside", "peers outside"),
    );
    for fact in scene.facts.iter().take(NOTES) {
        out.push_str(&format!(" {fact}."));
    }
    // A long list read aloud helps nobody.
    let tips: BTreeSet<&str> = scene.arrows.iter().map(|arrow| arrow.tip.as_str()).collect();
    for tip in tips.iter().take(24) {
        out.push_str(&format!(" {tip}."));
    }
    if tips.len() > 24 {
        out.push_str(&format!(" And {} connections more.", tips.len() - 24));
    }
    out
}

/// Words of the lines of a box, cut to fit.
fn words(item: &Item) -> (String, String, Vec<String>, Vec<String>) {
    let most = INNER.1;
    (
        Font::KIND.cut(&item.kind, most - SIGN),
        Font::NAME.cut(&item.name, most),
        item.lines.iter().map(|line| Font::LINE.cut(line, most)).collect(),
        item.inlets.iter().map(|line| Font::LINE.cut(line, most)).collect(),
    )
}

fn node(item: &Item) -> Node {
    let (kind, name, lines, inlets) = words(item);
    let texts = lines.iter().chain(&inlets).map(|line| Font::LINE.width(line));
    let widest = texts.chain([Font::KIND.width(&kind) + SIGN, Font::NAME.width(&name)]).fold(INNER.0, f64::max);
    let number = |list: &[String]| u32::try_from(list.len()).map_or(0.0, f64::from);
    let ports = if inlets.is_empty() { 0.0 } else { 10.0 + INLET * number(&inlets) };
    let height = PAD.2 + KIND + NAME + LINE * number(&lines) + ports + PAD.3;
    Node { column: item.column, width: (widest + PAD.0 + PAD.1).ceil(), height, outlet: PAD.2 + KIND + 11.0 }
}

/// How far below the top of a box an arrow ends.
fn inlet(item: &Item, at: Option<usize>) -> f64 {
    let number = |number: usize| u32::try_from(number).map_or(0.0, f64::from);
    match at {
        None => PAD.2 + KIND + 11.0,
        Some(at) => PAD.2 + KIND + NAME + LINE * number(item.lines.len()) + 10.0 + INLET * (number(at) + 0.5),
    }
}

/// Where the arrows of a wire begin, and what they say.
type Ends<'s> = (Vec<usize>, BTreeSet<&'s str>);

/// Arrows of one style to one place are one wire.
fn wires(scene: &Scene) -> (Vec<Wire>, Vec<(Style, String)>) {
    let mut all: BTreeMap<(usize, Option<usize>, Style), Ends<'_>> = BTreeMap::new();
    for arrow in &scene.arrows {
        let wire = all.entry((arrow.to, arrow.inlet, arrow.style)).or_default();
        // Those of one wire come in order.
        if wire.0.last() != Some(&arrow.from) {
            wire.0.push(arrow.from);
        }
        wire.1.insert(&arrow.tip);
    }
    let mut out = (Vec::new(), Vec::new());
    for ((to, at, style), (from, tips)) in all {
        let Some(item) = scene.items.get(to) else { continue };
        out.0.push(Wire { to, inlet: inlet(item, at), from });
        let number = tips.len();
        out.1.push((style, crate::text::few(number, &mut tips.into_iter().map(str::to_owned), "; ")));
    }
    out
}

fn marker(style: Style) -> String {
    let class = style.words().0;
    let shape = match style {
        Style::Denied => "<path class=\"cross\" d=\"M3.5 2.5L8.5 7.5M8.5 2.5L3.5 7.5\"/>",
        _ => "<path d=\"M1 1.5L8.5 5L1 8.5Z\"/>",
    };
    format!(
        "<marker id=\"krmor-{class}\" class=\"tip {class}\" viewBox=\"0 0 10 10\" refX=\"7\" refY=\"5\" markerWidth=\"8\" markerHeight=\"8\" markerUnits=\"userSpaceOnUse\" \
         orient=\"auto\">{shape}</marker>"
    )
}

fn text(class: &str, x: f64, y: f64, words: &str) -> String {
    format!("<text class=\"{class}\" x=\"{}\" y=\"{}\">{}</text>\n", short(x), short(y), escaped(words))
}

/// A box with its texts.
fn card(item: &Item, rect: Rect) -> String {
    let (kind, name, lines, inlets) = words(item);
    let Rect { x, y, width, height } = rect;
    let mut out = format!("<g class=\"box {}\"><title>{}</title>", item.role.words().0, escaped(&item.tip));
    out.push_str(&format!(
        "<rect class=\"card\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"10\"/>",
        short(x),
        short(y),
        short(width),
        short(height)
    ));
    // The edge in the colour of the role, with the corners of the box.
    let straight = short(height - 20.0);
    out.push_str(&format!(
        "<path class=\"edge\" d=\"M{} {}a10 10 0 0 0 -10 10v{straight}a10 10 0 0 0 10 10a6 10 0 0 1 -6 -10v-{straight}a6 10 0 0 1 6 -10z\"/>\n",
        short(x + 10.0), short(y)
    ));
    out.push_str(&sign(item.role, x + width - PAD.1 - 14.0, y + PAD.2 - 2.0));
    let left = x + PAD.0;
    let mut at = y + PAD.2 + 10.0;
    out.push_str(&text("kind", left, at, &kind));
    at += KIND + 4.5;
    out.push_str(&text("name", left, at, &name));
    at += NAME - 3.5;
    for line in &lines {
        out.push_str(&text("line", left, at, line));
        at += LINE;
    }
    if !inlets.is_empty() {
        let top = inlet(item, Some(0)) - INLET / 2.0;
        out.push_str(&format!(
            "<path class=\"rule\" d=\"M{} {}H{}\"/>",
            short(left),
            short(y + top - 3.0),
            short(x + width - PAD.1)
        ));
        for (number, words) in inlets.iter().enumerate() {
            out.push_str(&text("port", left, y + inlet(item, Some(number)) + 4.2, words));
        }
    }
    out.push_str("</g>\n");
    out
}

/// A sign of 14 by 14 that tells the role without a colour.
fn sign(role: Role, x: f64, y: f64) -> String {
    let path = match role {
        Role::Entry => "M1 7h8M6 3.5L9.5 7L6 10.5M9 1.5h3.5v11H9",
        Role::Service => {
            "M7 4.5V9.5M7 7h0M2.5 9.5h9M7 1a1.7 1.7 0 1 0 .01 0M2.5 9.8a1.6 1.6 0 1 0 .01 0M11.5 9.8a1.6 1.6 0 1 0 .01 0"
        }
        Role::Program => "M7 1L12.5 4V10L7 13L1.5 10V4ZM1.5 4L7 7L12.5 4M7 7V13",
        Role::Store => "M2 3.2a5 2.1 0 1 0 10 0a5 2.1 0 1 0 -10 0v7.6a5 2.1 0 0 0 10 0V3.2M2 7a5 2.1 0 0 0 10 0",
        Role::Peer => "M7 1.2a5.8 5.8 0 1 0 .01 0M1.3 7h11.4M7 1.2c-3.4 3 -3.4 8.6 0 11.6c3.4 -3 3.4 -8.6 0 -11.6",
    };
    format!("<path class=\"sign\" transform=\"translate({} {})\" d=\"{path}\"/>\n", short(x), short(y))
}

/// What the signs and lines mean, of those that are there.
fn legend(scene: &Scene, body: &mut String, mut y: f64, width: f64) -> f64 {
    let roles = Role::ALL.into_iter().filter(|role| scene.items.iter().any(|item| item.role == *role));
    let styles = Style::ALL.into_iter().filter(|style| scene.arrows.iter().any(|arrow| arrow.style == *style));
    let mut entries: Vec<(String, &str, f64)> = Vec::new();
    for role in roles {
        let (class, words) = role.words();
        entries.push((format!("<g class=\"{class}\">{}</g>", sign(role, 0.0, -11.0)), words, 22.0));
    }
    for style in styles {
        let (class, words) = style.words();
        let line = format!("<g class=\"wire {class}\"><path d=\"M0 -4H30\" marker-end=\"url(#krmor-{class})\"/></g>");
        entries.push((line, words, 42.0));
    }
    if entries.is_empty() {
        return y;
    }
    let mut x = MARGIN;
    for (sample, words, room) in entries {
        let taken = room + Font::LINE.width(words);
        if x + taken > MARGIN + width {
            x = MARGIN;
            y += 24.0;
        }
        body.push_str(&format!("<g transform=\"translate({} {})\">{sample}</g>\n", short(x), short(y)));
        body.push_str(&text("line", x + room, y, words));
        x += taken + 26.0;
    }
    y + 8.0
}

fn notes(topology: &Topology<'_>, body: &mut String, mut y: f64, width: f64) -> f64 {
    let lines: Vec<String> = topology.notes.iter().flat_map(|note| Font::LINE.wrapped(note, width)).collect();
    let more = lines.len().saturating_sub(NOTES);
    if !lines.is_empty() {
        y += 8.0;
    }
    for line in lines.iter().take(NOTES) {
        y += 18.0;
        body.push_str(&text("line", MARGIN, y, line));
    }
    if more > 0 {
        y += 18.0;
        body.push_str(&text("line", MARGIN, y, "All notes: krmor graph --format json"));
    }
    y
}

/// A text in XML, on one line.
fn escaped(text: &str) -> String {
    escape(&text.replace(['\t', '\n', '\r'], " "))
}
