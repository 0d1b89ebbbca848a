//! What has labels and what selects by them, so that neither need look at each of the other: streams hold thousands.

use std::collections::HashMap;

use super::{LabelSelector, Labels};

/// Things by label, and there by place: a namespace. Streams hold thousands that are labelled alike.
#[derive(Clone, Debug)]
struct Shelf<T>(HashMap<(String, String), HashMap<String, Vec<T>>>);

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Copy> Shelf<T> {
    fn put(&mut self, label: (String, String), places: &[String], thing: T) {
        let of_label = self.0.entry(label).or_default();
        for place in places {
            of_label.entry(place.clone()).or_default().push(thing);
        }
    }

    /// The lists of a label in some places, or in all.
    fn lists<'s>(&'s self, label: &(String, String), places: Option<&'s [String]>) -> Vec<&'s Vec<T>> {
        match (self.0.get(label), places) {
            (None, _) => Vec::new(),
            (Some(of_label), None) => of_label.values().collect(),
            (Some(of_label), Some(places)) => places.iter().filter_map(|place| of_label.get(place)).collect(),
        }
    }
}

/// Things by their labels and places, so that a selector need not look at each of them.
#[derive(Clone, Debug, Default)]
pub struct ByLabel<T> {
    all: Vec<T>,
    by_place: HashMap<String, Vec<T>>,
    shelf: Shelf<T>,
}

impl<T: Copy + Ord> ByLabel<T> {
    /// Adds a thing that has these labels, and is in these places.
    pub fn add(&mut self, thing: T, labels: &Labels<'_>, places: &[String]) {
        self.all.push(thing);
        for place in places {
            self.by_place.entry(place.clone()).or_default().push(thing);
        }
        for label in labels.pairs() {
            self.shelf.put(label, places, thing);
        }
    }

    /// Whether anything in some places, or in all, is such.
    pub fn any(&self, places: Option<&[String]>, mut is: impl FnMut(T) -> bool) -> bool {
        match places {
            None => self.all.iter().any(|one| is(*one)),
            Some(places) => places.iter().filter_map(|place| self.by_place.get(place)).flatten().any(|one| is(*one)),
        }
    }

    /// What a selector may select in some places, or in all; in order and each once. Of what has a label that it demands,
    /// the fewest; everything there, when it demands none.
    #[must_use]
    pub fn near(&self, selector: &LabelSelector, places: Option<&[String]>) -> Vec<T> {
        let found = selector.demanded().map(|labels| {
            let lists = labels.iter().flat_map(|label| self.shelf.lists(label, places));
            lists.collect::<Vec<_>>()
        });
        let fewest = found.min_by_key(|lists| lists.iter().map(|list| list.len()).sum::<usize>());
        let mut near: Vec<T> = match (fewest, places) {
            (Some(lists), _) => lists.into_iter().flatten().copied().collect(),
            (None, None) => self.all.clone(),
            (None, Some(places)) => {
                places.iter().filter_map(|place| self.by_place.get(place)).flatten().copied().collect()
            }
        };
        near.sort_unstable();
        near.dedup();
        near
    }
}

/// The other way round: what selects, by the labels that it demands and the places that it looks into.
#[derive(Clone, Debug, Default)]
pub struct BySelector<T> {
    undemanding: HashMap<String, Vec<T>>,
    shelf: Shelf<T>,
}

impl<T: Copy + Ord> BySelector<T> {
    /// Adds a thing that selects by this selector in these places. It is kept by the demanded labels that fewest others are
    /// kept by.
    pub fn add(&mut self, thing: T, selector: &LabelSelector, places: &[String]) {
        let number = |labels: &Vec<(String, String)>| {
            let lists = labels.iter().flat_map(|label| self.shelf.lists(label, Some(places)));
            lists.map(Vec::len).sum::<usize>()
        };
        match selector.demanded().min_by_key(number) {
            Some(labels) => labels.into_iter().for_each(|label| self.shelf.put(label, places, thing)),
            None => {
                for place in places {
                    self.undemanding.entry(place.clone()).or_default().push(thing);
                }
            }
        }
    }

    /// What may select something with these labels in some places, or in any; in order and each once.
    #[must_use]
    pub fn near(&self, labels: &Labels<'_>, places: Option<&[String]>) -> Vec<T> {
        let pairs = labels.pairs();
        let some = pairs.iter().flat_map(|label| self.shelf.lists(label, places));
        let mut near: Vec<T> = some.flatten().copied().collect();
        match places {
            None => near.extend(self.undemanding.values().flatten()),
            Some(places) => near.extend(places.iter().filter_map(|place| self.undemanding.get(place)).flatten()),
        }
        near.sort_unstable();
        near.dedup();
        near
    }
}
