//! Compiles the plugin's bundle, one JavaScript module, to the bytecode that `src/engine.rs` embeds.
//!
//! `CLUSTER_IPAM_BUNDLE` is the path of the bundle; `make build` makes it.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use rquickjs::{CatchResultExt, Context, Module, Runtime, WriteOptions};

const BUNDLE: &str = "CLUSTER_IPAM_BUNDLE";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed={BUNDLE}");
    let bundle = env::var(BUNDLE).map_err(|_| format!("{BUNDLE} is not set: run make build"))?;
    println!("cargo::rerun-if-changed={bundle}");
    let bytecode = compile(&fs::read_to_string(bundle)?)?;
    let folder = PathBuf::from(env::var("OUT_DIR")?);
    Ok(fs::write(folder.join("plugin.bytecode"), bytecode)?)
}

fn compile(source: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let runtime = Runtime::new()?;
    let context = Context::full(&runtime)?;
    context.with(|ctx| {
        let module = Module::declare(ctx.clone(), "plugin", source)
            .catch(&ctx)
            .map_err(|error| error.to_string())?;
        // Neither is read at run time: errors are told by their messages.
        let options = WriteOptions {
            strip_source: true,
            strip_debug: true,
            ..WriteOptions::default()
        };
        Ok(module.write(options)?)
    })
}
