//! Runs a module: compiled by Cranelift where that can be kept, which makes the fastest code, and by Winch where it
//! cannot, which compiles about five times as fast.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use wasmtime::{Config, Engine, Module, Store, Strategy, Trap};

use super::super::{Failure, INTERNAL, Result};
use super::cache::Cache;
use super::wasi::{Exit, Host, TooMuch, linker};

/// What a module may use.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// From its start to its end.
    pub(super) timeout: Duration,
    /// Bytes of its memory, and of each of its outputs.
    pub(super) memory: usize,
    /// Roughly, instructions.
    pub(super) fuel: Option<u64>,
}

/// A module, and how errors call it.
#[derive(Debug)]
pub(in crate::cli) struct Code {
    pub(in crate::cli) name: String,
    pub(in crate::cli) bytes: Vec<u8>,
    /// `sha256:` and the digest of the bytes.
    pub(in crate::cli) digest: String,
}

/// What a module leaves behind.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) code: u32,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
    watch: Watch,
}

impl Answer {
    /// Its output, once it has been looked at: what is done from here on has no time limit.
    pub(super) fn accepted(self) -> Vec<u8> {
        drop(self.watch);
        self.stdout
    }
}

/// How long a compilation may take. It is not part of a module's own time: it happens once.
const COMPILE: Duration = Duration::from_secs(600);
/// Bytes of the stack of calls: as deep as natively.
const STACK: usize = 8 << 20;

/// A call of a module.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) code: &'a Code,
    pub(super) arguments: Vec<String>,
    pub(super) stdin: Vec<u8>,
    pub(super) limits: Limits,
    pub(super) cache: Option<&'a Cache>,
}

/// Runs a module to its end.
///
/// # Errors
/// When it is no module that can be run here, reaches a limit, or traps.
pub(super) fn run(call: Call<'_>) -> Result<Answer> {
    // A thread of its own has the stack that the module's calls need.
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(2 * STACK).spawn_scoped(scope, || inside(call));
        let thread = thread.map_err(|error| Failure::io("a thread for the module", &error))?;
        thread.join().unwrap_or_else(|_| Err(Failure::new(INTERNAL, "")))
    })
}

fn inside(call: Call<'_>) -> Result<Answer> {
    let Call { code, arguments, stdin, limits, cache } = call;
    let module = compile(code, limits.fuel, cache)?;
    let engine = module.engine();
    let refused = |error: wasmtime::Error| refused(code, &error);
    let linker = linker(engine, &module).map_err(refused)?;
    let host = Host::new(arguments, stdin, limits.memory);
    let mut store = Store::new(engine, host);
    store.limiter(|host| host);
    if let Some(fuel) = limits.fuel {
        store.set_fuel(fuel).map_err(refused)?;
    }
    let late = format!("not done after {} s; --timeout gives it more", limits.timeout.as_secs());
    let watch = Watch::new(&code.name, limits.timeout, &late)?;
    let ended = linker.instantiate(&mut store, &module).and_then(|instance| {
        let main = instance.get_typed_func::<(), ()>(&mut store, "_start")?;
        main.call(&mut store, ())
    });
    let host = store.into_data();
    let exit = match ended {
        Ok(()) => 0,
        Err(error) => match error.downcast_ref::<Exit>() {
            Some(Exit(exit)) => *exit,
            None => return Err(trapped(code, &error, &host, limits)),
        },
    };
    let mut stderr = host.stderr;
    if exit != 0 && host.refused {
        stderr.extend_from_slice(no_memory(&code.name, limits).message.as_bytes());
    }
    Ok(Answer { code: exit, stdout: host.stdout, stderr, watch })
}

/// The compiled module, from the cache or for it.
pub(super) fn compile(code: &Code, fuel: Option<u64>, cache: Option<&Cache>) -> Result<Module> {
    let _watch = Watch::new(&code.name, COMPILE, &format!("not compiled after {} s", COMPILE.as_secs()))?;
    if cache.is_none()
        && let Ok(engine) = engine(Strategy::Winch, fuel)
        && let Ok(module) = Module::new(&engine, &code.bytes)
    {
        return Ok(module);
    }
    // Winch has no code for some processors, and for some of what WebAssembly has.
    let engine = engine(Strategy::Cranelift, fuel)?;
    if let Some(module) = cache.and_then(|cache| cache.load(&engine, &code.digest)) {
        return Ok(module);
    }
    let module = Module::new(&engine, &code.bytes).map_err(|error| refused(code, &error))?;
    if let Some(cache) = cache {
        cache.store(&engine, &code.digest, &module);
    }
    Ok(module)
}

/// Compiles a module and sees that krmor has what it imports, and that it is a command.
pub(super) fn startable(code: &Code, cache: Option<&Cache>) -> Result<()> {
    let module = compile(code, None, cache)?;
    let linker = linker(module.engine(), &module).map_err(|error| refused(code, &error))?;
    linker.instantiate_pre(&module).map_err(|error| refused(code, &error))?;
    match module.get_export("_start") {
        Some(_) => Ok(()),
        None => Err(Failure::usage(format!("{}: not a WASI command: it has no _start", code.name))),
    }
}

fn refused(code: &Code, error: &wasmtime::Error) -> Failure {
    Failure::usage(format!("{}: not a module that krmor can run: {}", code.name, one_line(error)))
}

fn engine(strategy: Strategy, fuel: Option<u64>) -> Result<Engine> {
    let mut config = Config::new();
    config.strategy(strategy).consume_fuel(fuel.is_some()).max_wasm_stack(STACK);
    config.async_stack_size(STACK); // which is not used, but may not be smaller
    Engine::new(&config).map_err(|error| Failure::internal(format!("no WASM engine: {}", one_line(&error))))
}

/// Ends krmor at a time limit, unless it has been dropped by then. Nothing has been written so far. A compiler, or a call of
/// the host, could not be interrupted otherwise; and code that asks now and then whether it should end is slower.
#[derive(Debug)]
struct Watch(Arc<AtomicBool>);

impl Watch {
    fn new(name: &str, limit: Duration, late: &str) -> Result<Self> {
        let done = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&done);
        let message = format!("error: {name}: {late}\n");
        let wait = move || {
            std::thread::sleep(limit);
            if !seen.load(Ordering::Relaxed) {
                let _ = std::io::stderr().write_all(message.as_bytes());
                std::process::exit(i32::from(INTERNAL));
            }
        };
        let thread = std::thread::Builder::new().spawn(wait);
        thread.map_err(|error| Failure::io("a thread for the time limit", &error))?;
        Ok(Self(done))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn no_memory(name: &str, limits: Limits) -> Failure {
    let limit = limits.memory >> 20;
    Failure::internal(format!("{name}: asked for more than {limit} MiB of memory; --memory gives it more"))
}

/// Why a module did not come to its end; what it has told before goes with it.
fn trapped(code: &Code, error: &wasmtime::Error, host: &Host, limits: Limits) -> Failure {
    let name = &code.name;
    let trap = error.downcast_ref::<Trap>();
    let failure = match trap {
        _ if host.refused => no_memory(name, limits),
        _ if error.is::<TooMuch>() => {
            let limit = limits.memory >> 20;
            Failure::internal(format!("{name}: writes more than {limit} MiB; --memory gives it more"))
        }
        Some(Trap::OutOfFuel) => {
            let fuel = limits.fuel.unwrap_or_default();
            Failure::internal(format!("{name}: not done with {fuel} units of fuel; --fuel gives it more"))
        }
        Some(trap) => Failure::internal(format!("{name}: {trap}; nothing was written")),
        None => Failure::usage(format!("{name}: not a WASI command: {}", one_line(error))),
    };
    let told = String::from_utf8_lossy(&host.stderr);
    let told = if told.is_empty() || told.ends_with('\n') { told.into_owned() } else { format!("{told}\n") };
    Failure::new(failure.code, told + &failure.message)
}

/// An error of the engine, and why, without line breaks.
fn one_line(error: &wasmtime::Error) -> String {
    let reasons: Vec<String> = error.chain().map(|reason| reason.to_string().replace('\n', " ")).collect();
    reasons.join(": ")
}
