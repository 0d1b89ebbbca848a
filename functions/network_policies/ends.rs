//! Who the ends of edges are: a name may fit several workloads, and an edge must not become more edges than its reader expects.

use std::collections::BTreeMap;

use super::rules;
use super::topology::{Side, Workload, World};
use super::values::{Before, End};
use krmor_core::facts;
use krmor_core::report::{Finding, Place, Report};
use krmor_core::stream::Object;
use krmor_core::suggest;
use krmor_core::text::few;

/// A Job that `Migration` made: the kind of its program where others have its name, the program, and the migration, with `/`
/// between them.
const MIGRATION: &str = "krmor.dev/migration";

/// An end, and all that it may mean.
pub(super) struct Bearers<'a> {
    pub(super) end: &'a End,
    pub(super) sides: Vec<Side<'a>>,
    pub(super) pointer: String,
}

/// Where a workload is: those of one place that an edge names belong together.
type Home = (String, Vec<String>);

impl<'a> World<'a> {
    /// All that an end may mean; nobody is reported.
    pub(super) fn bearers(&self, end: &'a End, pointer: &str, report: &mut Report) -> Vec<Side<'a>> {
        let (before, name) = end.parts();
        let peer = self.spec.peers.iter().find(|(own, _)| before == Before::Nothing && own.as_str() == name);
        let named = self.meant(end);
        match (peer, named.first()) {
            (Some((_, peer)), None) => vec![Side::Peer(peer)],
            (None, Some(_)) => named.into_iter().map(Side::Workload).collect(),
            (Some(_), Some(&first)) => {
                let message = format!("`{name}` is a peer and a workload");
                let kind = self.workloads.get(first).map_or("Kind".into(), |one| one.object.kind());
                let remedy = format!("give the peer another name, or write `{kind}/{name}`");
                report.add(&rules::UNKNOWN_END, Place::Config(pointer.to_owned()), message, remedy);
                Vec::new()
            }
            (None, None) => {
                let known = self.names.keys().cloned();
                let known: Vec<String> =
                    known.chain(self.spec.peers.keys().map(|key| key.as_str().to_owned())).collect();
                let message = format!("`{}` is neither a workload of the stream nor one of `peers`", end.as_str());
                let elsewhere = self.names.get(name).filter(|_| before != Before::Nothing);
                let guess = || {
                    suggest::but_for_affixes(name, known.iter().map(String::as_str))
                        .unwrap_or_else(|| suggest::suggest(name, &known, "name"))
                };
                let remedy = elsewhere.map_or_else(guess, |numbers| format!("write {}", self.choices(numbers)));
                report.add(&rules::UNKNOWN_END, Place::Config(pointer.to_owned()), message, remedy);
                Vec::new()
            }
        }
    }

    /// The workloads that an end fits. What is so now goes before what was so once.
    fn meant(&self, end: &End) -> Vec<usize> {
        let (before, name) = end.parts();
        let of = |number: &usize| Some((*number, self.workloads.get(*number)?));
        let mut found: Vec<(usize, &Workload<'_>)> =
            self.names.get(name).into_iter().flatten().filter_map(of).collect();
        let is_kind = |one: &Workload<'_>, kind: &str| one.object.kind().eq_ignore_ascii_case(kind);
        let is_there = |one: &Workload<'_>, namespace: &str| facts::in_namespace(&one.object, namespace);
        found.retain(|(_, one)| match before {
            Before::Nothing => true,
            Before::Either(text) => is_kind(one, text) || is_there(one, text),
            Before::Both(namespace, kind) => is_kind(one, kind) && is_there(one, namespace),
        });
        let mut prefer = |is_now: &dyn Fn(&Workload<'_>) -> bool| {
            if found.iter().any(|(_, one)| is_now(one)) {
                found.retain(|(_, one)| is_now(one));
            }
        };
        if let Before::Either(place) | Before::Both(place, _) = before {
            prefer(&|one| is_kind(one, place) || plain(&one.object.namespace()) == plain(place));
        }
        prefer(&|one| one.object.name() == name);
        found.into_iter().map(|(number, _)| number).collect()
    }

    /// Who an edge joins by two names. Of several that have a name, those of one place belong together; where that does not
    /// say who is meant, it is reported.
    pub(super) fn joined(
        &self,
        from: &Bearers<'a>,
        to: &Bearers<'a>,
        report: &mut Report,
    ) -> Vec<(Side<'a>, Side<'a>)> {
        let pairs = match (from.sides.as_slice(), to.sides.as_slice()) {
            ([], _) | (_, []) => Some(Vec::new()),
            (&[from], &[to]) => Some(vec![(from, to)]),
            (from, to) => [true, false].into_iter().find_map(|by_affixes| self.paired(from, to, by_affixes)),
        };
        if pairs.is_none() {
            let unclear = [from, to].into_iter().filter(|one| one.sides.len() > 1);
            report.record_once(unclear.map(|one| self.ambiguous(one)).collect::<Vec<_>>());
        }
        let mut pairs = pairs.unwrap_or_default();
        pairs.retain(|(from, to)| {
            let selectable = [*from, *to].map(|side| self.is_selectable(side, report));
            selectable == [true, true]
        });
        pairs
    }

    /// The pairs of each place, where both have one bearer in each. A peer is beside everybody.
    fn paired(&self, from: &[Side<'a>], to: &[Side<'a>], by_affixes: bool) -> Option<Vec<(Side<'a>, Side<'a>)>> {
        let sort = |sides: &[Side<'a>]| {
            let mut homes: BTreeMap<Option<Home>, Side<'a>> = BTreeMap::new();
            let all_differ = sides.iter().all(|&side| homes.insert(self.home(side, by_affixes), side).is_none());
            all_differ.then_some(homes)
        };
        let (from, to) = (sort(from)?, sort(to)?);
        match (from.get(&None), to.get(&None)) {
            (Some(&peer), _) => Some(to.values().map(|&to| (peer, to)).collect()),
            (_, Some(&peer)) => Some(from.values().map(|&from| (from, peer)).collect()),
            _ => from.keys().eq(to.keys()).then(|| from.into_values().zip(to.into_values()).collect()),
        }
    }

    fn home(&self, side: Side<'_>, by_affixes: bool) -> Option<Home> {
        let Side::Workload(number) = side else { return None };
        let one = self.workloads.get(number)?;
        // kustomize has not seen a Job that krmor has just made: it belongs to its program.
        let named = one.program.and_then(|program| self.workloads.get(program)).unwrap_or(one);
        let affixes = krmor_core::facts::CONTEXT.iter().filter(|_| by_affixes);
        let affixes = affixes.map(|key| named.object.annotation(key).unwrap_or_default().into_owned());
        Some((plain(&one.object.namespace()).to_owned(), affixes.collect()))
    }

    /// Who an end of an implied edge is, for the workload that it leads to.
    pub(super) fn beside(&self, end: &'a End, pointer: &str, number: usize, report: &mut Report) -> Option<Side<'a>> {
        let bearers = Bearers { end, sides: self.bearers(end, pointer, report), pointer: pointer.to_owned() };
        let alone = |by_affixes: bool| {
            let home = self.home(Side::Workload(number), by_affixes);
            let mut near = bearers.sides.iter().copied().filter(|&side| self.home(side, by_affixes) == home);
            near.next().filter(|_| near.next().is_none())
        };
        let side = match bearers.sides.as_slice() {
            [] => None,
            &[only] => Some(only),
            _ => {
                let found = alone(true).or_else(|| alone(false));
                if found.is_none() {
                    report.record_once(vec![self.ambiguous(&bearers)]);
                }
                found
            }
        };
        side.filter(|&side| self.is_selectable(side, report))
    }

    fn ambiguous(&self, bearers: &Bearers<'_>) -> Finding {
        let numbers: Vec<usize> = bearers
            .sides
            .iter()
            .filter_map(|side| match side {
                Side::Workload(number) => Some(*number),
                Side::Peer(_) => None,
            })
            .collect();
        let mut titles =
            numbers.iter().filter_map(|at| self.workloads.get(*at)).map(|one| one.object.reference().to_string());
        let titles = few(numbers.len(), &mut titles, ", ");
        let message = format!("`{}` fits {titles}, and nothing says which is meant", bearers.end.as_str());
        let remedy = format!("write which: {}", self.choices(&numbers));
        Finding::new(&rules::AMBIGUOUS_END, Place::Config(bearers.pointer.clone()), message, remedy)
    }

    fn choices(&self, numbers: &[usize]) -> String {
        few(numbers.len(), &mut numbers.iter().map(|&number| format!("`{}`", self.spelling(number))), " or ")
    }

    /// The shortest end that means one workload only.
    fn spelling(&self, number: usize) -> String {
        let Some(one) = self.workloads.get(number) else { return String::new() };
        let (kind, name, namespace) = (one.object.kind(), one.object.name(), one.object.namespace());
        let namespace = if namespace.is_empty() { "default" } else { &*namespace };
        let full = format!("{namespace}/{kind}/{name}");
        let forms = [name.clone().into_owned(), format!("{kind}/{name}"), format!("{namespace}/{name}")];
        let is_peer = |text: &str| self.spec.peers.keys().any(|own| own.as_str() == text);
        let is_it = |text: &String| {
            let end = End::try_from(text.clone());
            !is_peer(text) && end.is_ok_and(|end| self.meant(&end) == [number])
        };
        forms.into_iter().find(is_it).unwrap_or(full)
    }
}

/// A namespace, where nothing stands for `default`.
fn plain(namespace: &str) -> &str {
    if namespace == "default" { "" } else { namespace }
}

/// Finds the programs of Jobs of `Migration`, and gives these the names that they would have had before kustomize named the
/// program anew: the Jobs are younger than that.
pub(super) fn add_migrations(workloads: &mut [Workload<'_>], names: &mut BTreeMap<String, Vec<usize>>) {
    let programs: Vec<(usize, usize, Vec<String>)> = workloads
        .iter()
        .enumerate()
        .filter_map(|(number, job)| {
            let note = job.object.annotation(MIGRATION)?;
            let (program, migration) = note.rsplit_once('/')?;
            let (kind, program) = program.split_once('/').map_or((None, program), |(kind, name)| (Some(kind), name));
            let is_it = |other: &Workload<'_>| {
                let is_kind = |kind: &str| kind.split('.').next() == Some(&other.object.kind().to_ascii_lowercase());
                kind.is_none_or(is_kind) && facts::share_namespace(&other.object, &job.object)
            };
            let all = names.get(program).into_iter().flatten().filter(|at| **at != number);
            let mut all: Vec<usize> = all.copied().filter(|at| workloads.get(*at).is_some_and(is_it)).collect();
            let is_now = |at: &usize| workloads.get(*at).is_some_and(|one| one.object.name() == program);
            if all.iter().any(is_now) {
                all.retain(is_now);
            }
            let &[at] = all.as_slice() else { return None };
            Some((number, at, aliases(&job.object, &workloads.get(at)?.object, migration)))
        })
        .collect();
    for (number, program, aliases) in programs {
        if let Some(job) = workloads.get_mut(number) {
            job.program = Some(program);
        }
        for alias in aliases {
            let bearers = names.entry(alias).or_default();
            if !bearers.contains(&number) {
                bearers.push(number);
            }
        }
    }
}

/// What a Job of a program was called if the program had kept a name that it had; its hash is no part of what people write.
fn aliases(job: &Object<'_>, program: &Object<'_>, migration: &str) -> Vec<String> {
    let (names, of_job) = (program.names(), job.names());
    let renamed = |old: &String| {
        let rest = |job: &String| {
            names.iter().filter_map(|name| job.strip_prefix(name.as_str())).map(str::to_owned).collect::<Vec<_>>()
        };
        let rests = of_job.iter().flat_map(rest).filter(|rest| rest.starts_with('-'));
        rests.map(|rest| format!("{old}{rest}")).collect::<Vec<_>>()
    };
    let short = names.iter().map(|name| format!("{name}-{migration}"));
    names.iter().flat_map(renamed).chain(short).collect()
}
