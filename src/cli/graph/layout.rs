//! Where boxes stand and wires run: boxes in columns, ordered so that few wires cross (barycenters), at heights that keep
//! wires straight (least squares under the order). A wire that passes a column has a place there of its own, so no wire runs
//! over a box. Wires to one place of a box are one as soon as they meet.

use std::collections::HashMap;

/// Between boxes of a column; between wires; between columns at least, and at most.
const APART: f64 = 24.0;
const WIRE: f64 = 12.0;
const GAP: (f64, f64) = (76.0, 150.0);

/// A box to place.
pub(super) struct Node {
    pub(super) column: usize,
    pub(super) width: f64,
    pub(super) height: f64,
    /// How far below its top wires leave it.
    pub(super) outlet: f64,
}

/// Wires that end at one place.
pub(super) struct Wire {
    pub(super) to: usize,
    /// How far below the top of the box.
    pub(super) inlet: f64,
    pub(super) from: Vec<usize>,
}

/// A place in the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Rect {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// How a wire runs: what joins it, and what ends at the box.
#[derive(Default)]
pub(super) struct Route {
    pub(super) joins: Vec<String>,
    pub(super) ends: Vec<String>,
}

pub(super) struct Placed {
    pub(super) boxes: Vec<Rect>,
    pub(super) routes: Vec<Route>,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Something that takes room in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum What {
    Node(usize),
    /// A wire that passes.
    Pass(usize),
}

struct Slot {
    what: What,
    height: f64,
    y: f64,
    /// Of those that it is joined with in the column before and behind: where they stand there, and how far the ends of the
    /// wire are below the tops of both.
    before: Vec<(usize, f64, f64)>,
    behind: Vec<(usize, f64, f64)>,
}

struct Grid<'g> {
    nodes: &'g [Node],
    wires: &'g [Wire],
    columns: Vec<Vec<Slot>>,
}

/// Places boxes and wires.
pub(super) fn place(nodes: &[Node], wires: &[Wire]) -> Placed {
    let mut grid = Grid { nodes, wires, columns: Vec::new() };
    grid.fill();
    grid.order();
    grid.heights();
    grid.draw()
}

fn column_of(nodes: &[Node], at: usize) -> usize {
    nodes.get(at).map_or(0, |node| node.column)
}

impl Grid<'_> {
    /// The first column that a wire passes, if it passes any.
    fn first_pass(&self, wire: &Wire) -> Option<usize> {
        let to = column_of(self.nodes, wire.to);
        let first = wire.from.iter().map(|at| column_of(self.nodes, *at)).min()? + 1;
        (first < to).then_some(first)
    }

    fn fill(&mut self) {
        let number = self.nodes.iter().map(|node| node.column + 1).max().unwrap_or(0);
        let slot = |what, height| Slot { what, height, y: 0.0, before: Vec::new(), behind: Vec::new() };
        let mut columns: Vec<Vec<Slot>> = (0..number).map(|_| Vec::new()).collect();
        for (at, node) in self.nodes.iter().enumerate() {
            columns.get_mut(node.column).into_iter().for_each(|column| column.push(slot(What::Node(at), node.height)));
        }
        for (at, wire) in self.wires.iter().enumerate() {
            let Some(first) = self.first_pass(wire) else { continue };
            for column in first..column_of(self.nodes, wire.to) {
                columns.get_mut(column).into_iter().for_each(|column| column.push(slot(What::Pass(at), 2.0)));
            }
        }
        self.columns = columns;
    }

    /// The parts of wires between a column and the next: what they join, and how far below the tops.
    fn parts(&self) -> Vec<Vec<(What, f64, What, f64)>> {
        let mut out: Vec<Vec<(What, f64, What, f64)>> = self.columns.iter().map(|_| Vec::new()).collect();
        for (at, wire) in self.wires.iter().enumerate() {
            let to = column_of(self.nodes, wire.to);
            let end = |column: usize| match column == to {
                true => (What::Node(wire.to), wire.inlet),
                false => (What::Pass(at), 1.0),
            };
            let mut put = |column: usize, from: (What, f64)| {
                let (what, inlet) = end(column + 1);
                out.get_mut(column).into_iter().for_each(|list| list.push((from.0, from.1, what, inlet)));
            };
            for from in &wire.from {
                let Some(node) = self.nodes.get(*from).filter(|node| node.column < to) else { continue };
                put(node.column, (What::Node(*from), node.outlet));
            }
            if let Some(first) = self.first_pass(wire) {
                (first..to).for_each(|column| put(column, (What::Pass(at), 1.0)));
            }
        }
        out
    }

    /// Writes down who in a column and the next is joined with whom, where everybody stands now.
    fn join(&mut self, parts: &[Vec<(What, f64, What, f64)>], column: usize) {
        let places = |column: usize| -> HashMap<What, usize> {
            let list = self.columns.get(column).map(Vec::as_slice).unwrap_or_default();
            list.iter().enumerate().map(|(at, slot)| (slot.what, at)).collect()
        };
        let (left, right) = (places(column), places(column + 1));
        self.columns.get_mut(column).into_iter().flatten().for_each(|slot| slot.behind.clear());
        self.columns.get_mut(column + 1).into_iter().flatten().for_each(|slot| slot.before.clear());
        for (from, out, to, into) in parts.get(column).into_iter().flatten() {
            let (Some(&a), Some(&b)) = (left.get(from), right.get(to)) else { continue };
            if let Some(slot) = self.columns.get_mut(column).and_then(|list| list.get_mut(a)) {
                slot.behind.push((b, *out, *into));
            }
            if let Some(slot) = self.columns.get_mut(column + 1).and_then(|list| list.get_mut(b)) {
                slot.before.push((a, *into, *out));
            }
        }
    }

    /// Orders every column by the middle of what each is joined with, to and fro.
    fn order(&mut self) {
        let parts = self.parts();
        (0..self.columns.len()).for_each(|column| self.join(&parts, column));
        for round in 0..8 {
            let forward = round % 2 == 0;
            let number = self.columns.len();
            for step in 1..number {
                let at = if forward { step } else { number - 1 - step };
                let other = if forward { at - 1 } else { at + 1 };
                let length = self.columns.get(other).map_or(1, Vec::len).max(1);
                let Some(column) = self.columns.get_mut(at) else { continue };
                let own = column.len().max(1);
                let middle = |number: usize, slot: &Slot| {
                    let list = if forward { &slot.before } else { &slot.behind };
                    match list.is_empty() {
                        // What is joined with nothing stays about where it is.
                        true => share(number, own),
                        false => {
                            list.iter().map(|(at, inlet, _)| share(*at, length) + inlet / 1e6).sum::<f64>() / len(list)
                        }
                    }
                };
                let mut keyed: Vec<(f64, Slot)> = std::mem::take(column)
                    .into_iter()
                    .enumerate()
                    .map(|(number, slot)| (middle(number, &slot), slot))
                    .collect();
                keyed.sort_by(|(a, _), (b, _)| a.total_cmp(b));
                *column = keyed.into_iter().map(|(_, slot)| slot).collect();
                for column in [at.checked_sub(1), Some(at)].into_iter().flatten() {
                    self.join(&parts, column);
                }
            }
        }
    }

    fn heights(&mut self) {
        for column in &mut self.columns {
            let wanted = vec![(0.0, 1.0); column.len()];
            settle(column, &wanted);
        }
        let number = self.columns.len();
        for round in 0..12 {
            let forward = round % 2 == 0;
            for step in 0..number {
                let at = if forward { step } else { number - 1 - step };
                let tops = |column: Option<usize>| -> Vec<f64> {
                    let list = column.and_then(|at| self.columns.get(at)).map(Vec::as_slice).unwrap_or_default();
                    list.iter().map(|slot| slot.y).collect()
                };
                let (left, right) = (tops(at.checked_sub(1)), tops(Some(at + 1)));
                let Some(column) = self.columns.get_mut(at) else { continue };
                // At the end both sides count.
                let (with_left, with_right) = (forward || round >= 8, !forward || round >= 8);
                let wanted: Vec<(f64, f64)> = column
                    .iter()
                    .map(|slot| {
                        let (mut sum, mut count) = (0.0, 0.0);
                        for (list, tops, counts) in
                            [(&slot.before, &left, with_left), (&slot.behind, &right, with_right)]
                        {
                            for (at, own, other) in list.iter().filter(|_| counts) {
                                sum += tops.get(*at).copied().unwrap_or_default() + other - own;
                                count += 1.0;
                            }
                        }
                        match count > 0.0 {
                            true => (sum / count, count),
                            false => (slot.y, 0.1),
                        }
                    })
                    .collect();
                settle(column, &wanted);
            }
        }
        let all = || self.columns.iter().flatten();
        let top = all().map(|slot| slot.y).fold(f64::INFINITY, f64::min);
        if top.is_finite() {
            self.columns.iter_mut().flatten().for_each(|slot| slot.y = (slot.y - top).round());
        }
    }

    fn draw(self) -> Placed {
        // Where columns begin and end; wires need the more room the more they are.
        let parts = self.parts();
        let mut columns: Vec<(f64, f64)> = Vec::new();
        let mut x = 0.0;
        for (at, _) in self.columns.iter().enumerate() {
            let of = self.nodes.iter().filter(|node| node.column == at);
            let width = of.map(|node| node.width).fold(0.0, f64::max);
            columns.push((x, x + width));
            let number = parts.get(at).map_or(0.0, |list| len(list));
            x += width + (GAP.0 + 4.0 * number).min(GAP.1);
        }
        let edge = |at: usize| columns.get(at).copied().unwrap_or_default();
        let mut boxes = vec![Rect::default(); self.nodes.len()];
        let mut passes = HashMap::new();
        let mut height: f64 = 0.0;
        for (at, column) in self.columns.iter().enumerate() {
            let (left, right) = edge(at);
            for slot in column {
                height = height.max(slot.y + slot.height);
                match slot.what {
                    What::Node(number) => {
                        let rect = Rect { x: left, y: slot.y, width: right - left, height: slot.height };
                        boxes.get_mut(number).into_iter().for_each(|there| *there = rect);
                    }
                    What::Pass(wire) => _ = passes.insert((wire, at), slot.y + 1.0),
                }
            }
        }
        let routes = self.wires.iter().enumerate().map(|(number, wire)| {
            let mut route = Route::default();
            let Some(target) = boxes.get(wire.to) else { return route };
            let to = column_of(self.nodes, wire.to);
            let end = (target.x - 3.0, target.y + wire.inlet);
            let pass = |column: usize| passes.get(&(number, column)).copied().unwrap_or(end.1);
            for from in &wire.from {
                let Some((source, node)) = boxes.get(*from).zip(self.nodes.get(*from)) else { continue };
                if node.column >= to {
                    route.ends.push(beside(*source, end));
                    continue;
                }
                let next = match node.column + 1 == to {
                    true => end,
                    false => (edge(node.column + 1).0, pass(node.column + 1)),
                };
                let outlet = source.y + node.outlet;
                // What is all but straight is straight.
                let start = if (outlet - next.1).abs() < 4.0 { next.1 } else { outlet };
                let path = format!(
                    "M{} {}",
                    point((source.x + source.width, start)),
                    curve((source.x + source.width, start), next)
                );
                if node.column + 1 == to { route.ends.push(path) } else { route.joins.push(path) }
            }
            if let Some(first) = self.first_pass(wire) {
                let mut path = format!("M{}", point((edge(first).0, pass(first))));
                for column in first..to {
                    let (_, right) = edge(column);
                    let here = (right, pass(column));
                    let next = if column + 1 == to { end } else { (edge(column + 1).0, pass(column + 1)) };
                    path.push_str(&format!(" H{} {}", short(right), curve(here, next)));
                }
                route.ends.push(path);
            }
            route
        });
        let routes = routes.collect();
        let width = columns.last().map_or(0.0, |(_, right)| *right);
        Placed { boxes, routes, width, height }
    }
}

fn len<T>(list: &[T]) -> f64 {
    u32::try_from(list.len()).map_or(f64::MAX, f64::from)
}

fn share(at: usize, of: usize) -> f64 {
    let number = |number: usize| u32::try_from(number).map_or(f64::MAX, f64::from);
    (number(at) + 0.5) / number(of)
}

/// A number as SVG writes it, with one digit behind the point at most.
pub(super) fn short(number: f64) -> String {
    let text = format!("{number:.1}");
    let text = text.strip_suffix(".0").unwrap_or(&text);
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

fn point((x, y): (f64, f64)) -> String {
    format!("{} {}", short(x), short(y))
}

fn curve(from: (f64, f64), to: (f64, f64)) -> String {
    if (from.1 - to.1).abs() < 0.5 {
        return format!("H{}", short(to.0));
    }
    let middle = (to.0 - from.0) / 2.0;
    format!("C{} {} {}", point((from.0 + middle, from.1)), point((to.0 - middle, to.1)), point(to))
}

/// From the left side of a box to one of its own column.
fn beside(source: Rect, end: (f64, f64)) -> String {
    let start = (source.x, source.y + source.height - 10.0);
    let out = 24.0 + ((start.1 - end.1).abs() / 12.0).min(18.0);
    format!("M{} C{} {} {}", point(start), point((start.0 - out, start.1)), point((end.0 - out, end.1)), point(end))
}

/// Gives each slot the height that it wants, as near as the order and the room between them allow: least squares, by pooling
/// neighbours that are in each other's way.
fn settle(column: &mut [Slot], wanted: &[(f64, f64)]) {
    let mut offsets = Vec::with_capacity(column.len());
    let mut offset = 0.0;
    for pair in column.windows(2) {
        offsets.push(offset);
        if let [a, b] = pair {
            let is_wire = |slot: &Slot| matches!(slot.what, What::Pass(_));
            offset += a.height + if is_wire(a) && is_wire(b) { WIRE } else { APART };
        }
    }
    offsets.push(offset);
    // Each pool: the height of its first slot without the offset, its weight, and how many slots it has.
    let mut pools: Vec<(f64, f64, usize)> = Vec::new();
    for ((height, weight), offset) in wanted.iter().zip(&offsets) {
        let mut pool = (height - offset, *weight, 1);
        while let Some(last) = pools.last().copied().filter(|last| last.0 > pool.0) {
            pools.pop();
            let weight = last.1 + pool.1;
            pool = ((last.0 * last.1 + pool.0 * pool.1) / weight, weight, last.2 + pool.2);
        }
        pools.push(pool);
    }
    let heights = pools.into_iter().flat_map(|(height, _, number)| std::iter::repeat_n(height, number));
    for ((slot, height), offset) in column.iter_mut().zip(heights).zip(offsets) {
        slot.y = height + offset;
    }
}
