//! `krmor-kpt.wasm`: what kpt's alpha WASM runtimes drive, which is the ABI of Go's js/wasm port.
//!
//! # The contract, and why this file may be `unsafe`
//!
//! The host (kpt's script for node, or its wasmtime build) takes the module for a Go program:
//! - Exports: `mem`, the memory (the linker names it so); `run(argc, argv)`, called once; `resume()`, called for each
//!   event; `getsp()`, the address of the stack of the call to the host that is under way.
//! - Imports, from the module `go`, take that address and nothing else. In slots of eight bytes the stack has a return
//!   address, the arguments, then the results. A string or slice is two slots or three: address, length, capacity.
//! - A JavaScript value is a number of 64 bits: a float stands for itself; a NaN that carries a type and an index stands
//!   for what the host keeps at that index. Undefined is 0. The host numbers the values that it gives out; none is ever
//!   given back, since a module lives for one call.
//! - `run` publishes `processResourceList` and `processResourceListErrors` on the global object, as functions that the
//!   host makes for an id. A call of one leaves an event `{id, args}` in `_pendingEvent` and calls `resume`, which puts
//!   the answer into the event's `result`.
//!
//! What makes the `unsafe` parts sound:
//! - There is one thread, and no import but `valueCall` could call back; what it is used for does not.
//! - [`STACK`] and [`BOUNCE`] are touched through raw pointers only and only in [`transport`] and [`Host`]'s two methods that
//!   pass bytes. No reference to them exists while the host runs.
//! - The host reads only what the arguments point to, which is alive during the call, and writes only the results' slots
//!   and the bytes that `valueLoadString` is given.
//! - In node the host's view of the memory is gone once the memory has grown: [`transport`] lets it take a new one first.
//! - The wasmtime host sees only as much memory as there was at the start. What it touches lies there: constants, the
//!   stack of this program, and [`BOUNCE`], which is as large as the largest input and output.
//!
//! # Failing closed
//!
//! kpt deletes the package when a function that "passes" gives nothing, and passes one whose results hold errors. So a
//! failure always is: in node the exit code and the message on standard error, as the native krmor has them, and the
//! ResourceList with its items; in wasmtime, which has no exit code, a text that is no ResourceList. A text for a
//! failure is never empty. A panic is a trap without a word, which both hosts take for a failure.
#![allow(unsafe_code)]

use std::cell::UnsafeCell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::transport::{self, Failure, INTERNAL, Options};
use crate::values::json_text;

/// A JavaScript value as the host numbers it.
type Value = u64;

/// The upper half of a value that stands for an object.
const OBJECT: u64 = 0x7FF8_0001;
const NULL: Value = 0x7FF8_0000 << 32 | 2;
/// The global object.
const GLOBAL: Value = OBJECT << 32 | 5;
/// The host's own object, which makes functions and keeps the event.
const GO: Value = OBJECT << 32 | 6;

/// The functions that are published, and their ids.
const PROCESS: (&str, Value) = ("processResourceList", 1.0_f64.to_bits());
const ERRORS: (&str, Value) = ("processResourceListErrors", 2.0_f64.to_bits());

type Import = unsafe extern "C" fn(*mut u64);

#[link(wasm_import_module = "go")]
unsafe extern "C" {
    #[link_name = "syscall/js.valueGet"]
    fn value_get(stack: *mut u64);
    #[link_name = "syscall/js.valueSet"]
    fn value_set(stack: *mut u64);
    #[link_name = "syscall/js.valueIndex"]
    fn value_index(stack: *mut u64);
    #[link_name = "syscall/js.valueCall"]
    fn value_call(stack: *mut u64);
    #[link_name = "syscall/js.stringVal"]
    fn string_val(stack: *mut u64);
    #[link_name = "syscall/js.valuePrepareString"]
    fn value_prepare_string(stack: *mut u64);
    #[link_name = "syscall/js.valueLoadString"]
    fn value_load_string(stack: *mut u64);
    #[link_name = "runtime.resetMemoryDataView"]
    fn reset_memory_data_view(stack: *mut u64);
}

/// Memory that the host writes to.
#[repr(align(8))]
struct Shared<T>(UnsafeCell<T>);

// SAFETY: there is one thread.
unsafe impl<T> Sync for Shared<T> {}

/// More slots than any import has arguments and results.
static STACK: Shared<[u64; 16]> = Shared(UnsafeCell::new([0; 16]));

/// Longest input and output in the wasmtime host.
const MAX: usize = 32 << 20;
static BOUNCE: Shared<[u8; MAX]> = Shared(UnsafeCell::new([0; MAX]));

/// The wasmtime host, not node.
static WASMTIME: AtomicBool = AtomicBool::new(false);
/// How large the memory was when the host last looked at it.
static SEEN: AtomicUsize = AtomicUsize::new(0);
/// What `processResourceListErrors` gives.
static ERROR: Mutex<String> = Mutex::new(String::new());

/// Calls an import: the two slots behind the arguments are what it may result in.
fn call<const N: usize>(import: Import, arguments: [u64; N]) -> [u64; 2] {
    let stack = STACK.0.get().cast::<u64>();
    let size = core::arch::wasm32::memory_size(0);
    // SAFETY: see the head of this file; no import has more than five arguments, so all slots are within the stack.
    unsafe {
        if SEEN.swap(size, Ordering::Relaxed) != size && !WASMTIME.load(Ordering::Relaxed) {
            reset_memory_data_view(stack);
        }
        for (slot, argument) in (1..).zip(arguments.into_iter().chain([0, 0])) {
            stack.add(slot).write_volatile(argument);
        }
        import(stack);
        [stack.add(N + 1).read_volatile(), stack.add(N + 2).read_volatile()]
    }
}

/// Address and length, as arguments.
fn slice<T>(items: &[T]) -> [u64; 2] {
    [items.as_ptr() as u64, items.len() as u64]
}

fn get(object: Value, name: &str) -> Value {
    let [at, length] = slice(name.as_bytes());
    call(value_get, [object, at, length])[0]
}

fn set(object: Value, name: &str, value: Value) {
    let [at, length] = slice(name.as_bytes());
    call(value_set, [object, at, length, value]);
}

/// Calls a method; `None` when it throws.
fn method(object: Value, name: &str, argument: Value) -> Option<Value> {
    let [at, length] = slice(name.as_bytes());
    let arguments = [argument];
    let [list, count] = slice(&arguments);
    let [result, ok] = call(value_call, [object, at, length, list, count, count]);
    (ok & 0xFF == 1).then_some(result)
}

/// The text of a string.
fn take(string: Value) -> Result<Vec<u8>, Failure> {
    let [string, length] = call(value_prepare_string, [string]);
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let mut bytes = Vec::new();
    if WASMTIME.load(Ordering::Relaxed) {
        if length > MAX {
            return Err(Failure::usage(format!("the input has {length} bytes; kpt's wasmtime takes {MAX} at most")));
        }
        let bounce = BOUNCE.0.get().cast::<u8>();
        call(value_load_string, [string, bounce as u64, length as u64, length as u64]);
        // SAFETY: the host has written these bytes, and does no more.
        bytes.extend_from_slice(unsafe { std::slice::from_raw_parts(bounce, length) });
    } else {
        bytes.resize(length, 0);
        call(value_load_string, [string, bytes.as_mut_ptr() as u64, length as u64, length as u64]);
    }
    Ok(bytes)
}

/// A string of the host's, at most `MAX` long in wasmtime.
fn give(bytes: &[u8]) -> Value {
    let [mut at, length] = slice(bytes);
    if WASMTIME.load(Ordering::Relaxed) {
        let bounce = BOUNCE.0.get().cast::<u8>();
        // SAFETY: both are as long as that, and not the same memory.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), bounce, bytes.len().min(MAX)) };
        at = bounce as u64;
    }
    call(string_val, [at, length])[0]
}

/// The stack of the call that is under way.
#[unsafe(no_mangle)]
extern "C" fn getsp() -> *mut u64 {
    STACK.0.get().cast()
}

/// Publishes the functions.
#[unsafe(no_mangle)]
extern "C" fn run(_argc: i32, _argv: i32) {
    SEEN.store(core::arch::wasm32::memory_size(0), Ordering::Relaxed);
    // Only the wasmtime host has this object.
    WASMTIME.store(get(GLOBAL, "wapc") >> 32 == OBJECT, Ordering::Relaxed);
    for (name, id) in [PROCESS, ERRORS] {
        if let Some(function) = method(GO, "_makeFuncWrapper", id) {
            set(GLOBAL, name, function);
        }
    }
}

/// Answers an event.
#[unsafe(no_mangle)]
extern "C" fn resume() {
    let event = get(GO, "_pendingEvent");
    if event == 0 || event == NULL {
        return;
    }
    set(GO, "_pendingEvent", NULL);
    let answer = if get(event, "id") == PROCESS.1 {
        process(event)
    } else {
        ERROR.lock().map(|error| error.clone()).unwrap_or_default().into_bytes()
    };
    let answer = if answer.is_empty() { fail(&Failure::new(INTERNAL, "there is no answer")) } else { answer };
    set(event, "result", give(&answer));
}

fn process(event: Value) -> Vec<u8> {
    let mut out = Vec::new();
    let input = take(call(value_index, [get(event, "args"), 0])[0]);
    let failure = match input.and_then(|input| transport::run(input, Options::default(), &mut out)) {
        Ok(_) if out.len() > MAX && WASMTIME.load(Ordering::Relaxed) => {
            Failure::usage(format!("the output has {} bytes; kpt's wasmtime takes {MAX} at most", out.len()))
        }
        Ok(_) => return out,
        Err(failure) => failure,
    };
    let told = fail(&failure);
    match WASMTIME.load(Ordering::Relaxed) || out.is_empty() {
        true => told,
        false => out,
    }
}

/// Makes the call a failure; the text that says so where a ResourceList would have been.
fn fail(failure: &Failure) -> Vec<u8> {
    let told = quoted(&failure.message);
    if let Ok(mut error) = ERROR.lock() {
        error.clone_from(&told);
    }
    if !WASMTIME.load(Ordering::Relaxed) {
        method(get(GLOBAL, "console"), "error", give(failure.message.trim_end().as_bytes()));
        set(get(GLOBAL, "process"), "exitCode", f64::from(failure.code).to_bits());
    }
    told.into_bytes()
}

/// A text as a scalar of YAML: never a mapping, never empty, and no ResourceList to one who only searches for its name.
fn quoted(message: &str) -> String {
    let message = message.trim_end().replace("kind: ResourceList", "kind ResourceList");
    json_text(&serde_json::Value::String(format!("function failed: {message}")))
}
