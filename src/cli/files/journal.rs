//! The journal of a folder: what is being written there, and how far that is. It tells names and hashes, and no content.
//!
//! Its state is one letter at a fixed place, which is written over: that takes no room on a full disk. Where several folders
//! are written, the first one's journal has the state, and those of the others say where it is.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, Instant};

use super::entry::Entry;
use super::mark::Mark;
use super::place::Plan;
use super::{Failure, Result, recover, sync_folder};

/// Its name in the folder.
pub(super) const NAME: &str = ".krmor-journal";
const MAGIC: &str = "krmor-journal 1 ";
/// For whoever finds it.
const ABOUT: &str = "# A krmor writes the files below, or was stopped while it did. The next krmor that is called for this \
                     folder finishes or undoes that.";
const END: &str = "end";
/// A journal of a million files is shorter.
const MAX: u64 = 1 << 28;
/// How long another krmor that writes there is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// How far it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum State {
    /// Temporary files are made; nothing else is touched.
    #[default]
    Staged,
    /// They are whole: forward is the way.
    Committed,
    /// One could not take its name: back is the way.
    Undone,
}

impl State {
    const ALL: [(State, u8); 3] = [(State::Staged, b'S'), (State::Committed, b'C'), (State::Undone, b'U')];

    fn letter(self) -> u8 {
        Self::ALL.iter().find(|(state, _)| *state == self).map_or(b'S', |(_, letter)| *letter)
    }
}

/// What a journal says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Journal {
    pub(super) id: String,
    pub(super) state: State,
    /// The folder whose journal has the state, if it is another one.
    pub(super) master: Option<PathBuf>,
    /// The other folders.
    pub(super) homes: Vec<PathBuf>,
    pub(super) entries: Vec<Entry>,
}

/// A journal that this process holds: no other krmor takes it for one that was left.
pub(super) struct Open {
    pub(super) home: PathBuf,
    pub(super) journal: Journal,
    file: File,
}

/// The journals of one call. The first has the state.
pub(super) struct Group(Vec<Open>);

impl Group {
    /// Takes the folders, so that no other krmor writes there.
    pub(super) fn hold(homes: &[PathBuf]) -> Result<Self> {
        let mut group = Self(Vec::new());
        for home in homes {
            match Open::create(home) {
                Ok(open) => group.0.push(open),
                Err(failure) => {
                    group.remove();
                    return Err(failure);
                }
            }
        }
        Ok(group)
    }

    /// Says what is to be done.
    pub(super) fn begin(&mut self, plan: &Plan) -> Result<()> {
        let nanos = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let id = format!("{:x}-{:x}", std::process::id(), nanos.map_or(0, |time| time.as_nanos()));
        let first = plan.homes.first();
        for (number, (home, open)) in plan.homes.iter().zip(&mut self.0).enumerate() {
            let entry = |(number, file): (usize, &super::place::Planned)| Entry {
                id: id.clone(),
                number,
                path: file.real.clone(),
                before: file.before,
                after: stage_mark(file),
            };
            let own = plan.files.iter().enumerate().filter(|(_, file)| file.home == number);
            open.begin(Journal {
                id: id.clone(),
                state: State::Staged,
                master: first.filter(|first| *first != home).cloned(),
                homes: if number == 0 { plan.homes.iter().skip(1).cloned().collect() } else { Vec::new() },
                entries: own.map(entry).collect(),
            })?;
        }
        Ok(())
    }

    pub(super) fn home(&self) -> &Path {
        self.0.first().map_or(Path::new("."), |open| &open.home)
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.0.iter().flat_map(|open| &open.journal.entries)
    }

    pub(super) fn say(&mut self, state: State) -> io::Result<()> {
        self.0.first_mut().map_or(Ok(()), |open| open.say(state))
    }

    /// Takes the journals away, that with the state at last.
    pub(super) fn remove(self) {
        self.0.into_iter().rev().for_each(|open| drop(open.remove()));
    }
}

fn stage_mark(file: &super::place::Planned) -> Option<Mark> {
    match &file.content {
        super::Content::Bytes(bytes) => Some(Mark::of(bytes)),
        #[cfg(unix)]
        super::Content::Link(target) => Some(Mark::of_link(target)),
        super::Content::Gone => None,
    }
}

impl Open {
    fn create(home: &Path) -> Result<Self> {
        let path = home.join(NAME);
        let failed = |error: io::Error| {
            let error = format!("error: {}: {error}; nothing was written\n", path.display());
            Failure::new(super::INTERNAL, error)
        };
        for _ in 0..3 {
            let mut open = OpenOptions::new();
            open.read(true).write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
            let file = match open.open(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    recover::settle(&[home])?;
                    continue;
                }
                Err(error) => return Err(failed(error)),
            };
            // Between the two another krmor may have taken the empty file for one that was left.
            if !lock(&file).map_err(failed)? || !is_at(&file, &path) {
                continue;
            }
            return Ok(Self { home: home.to_owned(), journal: Journal::default(), file });
        }
        Err(busy(home))
    }

    fn begin(&mut self, journal: Journal) -> Result<()> {
        let written = self.file.write_all(journal.text(&self.home).as_bytes()).and_then(|()| self.file.sync_all());
        written.map_err(|error| {
            let path = self.home.join(NAME);
            Failure::new(super::INTERNAL, format!("error: {}: {error}; nothing was written\n", path.display()))
        })?;
        sync_folder(&self.home);
        self.journal = journal;
        Ok(())
    }

    /// The journal of a folder, once nobody holds it; `None` without one.
    pub(super) fn find(home: &Path) -> Result<Option<Self>> {
        let path = home.join(NAME);
        let failed = |error: io::Error| Failure::io(&path.display().to_string(), &error);
        let since = Instant::now();
        loop {
            match path.symlink_metadata() {
                Ok(meta) if meta.is_file() => {}
                Ok(_) => return Err(foreign(&path)),
                Err(error) if is_absent(&error) => return Ok(None),
                Err(error) => return Err(failed(error)),
            }
            let mut file = match OpenOptions::new().read(true).write(true).open(&path) {
                Ok(file) => file,
                Err(error) if is_absent(&error) => return Ok(None),
                Err(error) => return Err(failed(error)),
            };
            if lock(&file).map_err(failed)? {
                if !is_at(&file, &path) {
                    continue;
                }
                let mut text = String::new();
                (&mut file).take(MAX).read_to_string(&mut text).map_err(failed)?;
                // Without its last line it was never whole, and nothing was done under it.
                if !text.ends_with(&format!("\n{END}\n")) {
                    if !text.starts_with(MAGIC) && !MAGIC.starts_with(&text) {
                        return Err(foreign(&path));
                    }
                    std::fs::remove_file(&path).map_err(failed)?;
                    // An empty one is most often of a krmor that is about to lock it, and makes another.
                    if !text.is_empty() {
                        recover::tell(&format!(
                            "note: a krmor that wrote files in {} was stopped before it began\n",
                            home.display()
                        ));
                    }
                    return Ok(None);
                }
                let journal = Journal::read(home, &text).ok_or_else(|| foreign(&path))?;
                return Ok(Some(Self { home: home.to_owned(), journal, file }));
            }
            if since.elapsed() > PATIENCE {
                return Err(busy(home));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn say(&mut self, state: State) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(MAGIC.len() as u64))?;
        self.file.write_all(&[state.letter()])?;
        self.file.sync_all()?;
        self.journal.state = state;
        Ok(())
    }

    pub(super) fn remove(self) -> io::Result<()> {
        std::fs::remove_file(self.home.join(NAME))?;
        sync_folder(&self.home);
        Ok(())
    }
}

impl Journal {
    fn text(&self, home: &Path) -> String {
        let mut text = format!("{MAGIC}{} {}\n{ABOUT}\n", char::from(self.state.letter()), self.id);
        for (word, path) in
            self.master.iter().map(|path| ("master", path)).chain(self.homes.iter().map(|path| ("home", path)))
        {
            text.push_str(&format!("{word} {}\n", written(path)));
        }
        let mark = |mark: &Option<Mark>| mark.map_or("-".to_owned(), |mark| mark.to_string());
        for entry in &self.entries {
            let path = written(entry.path.strip_prefix(home).unwrap_or(&entry.path));
            text.push_str(&format!("file {} {} {} {path}\n", entry.number, mark(&entry.before), mark(&entry.after)));
        }
        text + END + "\n"
    }

    fn read(home: &Path, text: &str) -> Option<Self> {
        let mut lines = text.strip_prefix(MAGIC)?.lines();
        let (letter, id) = lines.next()?.split_once(' ')?;
        let state = State::ALL.iter().find(|(_, known)| letter.as_bytes() == [*known])?.0;
        // It becomes a part of names.
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-') {
            return None;
        }
        let mut journal = Self { id: id.to_owned(), state, master: None, homes: Vec::new(), entries: Vec::new() };
        let mark = |text: &str| if text == "-" { Some(None) } else { text.parse().ok().map(Some) };
        for line in lines.filter(|line| !line.starts_with('#') && *line != END) {
            let parts: Vec<&str> = line.split(' ').collect();
            match parts.as_slice() {
                ["master", path] => journal.master = Some(read_path(path)?),
                ["home", path] => journal.homes.push(read_path(path)?),
                ["file", number, before, after, path] => {
                    let path = read_path(path)?;
                    // Whoever wrote it: nothing outside of the folder is touched.
                    if !path.components().all(|part| matches!(part, Component::Normal(_))) {
                        return None;
                    }
                    journal.entries.push(Entry {
                        id: id.to_owned(),
                        number: number.parse().ok()?,
                        path: home.join(path),
                        before: mark(before)?,
                        after: mark(after)?,
                    });
                }
                _ => return None,
            }
        }
        Some(journal)
    }
}

/// A path on one line, without blanks.
fn written(path: &Path) -> String {
    #[cfg(unix)]
    let bytes = std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str());
    #[cfg(not(unix))]
    let text = path.to_string_lossy();
    #[cfg(not(unix))]
    let bytes = text.as_bytes();
    let one = |byte: &u8| match byte {
        b'%' => "%25".to_owned(),
        byte if byte.is_ascii_graphic() => char::from(*byte).to_string(),
        byte => format!("%{byte:02x}"),
    };
    bytes.iter().map(one).collect()
}

fn read_path(text: &str) -> Option<PathBuf> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                digit(rest.next()?)? << 4 | digit(rest.next()?)?
            }
            byte => byte,
        });
    }
    #[cfg(unix)]
    let path = {
        let name: std::ffi::OsString = std::os::unix::ffi::OsStringExt::from_vec(bytes);
        Some(PathBuf::from(name))
    };
    #[cfg(not(unix))]
    let path = String::from_utf8(bytes).ok().map(PathBuf::from);
    path
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn busy(home: &Path) -> Failure {
    Failure::internal(format!(
        "{}: another krmor writes files there; nothing was written\n  fix: wait for it",
        home.display()
    ))
}

fn foreign(path: &Path) -> Failure {
    Failure::internal(format!(
        "{}: this is no journal that this krmor can read; nothing was written\n  fix: look at it, and at the files \
         `.krmor-*` beside it; then remove it",
        path.display()
    ))
}

/// Whether nobody else holds the file.
#[cfg(unix)]
fn lock(file: &File) -> io::Result<bool> {
    use rustix::io::Errno;
    match rustix::fs::flock(file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Err(Errno::WOULDBLOCK) => Ok(false),
        // Where the file system knows no locks, there is one krmor at a time by whoever calls it.
        Ok(()) | Err(Errno::NOSYS | Errno::OPNOTSUPP | Errno::NOLCK) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(unix))]
fn lock(_: &File) -> io::Result<bool> {
    Ok(true)
}

/// Whether an open file is still the one of that name.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let id = |meta: std::fs::Metadata| (meta.dev(), meta.ino());
    let there = path.symlink_metadata().map(id).ok();
    there.is_some() && there == file.metadata().map(id).ok()
}

#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}
