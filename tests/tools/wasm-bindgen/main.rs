//! `bindgen MODULE FOLDER`: the glue of a module that wasm-bindgen's macros have marked, and the module that goes with it.

use wasm_bindgen_cli_support::Bindgen;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [module, folder] = args.as_slice() else { panic!("usage: bindgen MODULE FOLDER") };
    let mut bindgen = Bindgen::new();
    bindgen.input_path(module).out_name("krmor").web(true).expect("the target is known");
    bindgen.omit_default_module_path(true).typescript(false).reset_state_function(true);
    bindgen.remove_name_section(true).remove_producers_section(true);
    bindgen.generate(folder).unwrap_or_else(|error| panic!("{module}: {error:?}"));
}
