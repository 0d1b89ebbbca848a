//! In which column among workloads each stands: behind all that connect to it. Those that connect to each other in a circle
//! stand in one.

use std::collections::BTreeSet;

use super::topology::{End, Topology};

/// The column of each workload, at most `deepest`.
pub(super) fn levels(topology: &Topology<'_>, deepest: usize) -> Vec<usize> {
    let number = topology.workloads.len();
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); number];
    let allowed =
        topology.allowed.iter().filter(|(_, allowed)| !allowed.ports.is_dns()).filter_map(|((from, to), _)| {
            match (from, to) {
                (End::Workload(from), End::Workload(to)) => Some((*from, *to)),
                _ => None,
            }
        });
    for (from, to) in allowed.chain(topology.uses.iter().map(|one| (one.from, one.to))) {
        if from != to {
            next.get_mut(from).into_iter().for_each(|list| list.push(to));
        }
    }
    let (part, parts) = circles(&next);
    // Parts come with those that they lead to before them.
    let mut level = vec![0_usize; parts];
    let mut inside: Vec<Vec<usize>> = vec![Vec::new(); parts];
    for (at, part) in part.iter().enumerate() {
        inside.get_mut(*part).into_iter().for_each(|list| list.push(at));
    }
    for (at, members) in inside.iter().enumerate().rev() {
        let own = level.get(at).copied().unwrap_or_default();
        let led_to = members.iter().filter_map(|from| next.get(*from)).flatten().filter_map(|to| part.get(*to));
        for other in led_to.filter(|other| **other != at) {
            if let Some(there) = level.get_mut(*other) {
                *there = (*there).max(own + 1).min(deepest);
            }
        }
    }
    let of = |at: usize| part.get(at).and_then(|part| level.get(*part)).copied().unwrap_or_default();
    let mut out: Vec<usize> = (0..number).map(of).collect();
    // A store that leads to nobody stands at the end, unless requests from outside go to it.
    let services = topology.entries.iter().flat_map(|one| &one.to).filter_map(|(end, _)| match end {
        End::Service(at) => topology.services.get(*at),
        _ => None,
    });
    let reached: BTreeSet<End> = services.flat_map(|service| service.targets.iter().copied()).collect();
    let others = topology.workloads.iter().any(|one| !one.keeps_data);
    let last = out.iter().max().copied().unwrap_or_default().max(usize::from(others));
    for (at, one) in topology.workloads.iter().enumerate() {
        if one.keeps_data && !reached.contains(&End::Workload(at)) && next.get(at).is_some_and(Vec::is_empty) {
            out.get_mut(at).into_iter().for_each(|level| *level = last);
        }
    }
    out
}

/// The number of the circle that each is in, and how many there are (Tarjan, without recursion: streams hold thousands).
fn circles(next: &[Vec<usize>]) -> (Vec<usize>, usize) {
    const NEW: usize = usize::MAX;
    let number = next.len();
    let (mut index, mut low) = (vec![NEW; number], vec![NEW; number]);
    let (mut part, mut parts) = (vec![NEW; number], 0);
    let (mut stack, mut count) = (Vec::new(), 0);
    for start in 0..number {
        if index.get(start) != Some(&NEW) {
            continue;
        }
        let mut open: Vec<(usize, usize)> = vec![(start, 0)];
        while let Some((at, done)) = open.pop() {
            if done == 0 {
                set(&mut index, at, count);
                set(&mut low, at, count);
                count += 1;
                stack.push(at);
            }
            let of = |list: &[usize], at: usize| list.get(at).copied().unwrap_or(NEW);
            if let Some(&other) = next.get(at).and_then(|list| list.get(done)) {
                open.push((at, done + 1));
                if of(&index, other) == NEW {
                    open.push((other, 0));
                } else if of(&part, other) == NEW {
                    let least = of(&low, at).min(of(&index, other));
                    set(&mut low, at, least);
                }
                continue;
            }
            if of(&low, at) == of(&index, at) {
                while let Some(other) = stack.pop() {
                    set(&mut part, other, parts);
                    if other == at {
                        break;
                    }
                }
                parts += 1;
            }
            if let Some(&(above, _)) = open.last() {
                let least = of(&low, above).min(of(&low, at));
                set(&mut low, above, least);
            }
        }
    }
    (part, parts)
}

fn set(list: &mut [usize], at: usize, value: usize) {
    list.get_mut(at).into_iter().for_each(|there| *there = value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circles_are_found() {
        let (part, parts) = circles(&[vec![1], vec![2], vec![0, 3], vec![], vec![4]]);
        assert_eq!(parts, 3);
        assert!(part[0] == part[1] && part[1] == part[2] && part[3] != part[0] && part[4] != part[3]);
        // What is led to comes first.
        assert!(part[3] < part[0]);
        let chain: Vec<Vec<usize>> =
            (0..100_000).map(|at| if at < 99_999 { vec![at + 1] } else { Vec::new() }).collect();
        assert_eq!(circles(&chain).1, 100_000);
    }
}
