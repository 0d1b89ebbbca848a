use std::path::PathBuf;

use super::*;

struct Tree(PathBuf);

impl Tree {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("krmor-files-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path.canonicalize().unwrap())
    }

    fn put(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    fn read(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.0.join(name)).ok()
    }

    /// All that is there, hidden names too.
    fn names(&self) -> Vec<String> {
        let mut out = Vec::new();
        let mut open = vec![self.0.clone()];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() && !path.is_symlink() {
                    true => open.push(path),
                    false => out.push(path.strip_prefix(&self.0).unwrap().display().to_string()),
                }
            }
        }
        out.sort();
        out
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn bytes(path: PathBuf, text: &str) -> Written {
    Written::bytes(path, text.as_bytes().to_vec())
}

#[test]
fn when_one_file_cannot_be_written_none_is() {
    let tree = Tree::new("none");
    tree.put("taken/inside/x", "");
    let old = tree.put("old", "old");
    let root = std::slice::from_ref(&tree.0);
    let before = tree.names();
    let files = ["old", "new", "taken"].map(|name| bytes(tree.0.join(name), "written"));
    let failure = write(files.to_vec(), root).unwrap_err();
    assert!(failure.message.contains("taken: it is no file"), "{}", failure.message);
    let files = vec![Written::new(old.clone(), Content::Gone), bytes(tree.0.join("taken"), "written")];
    assert!(write(files, root).is_err());
    // In the middle: a folder that is not there.
    let files = vec![bytes(old.clone(), "written"), bytes(tree.0.join("none/new"), "x"), bytes(tree.0.join("z"), "x")];
    let failure = write(files, root).unwrap_err();
    assert!(failure.message.ends_with("; nothing was written\n"), "{}", failure.message);
    assert_eq!((tree.names(), tree.read("old").unwrap().as_str()), (before, "old"));
}

#[test]
fn nothing_outside_of_what_was_named_is_written() {
    let tree = Tree::new("outside");
    tree.put("taken/inside/x", "");
    tree.put("old", "old");
    let inside = [tree.0.join("taken")];
    for path in ["old", "taken/../old", "taken/inside/../../new"] {
        let failure = write(vec![bytes(tree.0.join(path), "")], &inside).unwrap_err();
        assert!(failure.message.contains("outside of what was named"), "{}", failure.message);
    }
    #[cfg(unix)]
    for target in ["old", "none"] {
        let link = tree.0.join(format!("taken/to-{target}"));
        std::os::unix::fs::symlink(tree.0.join(target), &link).unwrap();
        let failure = write(vec![bytes(link, "")], &inside).unwrap_err();
        assert!(failure.message.contains("outside of what was named"), "{}", failure.message);
    }
    assert_eq!(tree.read("old").unwrap(), "old");
    assert_eq!(tree.read("none"), None);
}

#[test]
fn what_someone_else_has_written_meanwhile_is_not_lost() {
    let tree = Tree::new("meanwhile");
    let (one, two) = (tree.put("one", "old"), tree.put("two", "theirs"));
    let root = std::slice::from_ref(&tree.0);
    let read = Mark::of(b"old");
    let failure =
        write(vec![bytes(one.clone(), "new").instead_of(read), bytes(two, "new").instead_of(read)], root).unwrap_err();
    assert!(failure.message.contains("two: it has changed meanwhile; nothing was written"), "{}", failure.message);
    let failure = write(vec![bytes(one, "new").first()], root).unwrap_err();
    assert!(failure.message.contains("one: it has changed meanwhile"), "{}", failure.message);
    assert_eq!((tree.read("one").unwrap(), tree.read("two").unwrap()), ("old".to_owned(), "theirs".to_owned()));
}

/// What a killed krmor leaves, at each point where it can stop; what the next one makes of it.
#[cfg(unix)]
#[test]
fn what_was_left_is_finished_or_undone_at_every_step() {
    for stop in 0..12 {
        let tree = Tree::new("steps");
        let (a, b, c) = (tree.put("a", "old a"), tree.put("deep/b%\n", "old b"), tree.put("c", "old c"));
        let files = vec![
            bytes(a, "new a").instead_of(Mark::of(b"old a")),
            bytes(b, "new b"),
            Written::new(c, Content::Gone),
            bytes(tree.0.join("d"), "new d").first(),
            Written::new(tree.0.join("link"), Content::Link("a".into())),
        ];
        let before = tree.names();
        let mut plan = place::plan(files, std::slice::from_ref(&tree.0)).unwrap();
        plan.look().unwrap();
        let mut group = Group::hold(&plan.homes).unwrap();
        group.begin(&plan).unwrap();
        let entries: Vec<Entry> = group.entries().cloned().collect();
        let staged = plan.files.iter().zip(&entries).take(stop);
        staged.for_each(|(file, entry)| stage::stage(entry, file).unwrap());
        let committed = stop >= 5;
        if committed {
            group.say(State::Committed).unwrap();
        }
        entries.iter().take(stop.saturating_sub(5)).for_each(|entry| assert_eq!(entry.complete().unwrap(), Step::Done));
        if stop == 11 {
            entries.iter().for_each(Entry::forget);
        }
        drop(group); // as when the process ends: its journal is nobody's now
        settle(&[&tree.0.join("deep")]).unwrap();
        let wanted = match committed {
            false => before,
            true => ["a", "d", "deep/b%\n", "link"].map(str::to_owned).to_vec(),
        };
        assert_eq!(tree.names(), wanted, "stopped at {stop}");
        let word = if committed { "new" } else { "old" };
        assert_eq!(tree.read("a").unwrap(), format!("{word} a"), "stopped at {stop}");
        assert_eq!(tree.read("deep/b%\n").unwrap(), format!("{word} b"), "stopped at {stop}");
        assert_eq!(tree.read("d").is_some(), committed);
        settle(&[&tree.0]).unwrap();
        assert_eq!(tree.names(), wanted);
    }
}

#[test]
fn what_was_undone_half_is_undone() {
    for done in 0..3 {
        let tree = Tree::new("undone");
        let paths = ["a", "b", "c"].map(|name| tree.put(name, &format!("old {name}")));
        let files = paths.iter().map(|path| bytes(path.clone(), "new")).collect();
        let mut plan = place::plan(files, std::slice::from_ref(&tree.0)).unwrap();
        plan.look().unwrap();
        let mut group = Group::hold(&plan.homes).unwrap();
        group.begin(&plan).unwrap();
        let entries: Vec<Entry> = group.entries().cloned().collect();
        plan.files.iter().zip(&entries).for_each(|(file, entry)| stage::stage(entry, file).unwrap());
        group.say(State::Committed).unwrap();
        entries.iter().take(2).for_each(|entry| assert_eq!(entry.complete().unwrap(), Step::Done));
        group.say(State::Undone).unwrap();
        entries.iter().take(done).for_each(|entry| entry.undo(State::Undone).unwrap());
        drop(group);
        settle(&[&tree.0]).unwrap();
        assert_eq!(tree.names(), ["a", "b", "c"]);
        for name in ["a", "b", "c"] {
            assert_eq!(tree.read(name).unwrap(), format!("old {name}"));
        }
    }
}

/// What a person has written since then stays.
#[test]
fn what_was_changed_since_is_not_written_over() {
    let tree = Tree::new("since");
    let paths = ["a", "b", "c"].map(|name| tree.put(name, "old"));
    let files = paths.iter().map(|path| bytes(path.clone(), "new")).collect();
    let mut plan = place::plan(files, std::slice::from_ref(&tree.0)).unwrap();
    plan.look().unwrap();
    let mut group = Group::hold(&plan.homes).unwrap();
    group.begin(&plan).unwrap();
    let entries: Vec<Entry> = group.entries().cloned().collect();
    plan.files.iter().zip(&entries).for_each(|(file, entry)| stage::stage(entry, file).unwrap());
    group.say(State::Committed).unwrap();
    entries.iter().take(1).for_each(|entry| assert_eq!(entry.complete().unwrap(), Step::Done));
    drop(group);
    tree.put("a", "mine");
    tree.put("b", "mine");
    settle(&[&tree.0]).unwrap();
    assert_eq!(tree.names(), ["a", "b", "c"]);
    assert_eq!(["a", "b", "c"].map(|name| tree.read(name).unwrap()), ["mine", "mine", "new"]);
}

/// Folders apart have a journal each, and the first one's counts.
#[test]
fn folders_apart_are_written_together() {
    for (committed, first_gone) in [(false, false), (true, false), (true, true)] {
        let tree = Tree::new("apart");
        let (a, b) = (tree.put("x/a", "old"), tree.put("y/b", "old"));
        let mut plan =
            place::plan(vec![bytes(a.clone(), "new"), bytes(b.clone(), "new")], &[a.clone(), b.clone()]).unwrap();
        assert_eq!(plan.homes, [tree.0.join("x"), tree.0.join("y")]);
        plan.look().unwrap();
        let mut group = Group::hold(&plan.homes).unwrap();
        group.begin(&plan).unwrap();
        let entries: Vec<Entry> = group.entries().cloned().collect();
        plan.files.iter().zip(&entries).for_each(|(file, entry)| stage::stage(entry, file).unwrap());
        if committed {
            group.say(State::Committed).unwrap();
        }
        drop(group);
        settle(&[if first_gone { &a } else { &b }]).unwrap();
        settle(&[&tree.0]).unwrap();
        let word = if committed { "new" } else { "old" };
        assert_eq!((tree.read("x/a").unwrap().as_str(), tree.read("y/b").unwrap().as_str()), (word, word));
        assert_eq!(tree.names(), ["x/a", "y/b"]);
    }
}

/// A journal that someone has put into a tree moves nothing outside of its folder.
#[test]
fn a_journal_that_was_planted_reaches_nothing() {
    let tree = Tree::new("planted");
    tree.put("victim", "old");
    tree.put(".krmor-aa-0.new", "evil");
    let mark = Mark::of(b"old");
    let text = |line: &str| format!("krmor-journal 1 C aa\n# x\n{line}\nend\n");
    for line in [
        format!("file 0 {mark} {mark} ../victim"),
        format!("file 0 {mark} {mark} {}", tree.0.join("victim").display()),
        "file 0 - - ../victim".to_owned(),
        "nonsense".to_owned(),
    ] {
        tree.put("app/.krmor-journal", &text(&line));
        let failure = settle(&[&tree.0.join("app")]).unwrap_err();
        assert!(failure.message.contains("no journal that this krmor can read"), "{line}: {}", failure.message);
    }
    tree.put("app/.krmor-journal", "what a person wrote\n");
    assert!(settle(&[&tree.0.join("app")]).is_err());
    #[cfg(unix)]
    {
        std::fs::remove_file(tree.0.join("app/.krmor-journal")).unwrap();
        std::os::unix::fs::symlink("..", tree.0.join("app/up")).unwrap();
        tree.put("app/.krmor-journal", &text(&format!("file 0 {mark} - up/victim")));
        settle(&[&tree.0.join("app")]).unwrap();
    }
    assert_eq!(tree.read("victim").unwrap(), "old");
}
