//! WASI preview 1 for a filter: arguments, standard input, output and error. There is nothing else to be had: no files,
//! network or environment; the clock counts how often it was asked, randomness is a fixed sequence, so equal input gives
//! equal output.

use wasmtime::{Caller, Error, Extern, Linker, Module, Result, Val};

const WASI: &str = "wasi_snapshot_preview1";

// The errno values of WASI that are given.
const SUCCESS: u32 = 0;
const BADF: u32 = 8;
const FAULT: u32 = 21;
const INVAL: u32 = 28;
const NOSYS: u32 = 52;
const SPIPE: u32 = 70;

/// What a module sees of the world, and what it leaves there.
#[derive(Debug, Default)]
pub(super) struct Host {
    arguments: Vec<String>,
    stdin: Vec<u8>,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
    /// Bytes that its memory, and each of its two outputs, may have.
    memory: usize,
    /// It was refused memory.
    pub(super) refused: bool,
    position: usize,
    /// Nanoseconds; zero would make Go's runtime give up.
    clock: u64,
    random: u64,
}

impl wasmtime::ResourceLimiter for Host {
    fn memory_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        let fits = desired <= self.memory;
        self.refused |= !fits;
        Ok(fits)
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        Ok(desired <= 1 << 20)
    }

    fn memories(&self) -> usize {
        1
    }

    fn tables(&self) -> usize {
        4
    }
}

/// The module has ended with an exit code.
#[derive(Debug, thiserror::Error)]
#[error("exit {0}")]
pub(super) struct Exit(pub(super) u32);

/// The module has written more than it may.
#[derive(Debug, thiserror::Error)]
#[error("too much output")]
pub(super) struct TooMuch;

/// The module's memory; `None` is an address outside of it.
struct Bytes<'a>(&'a mut [u8]);

impl Bytes<'_> {
    fn at(&mut self, address: u32, length: usize) -> Option<&mut [u8]> {
        let start = usize::try_from(address).ok()?;
        self.0.get_mut(start..start.checked_add(length)?)
    }

    fn put(&mut self, address: u32, bytes: &[u8]) -> Option<()> {
        self.at(address, bytes.len())?.copy_from_slice(bytes);
        Some(())
    }

    fn array<const N: usize>(&mut self, address: u32) -> Option<[u8; N]> {
        self.at(address, N)?.try_into().ok()
    }

    fn put_u32(&mut self, address: u32, value: usize) -> Option<()> {
        self.put(address, &u32::try_from(value).ok()?.to_le_bytes())
    }

    fn u32(&mut self, address: u32) -> Option<u32> {
        self.array(address).map(u32::from_le_bytes)
    }

    fn u64(&mut self, address: u32) -> Option<u64> {
        self.array(address).map(u64::from_le_bytes)
    }

    /// The `number`th address and length of a list of buffers.
    fn buffer(&mut self, list: u32, number: u32) -> Option<(u32, usize)> {
        let entry = list.checked_add(number.checked_mul(8)?)?;
        Some((self.u32(entry)?, usize::try_from(self.u32(entry.checked_add(4)?)?).ok()?))
    }
}

/// Runs what needs the module's memory.
fn with(caller: &mut Caller<'_, Host>, work: impl FnOnce(&mut Bytes<'_>, &mut Host) -> Option<u32>) -> u32 {
    let Some(memory) = caller.get_export("memory").and_then(Extern::into_memory) else { return FAULT };
    let (bytes, host) = memory.data_and_store_mut(caller);
    work(&mut Bytes(bytes), host).unwrap_or(FAULT)
}

impl Host {
    pub(super) fn new(arguments: Vec<String>, stdin: Vec<u8>, memory: usize) -> Self {
        Self { arguments, stdin, memory, ..Self::default() }
    }

    fn now(&mut self) -> u64 {
        self.clock = self.clock.saturating_add(1_000);
        self.clock
    }

    fn read(&mut self, memory: &mut Bytes<'_>, list: u32, count: u32) -> Option<usize> {
        let before = self.position;
        for number in 0..count {
            let rest = self.stdin.get(self.position..).unwrap_or_default();
            if rest.is_empty() {
                break;
            }
            let (address, length) = memory.buffer(list, number)?;
            let part = rest.get(..length.min(rest.len())).unwrap_or_default();
            memory.put(address, part)?;
            self.position += part.len();
        }
        Some(self.position - before)
    }

    fn write(&mut self, memory: &mut Bytes<'_>, fd: u32, list: u32, count: u32) -> Option<Result<usize, TooMuch>> {
        let limit = self.memory;
        let out = if fd == 1 { &mut self.stdout } else { &mut self.stderr };
        let before = out.len();
        for number in 0..count {
            let (address, length) = memory.buffer(list, number)?;
            let part = memory.at(address, length)?;
            if part.len() > limit - out.len() {
                return Some(Err(TooMuch));
            }
            out.extend_from_slice(part);
        }
        Some(Ok(out.len() - before))
    }

    /// Waits in the time that only counts: what is readable or writable is so at once, else the clock is moved on.
    fn poll(&mut self, memory: &mut Bytes<'_>, subscriptions: u32, events: u32, count: u32) -> Option<usize> {
        let mut all = Vec::new();
        for number in 0..count {
            let at = subscriptions.checked_add(number.checked_mul(48)?)?;
            let [tag] = memory.array(at.checked_add(8)?)?;
            let (timeout, flags) = (memory.u64(at.checked_add(24)?)?, memory.array(at.checked_add(40)?)?);
            let absolute = u16::from_le_bytes(flags) & 1 == 1;
            let due = if absolute { timeout } else { self.clock.saturating_add(timeout) };
            all.push((memory.array::<8>(at)?, tag, if tag == 0 { due } else { 0 }));
        }
        self.clock = self.clock.max(all.iter().map(|(_, _, due)| *due).min()?);
        let mut given = 0;
        for (data, tag, _) in all.iter().filter(|(_, _, due)| *due <= self.clock) {
            let mut event = [0; 32];
            event.get_mut(..8)?.copy_from_slice(data);
            *event.get_mut(10)? = *tag;
            memory.put(events.checked_add(u32::try_from(given * 32).ok()?)?, &event)?;
            given += 1;
        }
        Some(given)
    }
}

/// The imports that a module may have.
///
/// # Errors
/// When it wants others.
pub(super) fn linker(engine: &wasmtime::Engine, module: &Module) -> Result<Linker<Host>> {
    let mut linker = Linker::new(engine);
    process(&mut linker)?;
    files(&mut linker)?;
    missing(&mut linker, module)?;
    Ok(linker)
}

/// Arguments, the clock that counts, randomness, the end.
fn process(linker: &mut Linker<Host>) -> Result<()> {
    linker.func_wrap(WASI, "args_sizes_get", |mut caller: Caller<'_, Host>, count: u32, size: u32| {
        with(&mut caller, |memory, host| {
            memory.put_u32(count, host.arguments.len())?;
            memory.put_u32(size, host.arguments.iter().map(|argument| argument.len() + 1).sum())?;
            Some(SUCCESS)
        })
    })?;
    linker.func_wrap(WASI, "args_get", |mut caller: Caller<'_, Host>, mut list: u32, mut text: u32| {
        with(&mut caller, |memory, host| {
            for argument in &host.arguments {
                memory.put(list, &text.to_le_bytes())?;
                memory.put(text, argument.as_bytes())?;
                text = text.checked_add(u32::try_from(argument.len()).ok()?)?;
                memory.put(text, &[0])?;
                (list, text) = (list.checked_add(4)?, text.checked_add(1)?);
            }
            Some(SUCCESS)
        })
    })?;
    linker.func_wrap(WASI, "environ_sizes_get", |mut caller: Caller<'_, Host>, count: u32, size: u32| {
        with(&mut caller, |memory, _| {
            memory.put_u32(count, 0)?;
            memory.put_u32(size, 0)?;
            Some(SUCCESS)
        })
    })?;
    linker.func_wrap(WASI, "environ_get", |_: u32, _: u32| SUCCESS)?;
    linker.func_wrap(WASI, "clock_res_get", |mut caller: Caller<'_, Host>, _id: u32, result: u32| {
        with(&mut caller, |memory, _| memory.put(result, &1_000_u64.to_le_bytes()).map(|()| SUCCESS))
    })?;
    linker.func_wrap(
        WASI,
        "clock_time_get",
        |mut caller: Caller<'_, Host>, _id: u32, _precision: u64, result: u32| {
            with(&mut caller, |memory, host| memory.put(result, &host.now().to_le_bytes()).map(|()| SUCCESS))
        },
    )?;
    linker.func_wrap(WASI, "random_get", |mut caller: Caller<'_, Host>, address: u32, length: u32| {
        with(&mut caller, |memory, host| {
            for chunk in memory.at(address, usize::try_from(length).ok()?)?.chunks_mut(8) {
                host.random = host.random.wrapping_add(0x9E37_79B9_7F4A_7C15); // SplitMix64
                let mixed = (host.random ^ host.random >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
                chunk.copy_from_slice((mixed ^ mixed >> 27).to_le_bytes().get(..chunk.len())?);
            }
            Some(SUCCESS)
        })
    })?;
    linker.func_wrap(WASI, "sched_yield", || SUCCESS)?;
    linker.func_wrap(WASI, "proc_exit", |code: u32| -> Result<()> { Err(Error::new(Exit(code))) })?;
    Ok(())
}

/// The three files that there are.
fn files(linker: &mut Linker<Host>) -> Result<()> {
    linker.func_wrap(
        WASI,
        "fd_read",
        |mut caller: Caller<'_, Host>, fd: u32, list: u32, count: u32, result: u32| match fd {
            0 => with(&mut caller, |memory, host| {
                let read = host.read(memory, list, count)?;
                memory.put_u32(result, read).map(|()| SUCCESS)
            }),
            _ => BADF,
        },
    )?;
    linker.func_wrap(
        WASI,
        "fd_write",
        |mut caller: Caller<'_, Host>, fd: u32, list: u32, count: u32, result: u32| -> Result<u32> {
            let mut too_much = false;
            let errno = match fd {
                1 | 2 => with(&mut caller, |memory, host| {
                    let Ok(written) = host.write(memory, fd, list, count)? else {
                        too_much = true;
                        return None;
                    };
                    memory.put_u32(result, written).map(|()| SUCCESS)
                }),
                _ => BADF,
            };
            if too_much { Err(Error::new(TooMuch)) } else { Ok(errno) }
        },
    )?;
    linker.func_wrap(WASI, "fd_close", |fd: u32| if fd < 3 { SUCCESS } else { BADF })?;
    linker.func_wrap(WASI, "fd_seek", |fd: u32, _: i64, _: u32, _: u32| if fd < 3 { SPIPE } else { BADF })?;
    linker.func_wrap(WASI, "fd_fdstat_set_flags", |fd: u32, _: u32| if fd < 3 { SUCCESS } else { BADF })?;
    // All zero: a file of unknown type, as pipes are.
    linker.func_wrap(WASI, "fd_fdstat_get", |mut caller: Caller<'_, Host>, fd: u32, result: u32| match fd {
        0..3 => with(&mut caller, |memory, _| {
            memory.put(result, &[0; 8])?;
            memory.put(result.checked_add(8)?, &[0xFF; 16])?; // every right
            Some(SUCCESS)
        }),
        _ => BADF,
    })?;
    linker.func_wrap(WASI, "fd_filestat_get", |mut caller: Caller<'_, Host>, fd: u32, result: u32| match fd {
        0..3 => with(&mut caller, |memory, _| memory.put(result, &[0; 64]).map(|()| SUCCESS)),
        _ => BADF,
    })?;
    linker.func_wrap(WASI, "fd_prestat_get", |_: u32, _: u32| BADF)?; // no folder is open
    linker.func_wrap(WASI, "fd_prestat_dir_name", |_: u32, _: u32, _: u32| BADF)?;
    linker.func_wrap(
        WASI,
        "poll_oneoff",
        |mut caller: Caller<'_, Host>, subscriptions: u32, events: u32, count: u32, result: u32| match count {
            0 | 1025.. => INVAL, // more than anyone waits for
            _ => with(&mut caller, |memory, host| {
                let given = host.poll(memory, subscriptions, events, count)?;
                memory.put_u32(result, given).map(|()| SUCCESS)
            }),
        },
    )?;
    Ok(())
}

/// What else WASI has is not supported here, and says so to the module.
fn missing(linker: &mut Linker<Host>, module: &Module) -> Result<()> {
    let mut store = wasmtime::Store::new(module.engine(), Host::default());
    for import in module.imports().filter(|import| import.module() == WASI) {
        let Some(function) = import.ty().func().cloned() else { continue };
        if linker.get(&mut store, WASI, import.name()).is_ok() {
            continue;
        }
        linker.func_new(WASI, import.name(), function, |_, _, results| {
            for result in results {
                *result = Val::I32(i32::try_from(NOSYS)?);
            }
            Ok(())
        })?;
    }
    Ok(())
}
