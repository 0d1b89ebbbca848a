//! The objects of a stream, and the setters through which functions change them.

mod find;
mod names;
mod object;

use crate::rules as common;
use std::any::Any;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value};

pub(crate) use self::find::MAX_DEPTH;
use self::find::{Found, add_objects};
use self::names::Names;
pub use self::names::{PREVIOUS_KINDS, PREVIOUS_NAMES, PREVIOUS_NAMESPACES};
pub use self::object::Object;
use crate::kube::group_of;
use crate::references;
pub use crate::report::ObjectId;
use crate::report::{Change, Report, Severity, Why};
use crate::workload;
use krmor_yaml::{self as yaml, Document, EditError, Kind, Node, NodeRef, Op, Operation};

/// Where an object lies.
#[derive(Clone, Debug)]
struct Location {
    /// Number of the document, as reported.
    document: usize,
    /// Index into `documents`: a ResourceList is one YAML document that holds many.
    yaml: usize,
    place: NodeRef,
    /// Pointer of the object within its YAML document.
    inside: String,
    /// Pointer of the object within its reported document.
    prefix: String,
    /// Kind and apiVersion that a typed list (`DeploymentList`) gives items which do not say.
    implied: Option<(String, String)>,
    /// The file it was read from, and its document's number there.
    file: Option<(Arc<str>, usize)>,
    /// It was removed: reports can still name it, and nothing else finds it.
    gone: bool,
    /// What an item of a `List` was, since its own document no longer tells.
    former: Option<Arc<Document>>,
    /// It stands inside an object which is no list, such as a `ManifestWork`.
    embedded: bool,
    origin: Origin,
}

/// The file that a renderer says an object is from, once somebody has asked. What stands beside or below has its own.
#[derive(Debug, Default)]
struct Origin(OnceLock<Option<String>>);

impl Clone for Origin {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Location {
    /// The place of `node`, to which `tokens` lead from here.
    fn below(&self, node: Node<'_>, tokens: &[&str]) -> Self {
        let rest: String = tokens.iter().flat_map(|token| ["/", token]).collect();
        Self {
            place: node.place(self.place.depth() + tokens.len()),
            inside: format!("{}{rest}", self.inside),
            prefix: format!("{}{rest}", self.prefix),
            ..self.clone()
        }
    }

    /// Item `at` of the list at `list`, a pointer within the reported document, is gone: those behind it move up.
    fn moved_up(&mut self, inside: &str, list: &str, at: usize) {
        let Some(rest) = self.prefix.strip_prefix(list).and_then(|rest| rest.strip_prefix('/')) else { return };
        let (number, rest) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if let Some(number) = number.parse::<usize>().ok().filter(|number| *number > at) {
            self.prefix = format!("{list}/{}{rest}", number - 1);
            self.inside = format!("{inside}{}", self.prefix);
        }
    }
}

/// What is done at a pointer.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// [`Stream::set`].
    Set(Value),
    /// [`Stream::append`].
    Append(Value),
    /// [`Stream::remove`].
    Remove,
}

/// A change of one object that a function has decided on.
#[derive(Clone, Debug)]
pub struct Edit {
    /// JSON Pointer from the object's root.
    pub pointer: String,
    /// What to do there.
    pub action: Action,
    /// The reason that is reported.
    pub why: Why,
}

/// What krmor was handed, and what functions change.
#[derive(Debug)]
pub struct Stream {
    /// Those of the input, then the new ones.
    documents: Vec<Document>,
    /// How many are of the input.
    read: usize,
    /// What the input numbers: documents, or the items of a ResourceList.
    numbered: usize,
    /// For each new document, in the order of their numbers, the number of the input's that it stands after.
    after: Vec<usize>,
    objects: Vec<Location>,
    /// Read when first asked for.
    names: OnceLock<Names>,
    /// The highest index that kpt's annotations give in each file. Read when first asked for.
    indexes: OnceLock<HashMap<String, u64>>,
    /// What has been read from the stream as it is now; the next change of the stream drops it.
    memo: Memo,
    workloads: workload::Table,
    references: references::Table,
    /// What is for tools on this machine: kind and name, and whether the kind has pods.
    local: Vec<(String, bool)>,
}

impl Stream {
    /// Reads a bare stream: YAML documents between `---` lines, or JSON.
    ///
    /// # Errors
    /// When it is not YAML that kustomize would read.
    pub fn parse(text: &Arc<String>) -> Result<Self, yaml::Error> {
        Ok(Self::of_documents(yaml::parse(text)?, |_| None))
    }

    /// Takes parsed documents, and for the number of each the file that it is from, if it is known.
    #[must_use]
    pub fn of_documents(documents: Vec<Document>, file: impl Fn(usize) -> Option<(Arc<str>, usize)>) -> Self {
        let mut objects = Found::default();
        for (number, document) in documents.iter().enumerate() {
            let location = Location {
                document: number,
                yaml: number,
                place: document.place(),
                inside: String::new(),
                prefix: String::new(),
                implied: None,
                file: file(number),
                gone: false,
                former: None,
                embedded: false,
                origin: Origin::default(),
            };
            add_objects(document.root(), &location, 0, &mut objects);
        }
        let numbered = documents.len();
        Self::new(documents, numbered, objects)
    }

    /// Takes the items of a parsed ResourceList as documents.
    #[must_use]
    pub fn of_items(list: Document) -> Self {
        let mut objects = Found::default();
        if let Some(items) = list.root().get("items") {
            for (number, item) in items.items().enumerate() {
                let location = Location {
                    document: number,
                    yaml: 0,
                    place: item.place(2),
                    inside: format!("/items/{number}"),
                    prefix: String::new(),
                    implied: None,
                    file: None,
                    gone: false,
                    former: None,
                    embedded: false,
                    origin: Origin::default(),
                };
                add_objects(item, &location, 0, &mut objects);
            }
        }
        let numbered = list.root().get("items").map_or(0, |items| items.items().count());
        let documents = vec![list];
        Self::new(documents, numbered, objects)
    }

    fn new(documents: Vec<Document>, numbered: usize, found: Found) -> Self {
        let Found { objects, local } = found;
        let read = documents.len();
        let (names, indexes, memo) = (OnceLock::new(), OnceLock::new(), Memo::default());
        let (workloads, references) = (workload::Table::default(), references::Table::default());
        Self {
            documents,
            read,
            numbered,
            after: Vec::new(),
            objects,
            names,
            indexes,
            memo,
            workloads,
            references,
            local,
        }
    }

    /// Where pod templates live.
    #[must_use]
    pub fn workloads(&self) -> &workload::Table {
        &self.workloads
    }

    /// Says where pod templates live.
    pub fn set_workloads(&mut self, table: workload::Table) {
        self.memo = Memo::default();
        self.workloads = table;
    }

    /// What the CustomResourceDefinitions of the stream say of the kinds of its objects.
    #[must_use]
    pub fn schemas(&self) -> Vec<workload::Row> {
        let definitions = self.of_kind("apiextensions.k8s.io", "CustomResourceDefinition");
        let used = definitions.filter(|definition| {
            let text = |path: &[&str]| definition.root.find(path).and_then(Node::as_str).unwrap_or_default();
            self.of_kind(&text(&["spec", "group"]), &text(&["spec", "names", "kind"])).next().is_some()
        });
        used.filter_map(|definition| workload::row_of_crd(definition.root)).collect()
    }

    /// Where objects name others.
    #[must_use]
    pub fn references(&self) -> &references::Table {
        &self.references
    }

    /// Says where objects name others.
    pub fn set_references(&mut self, table: references::Table) {
        self.memo = Memo::default();
        self.references = table;
    }

    /// What `T` keeps of the stream until the stream changes: it reads the stream once, however many ask.
    #[must_use]
    pub fn memo<T: Any + Send + Sync + Default>(&self) -> &T {
        self.memo.get()
    }

    /// Every object by the number of its YAML document and its pointer there.
    pub(crate) fn by_pointer(&self) -> HashMap<(usize, &str), ObjectId> {
        self.objects.iter().enumerate().map(|(id, at)| ((at.yaml, at.inside.as_str()), id)).collect()
    }

    /// Whether the objects are the items of a ResourceList.
    #[must_use]
    pub fn is_list(&self) -> bool {
        self.objects.first().is_some_and(|first| first.inside.len() != first.prefix.len())
    }

    /// The YAML documents of the input, in order.
    #[must_use]
    pub fn documents(&self) -> &[Document] {
        self.documents.get(..self.read).unwrap_or_default()
    }

    /// Whether documents of these numbers have changed, or new ones stand after one of them.
    #[must_use]
    pub fn changed(&self, numbers: &Range<usize>) -> bool {
        let old = self.documents().get(numbers.clone()).unwrap_or_default();
        old.iter().any(Document::changed) || self.after.iter().any(|after| numbers.contains(after))
    }

    /// Puts the new documents of a ResourceList into its items, each behind the one that it stands after: the list.
    ///
    /// # Errors
    /// When the list's items are of a wrong shape.
    pub fn merge_items(&mut self) -> Result<Option<&mut Document>, EditError> {
        let new = self.documents.split_off(self.read.min(self.documents.len()));
        let mut new: Vec<_> = self.after.drain(..).zip(new).collect();
        let Some(list) = self.documents.first_mut() else { return Ok(None) };
        // From the end, so that the numbers before still hold; the last of those that share a place goes in first.
        new.sort_by_key(|(after, _)| *after);
        let of_items = self.objects.iter().filter(|at| at.gone && at.prefix.is_empty() && at.document < self.numbered);
        let mut removed: Vec<usize> = of_items.map(|at| at.document).collect();
        removed.sort_unstable();
        let mut remove = |list: &mut Document, behind: usize| {
            while let Some(number) = removed.pop_if(|number| *number >= behind) {
                list.apply(Operation { op: Op::Remove, path: &format!("/items/{number}"), value: &Value::Null })?;
            }
            Ok(())
        };
        for (after, document) in new.iter().rev().filter(|(_, document)| !document.gone()) {
            // What stands behind is done; the item itself goes when all that is put behind it is there.
            remove(list, after + 1)?;
            let value = document.root().to_value().unwrap_or_default();
            let path = format!("/items/{}", after + 1);
            list.apply(Operation { op: Op::Add, path: &path, value: &value })?;
        }
        remove(list, 0)?;
        Ok(Some(list))
    }

    /// The text that an object was read from, if its places there are still known.
    #[must_use]
    pub fn source(&self, id: ObjectId) -> Option<&str> {
        let location = self.objects.get(id).filter(|location| location.former.is_none())?;
        self.documents.get(location.yaml).map(|document| document.file().as_str())
    }

    /// The stream's text with every change in it.
    #[must_use]
    pub fn render(&self) -> String {
        let mut out = String::new();
        self.render_to(0..self.read, |part| out.push_str(part));
        out
    }

    /// Hands out, part by part, the text that holds the documents of these numbers, with every change in it.
    pub fn render_to(&self, numbers: Range<usize>, write: impl FnMut(&str)) {
        let added = self.documents.get(self.read..).unwrap_or_default();
        let inside = self.after.iter().zip(added).filter(|(after, _)| numbers.contains(after));
        let mut new: Vec<_> = inside.map(|(after, document)| (after - numbers.start, document)).collect();
        new.sort_by_key(|(after, _)| *after);
        yaml::render_with(self.documents().get(numbers).unwrap_or_default(), &new, write);
    }

    /// Every object, the items of `List`s among them; none that was removed.
    pub fn objects(&self) -> impl Iterator<Item = Object<'_>> {
        let mut ids = 0..self.objects.len();
        std::iter::from_fn(move || ids.find_map(|id| self.present(id)))
    }

    /// Pointers, from the root of `object`, of the objects inside it.
    #[must_use]
    pub fn objects_inside(&self, object: &Object<'_>) -> HashSet<String> {
        let behind = self.objects.get(object.id + 1..).unwrap_or_default().iter();
        let rest = behind.map_while(|other| {
            let rest = other.prefix.strip_prefix(object.prefix()).filter(|_| other.document == object.document())?;
            rest.starts_with('/').then(|| rest.to_owned())
        });
        rest.collect()
    }

    /// What is for tools on this machine, and is passed over: kind and name, and whether the kind has pods.
    #[must_use]
    pub fn local(&self) -> &[(String, bool)] {
        &self.local
    }

    /// The objects of a group and kind, in the stream's order.
    pub fn of_kind(&self, group: &str, kind: &str) -> impl Iterator<Item = Object<'_>> {
        self.of_group(self.names().of_kind(kind), group)
    }

    /// The objects of a group and kind that have the name, or had it before earlier kustomizations, in the stream's order.
    pub fn named(&self, group: &str, kind: &str, name: &str) -> impl Iterator<Item = Object<'_>> {
        self.of_group(self.names().named(kind, name), group)
    }

    fn of_group<'a>(&'a self, ids: &'a [ObjectId], group: &str) -> impl Iterator<Item = Object<'a>> {
        let mut ids = ids.iter();
        std::iter::from_fn(move || ids.find_map(|&id| self.present(id).filter(|object| object.group() == group)))
    }

    fn names(&self) -> &Names {
        self.names.get_or_init(|| Names::of(self))
    }

    /// The object `id`, unless it was removed.
    fn present(&self, id: ObjectId) -> Option<Object<'_>> {
        self.objects.get(id).filter(|location| !location.gone)?;
        self.object(id)
    }

    /// The object `id`; one that was removed as it was then.
    #[must_use]
    pub fn object(&self, id: ObjectId) -> Option<Object<'_>> {
        let location = self.objects.get(id)?;
        let document = self.documents.get(location.yaml)?;
        let root = match &location.former {
            Some(former) => former.root(),
            None => document.node(location.place, &location.inside)?,
        };
        let text = document.file().get(document.span()).unwrap_or_default();
        Some(Object { id, location, root, text })
    }

    /// Whether an object was not in the input; all such stand behind those that were.
    #[must_use]
    pub fn is_new(&self, id: ObjectId) -> bool {
        self.objects.get(id).is_some_and(|location| location.document >= self.numbered)
    }

    /// Sets the value at `pointer` of an object and records it. Missing parents are made; an equal value is left alone.
    ///
    /// The pointer's tokens are keys, or indices of items that exist.
    ///
    /// # Errors
    /// When a parent on the way is a plain value, or the edit would change another place (see [`EditError`]).
    pub fn set(
        &mut self,
        report: &mut Report,
        id: ObjectId,
        pointer: &str,
        value: Value,
        why: Why,
    ) -> Result<(), EditError> {
        let Some(object) = self.object(id) else { return Ok(()) };
        let mut parent = object.root;
        let mut depth = object.location.place.depth();
        let mut previous = None;
        let mut op = Op::Add;
        // How much of the pointer is there, and where its last token that is starts.
        let (mut walked, mut split) = (0, 0);
        for token in pointer.split('/').skip(1) {
            split = walked;
            walked += 1 + token.len();
            let at = yaml::unescape_token(token).and_then(|token| parent.child(&token));
            let last = walked == pointer.len();
            match at {
                None => break,
                // `securityContext:` with nothing behind it: the null is replaced.
                Some(node) if last || node.is_null() => {
                    op = Op::Replace;
                    previous = if last { node.to_value() } else { Some(Value::Null) };
                    break;
                }
                Some(node) => {
                    parent = node;
                    depth += 1;
                }
            }
        }
        if op == Op::Replace && walked == pointer.len() && previous.as_ref() == Some(&value) {
            return Ok(());
        }
        let missing = pointer.get(walked..).and_then(|rest| rest.strip_prefix('/'));
        let value = missing.into_iter().flat_map(|rest| rest.rsplit('/')).fold(value, |inner, token| {
            let key = yaml::unescape_token(token).unwrap_or_default().into_owned();
            Value::Object([(key, inner)].into_iter().collect())
        });
        let place = parent.place(depth);
        let change = Step { op, value, previous, why };
        self.edit(report, id, pointer.get(..walked).unwrap_or(""), split, place, change)
    }

    /// Removes the value at `pointer` of an object, if it is there, and records it.
    ///
    /// # Errors
    /// As for [`Stream::set`].
    pub fn remove(&mut self, report: &mut Report, id: ObjectId, pointer: &str, why: Why) -> Result<(), EditError> {
        let Some(object) = self.object(id) else { return Ok(()) };
        let Some(node) = object.root.at_pointer(pointer) else { return Ok(()) };
        let change = Step { op: Op::Remove, value: Value::Null, previous: node.to_value(), why };
        let place = object.location.place;
        self.edit(report, id, pointer, 0, place, change)
    }

    /// Appends `item` to the list at `pointer` of an object, which is made when it is missing, and records it.
    ///
    /// # Errors
    /// As for [`Stream::set`].
    pub fn append(
        &mut self,
        report: &mut Report,
        id: ObjectId,
        pointer: &str,
        item: Value,
        why: Why,
    ) -> Result<(), EditError> {
        let Some(object) = self.object(id) else { return Ok(()) };
        match object.root.at_pointer(pointer).filter(|node| node.kind() == Kind::Seq) {
            Some(list) => {
                let path = format!("{pointer}/{}", list.items().count());
                let change = Step { op: Op::Add, value: item, previous: None, why };
                let place = object.location.place;
                self.edit(report, id, &path, 0, place, change)
            }
            None => self.set(report, id, pointer, Value::Array(vec![item]), why),
        }
    }

    /// Adds `object` to the stream, behind the document of `beside`, the workload that it serves, and records it.
    ///
    /// What tells kpt in which file an object lies is taken from `beside`. When the stream already has an object of that
    /// name, or the file of `beside` has no room for a second one, that is an error of the report and nothing is added.
    pub fn emit(&mut self, report: &mut Report, beside: ObjectId, mut object: Value, why: Why) -> Option<ObjectId> {
        let workload = self.object(beside)?;
        let identity = Identity::of_value(&object);
        if workload.location.embedded {
            let message =
                format!("{identity} is to be added for {}, which is inside another object", workload.reference());
            let remedy = "exclude it from this function, or write that object there by hand";
            report.add(&common::EMBEDDED, workload.at(""), message, remedy);
            return None;
        }
        if identity.name.is_empty() || identity.name.ends_with('*') {
            let message =
                format!("{} has no fixed name, and its {} is to have the same", workload.reference(), identity.kind);
            let remedy = "give it `metadata.name`, or exclude it from this function";
            report.add(&common::NO_NAME, workload.at("/metadata"), message, remedy);
            return None;
        }
        let here = self.names().here(&identity.kind, &identity.name, &identity.namespace);
        let taken = self.of_group(here, &identity.group).find(|other| identity.is_of(other));
        if let Some(other) = taken {
            let message = format!("{} is to be added for {}, and its name is taken", identity, workload.reference());
            let remedy = "rename that object, or give this one another name";
            report.add(&common::NAME_TAKEN, other.at(""), message, remedy);
            return None;
        }
        let location = workload.location;
        if location.file.as_ref().is_some_and(|(file, _)| file.ends_with(".json")) {
            let message = format!("{identity} is to be added behind it, and a JSON file holds one object only");
            let remedy = "write the file as YAML, in a file whose name ends in `.yaml`";
            report.add(&common::JSON_FILE, workload.at(""), message, remedy);
            return None;
        }
        self.take_place(&workload, &mut object);
        let after = location.document.checked_sub(self.numbered).and_then(|new| self.after.get(new)).copied();
        let after = after.unwrap_or(location.document);
        let document = match yaml::new_document(&object, self.documents.get(location.yaml)) {
            Ok(document) => document,
            Err(error) => {
                report.add_as(
                    Severity::Error,
                    why.rule,
                    workload.at(""),
                    error.message,
                    "shorten what it is made from",
                );
                return None;
            }
        };
        let number = self.numbered + self.after.len();
        let file = location.file.clone().map(|(file, number)| (file, number + 1));
        let (inside, prefix) = (String::new(), String::new());
        let place = document.place();
        let yaml = self.documents.len();
        self.objects.push(Location {
            document: number,
            yaml,
            place,
            inside,
            prefix,
            implied: None,
            file,
            gone: false,
            former: None,
            embedded: false,
            origin: Origin::default(),
        });
        self.documents.push(document);
        self.after.push(after);
        let id = self.objects.len() - 1;
        self.memo = Memo::default();
        if let Some(mut names) = self.names.take() {
            self.object(id).iter().for_each(|object| names.add(object));
            self.names = OnceLock::from(names);
        }
        if let Some(mut indexes) = self.indexes.take() {
            self.object(id).iter().for_each(|object| add_indexes(object, &mut indexes));
            self.indexes = OnceLock::from(indexes);
        }
        report.changes.push(Change {
            document: number,
            object: id,
            op: Op::Add,
            after: Some(after),
            path: String::new(),
            value: object,
            previous: None,
            function: Arc::clone(report.function()),
            why,
        });
        Some(id)
    }

    /// Takes an object out of the stream, and records it: with its whole document, comments and `---` included, or, in a
    /// `List`, as an item of it.
    ///
    /// # Errors
    /// As for [`Stream::set`].
    pub fn remove_object(&mut self, report: &mut Report, id: ObjectId, why: Why) -> Result<(), EditError> {
        let Some(location) = self.objects.get(id).filter(|location| !location.gone).cloned() else { return Ok(()) };
        let previous = self.object(id).and_then(|object| object.root.to_value());
        let Some(document) = self.documents.get_mut(location.yaml) else { return Ok(()) };
        // An item of a ResourceList goes when the list is written: until then the numbers of the others hold.
        let of_list = location.prefix.is_empty() && !location.inside.is_empty();
        if !of_list {
            document.apply(Operation { op: Op::Remove, path: &location.inside, value: &Value::Null })?;
        }
        if let Some((list, at)) = location.prefix.rsplit_once('/').and_then(|(list, at)| Some((list, at.parse().ok()?)))
        {
            let inside = location.inside.strip_suffix(&location.prefix).unwrap_or_default().to_owned();
            for other in self.objects.iter_mut().filter(|other| other.document == location.document && !other.gone) {
                other.moved_up(&inside, list, at);
            }
        }
        self.memo = Memo::default();
        if let Some(own) = self.objects.get_mut(id) {
            own.gone = true;
            if !location.prefix.is_empty() {
                let former = previous.as_ref().and_then(|value| yaml::new_document(value, None).ok());
                (own.inside, own.prefix, own.former) = (location.inside, location.prefix.clone(), former.map(Arc::new));
            }
        }
        report.changes.push(Change {
            document: location.document,
            object: id,
            op: Op::Remove,
            after: None,
            path: location.prefix,
            value: Value::Null,
            previous: previous.map(Box::new),
            function: Arc::clone(report.function()),
            why,
        });
        Ok(())
    }

    /// Gives `object` the annotations by which kpt finds the file of `workload`, with the next index that is free there.
    fn take_place(&self, workload: &Object<'_>, object: &mut Value) {
        let files: Vec<(String, Cow<'_, str>)> = place_annotations(workload, "path").collect();
        let highest = |(_, file): &(String, Cow<'_, str>)| self.indexes().get(&**file);
        let index = files.iter().filter_map(highest).max().map_or(0, |index| index + 1);
        for (path, file) in &files {
            let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { continue };
            let annotations = metadata.entry("annotations").or_insert_with(|| Value::Object(Map::new()));
            if let Some(annotations) = annotations.as_object_mut() {
                annotations.insert(path.clone(), Value::String(file.clone().into_owned()));
                annotations.insert(path.replace("/path", "/index"), Value::String(index.to_string()));
            }
        }
    }

    fn indexes(&self) -> &HashMap<String, u64> {
        self.indexes.get_or_init(|| {
            let mut indexes = HashMap::new();
            self.objects().for_each(|object| add_indexes(&object, &mut indexes));
            indexes
        })
    }

    /// Makes an edit and records it; one that the text cannot take becomes an error of the report.
    pub fn apply(&mut self, report: &mut Report, id: ObjectId, edit: Edit) {
        let Edit { pointer, action, why } = edit;
        if let Some(object) = self.object(id).filter(|_| action != Action::Remove)
            && let Some(field) = self.workloads.row(&object.group(), &object.kind()).and_then(|row| row.lacks(&pointer))
        {
            let message =
                format!("{} has no field `{field}` here, so {} cannot be written", object.kind(), why.rule.id);
            let remedy = "exclude the object from this function, or write an exception for it";
            return report.add(&common::NO_FIELD, object.at(&pointer), message, remedy);
        }
        let rule = why.rule;
        let made = match action {
            Action::Set(value) => self.set(report, id, &pointer, value, why),
            Action::Append(item) => self.append(report, id, &pointer, item, why),
            Action::Remove => self.remove(report, id, &pointer, why),
        };
        if let (Err(error), Some(object)) = (made, self.object(id)) {
            let remedy = "write this part of the manifest out as the Kubernetes API has it";
            report.add_as(Severity::Error, rule, object.at(&pointer), error.message, remedy);
        }
    }

    /// Makes an edit at `pointer` of an object and records it. `place` is where the part behind `split` starts.
    fn edit(
        &mut self,
        report: &mut Report,
        id: ObjectId,
        pointer: &str,
        split: usize,
        place: NodeRef,
        edit: Step,
    ) -> Result<(), EditError> {
        let Some(location) = self.objects.get(id) else { return Ok(()) };
        let Some(document) = self.documents.get_mut(location.yaml) else { return Ok(()) };
        let (before, path) = pointer.split_at_checked(split).unwrap_or(("", pointer));
        let operation = Operation { op: edit.op, path, value: &edit.value };
        document.apply_at(place, || format!("{}{before}", location.inside), operation)?;
        self.memo = Memo::default();
        // What tells who an object is stands in these; no function edits them so far.
        let identity = ["/kind", "/apiVersion", "/metadata/name", "/metadata/generateName", "/metadata/annotations"];
        if identity.iter().any(|part| pointer.starts_with(part) || part.starts_with(pointer)) {
            self.names.take();
        }
        report.changes.push(Change {
            document: location.document,
            object: id,
            op: edit.op,
            after: None,
            path: if location.prefix.is_empty() { pointer.to_owned() } else { format!("{}{pointer}", location.prefix) },
            value: edit.value,
            previous: edit.previous.map(Box::new),
            function: Arc::clone(report.function()),
            why: edit.why,
        });
        Ok(())
    }
}

/// One value of each type that asks, made when it first does. The stream need not know these types.
#[derive(Debug, Default)]
struct Memo {
    value: OnceLock<Box<dyn Any + Send + Sync>>,
    next: OnceLock<Box<Memo>>,
}

impl Memo {
    fn get<T: Any + Send + Sync + Default>(&self) -> &T {
        let mut memo = self;
        loop {
            if let Some(value) = memo.value.get_or_init(|| Box::<T>::default()).downcast_ref() {
                return value;
            }
            memo = memo.next.get_or_init(Box::default);
        }
    }
}

/// What is recorded of an edit, beside its place.
struct Step {
    op: Op,
    value: Value,
    previous: Option<Value>,
    why: Why,
}

/// What no two objects of a stream may share; an object without a namespace is in `default`.
struct Identity {
    group: String,
    kind: String,
    namespace: String,
    name: String,
}

impl Identity {
    fn of_value(object: &Value) -> Self {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let api_version = text("/apiVersion");
        let group = group_of(&api_version).to_owned();
        Self { group, kind: text("/kind"), namespace: text("/metadata/namespace"), name: text("/metadata/name") }
    }

    fn is_of(&self, object: &Object<'_>) -> bool {
        object.kind() == self.kind
            && object.name() == self.name
            && names::plain(&object.namespace()) == names::plain(&self.namespace)
            && object.group() == self.group
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.kind)?;
        if !self.namespace.is_empty() {
            write!(f, "{}/", self.namespace)?;
        }
        f.write_str(&self.name)
    }
}

/// kpt's annotations `path` or `index`, by their present name and their old one: annotation and value.
fn place_annotations<'a>(object: &Object<'a>, key: &str) -> impl Iterator<Item = (String, Cow<'a, str>)> {
    let names = ["internal.config.kubernetes.io", "config.kubernetes.io"].map(|group| format!("{group}/{key}"));
    names.into_iter().filter_map(|name| object.annotation(&name).map(|value| (name, value)))
}

/// Adds what an object's annotations say of its index in its file.
fn add_indexes(object: &Object<'_>, indexes: &mut HashMap<String, u64>) {
    let Some(index) = place_annotations(object, "index").filter_map(|(_, index)| index.parse().ok()).max() else {
        return;
    };
    for (_, file) in place_annotations(object, "path") {
        let highest = indexes.entry(file.into_owned()).or_insert(index);
        *highest = index.max(*highest);
    }
}
