//! `QuickJS`, with no more in it than the plugin's code needs.

use std::mem::ManuallyDrop;

use rquickjs::context::intrinsic::{Json, MapSet, Promise, RegExp, RegExpCompiler};
use rquickjs::loader::Loader;
use rquickjs::loader::bundle::{Bundle, ScaBundleData};
use rquickjs::{CatchResultExt, Context, Ctx, Function, Promise as JsPromise, Result, Runtime};
use rustix::process::{Resource, getrlimit};

use crate::host;

/// A standard input of 4 MB takes 60 MB at most; what wants more than this has gone astray.
const MEMORY_LIMIT_BYTES: usize = 512 * 1024 * 1024;

/// Enough for 40,000 brackets in each other; what is deeper is an error, as it is in Go's decoder from 10,000 on.
const STACK_LIMIT_BYTES: usize = 4 * 1024 * 1024;

/// The module of `src/native-entry.ts`.
const PLUGIN: &str = "plugin";

const BYTECODE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/plugin.bytecode"));

/// Runs one call of the plugin and returns its exit status, or what went wrong in JavaScript.
pub fn run_plugin() -> std::result::Result<u8, String> {
    // The process ends with the call, so that nothing needs to be freed object by object.
    let runtime = ManuallyDrop::new(Runtime::new().map_err(|error| error.to_string())?);
    runtime.set_memory_limit(MEMORY_LIMIT_BYTES);
    runtime.set_max_stack_size(stack_limit_bytes());
    let context = Context::custom::<(Json, MapSet, Promise, RegExp, RegExpCompiler)>(&runtime)
        .map(ManuallyDrop::new)
        .map_err(|error| error.to_string())?;
    context.with(|ctx| call_plugin(&ctx).catch(&ctx).map_err(|error| error.to_string()))
}

fn call_plugin(ctx: &Ctx<'_>) -> Result<u8> {
    let mut bundle: Bundle<ScaBundleData<&[u8]>> = Bundle(&[(PLUGIN, BYTECODE)]);
    let (module, evaluated) = bundle.load(ctx, PLUGIN, None)?.eval()?;
    evaluated.finish::<()>()?;
    let run: Function = module.get("run")?;
    let status: JsPromise = run.call((host::create(ctx)?,))?;
    status.finish()
}

/// At most half of what the system gives this process: where it ends nobody can be told any more.
fn stack_limit_bytes() -> usize {
    let given = getrlimit(Resource::Stack).current.unwrap_or(u64::MAX);
    usize::try_from(given / 2).map_or(STACK_LIMIT_BYTES, |half| half.min(STACK_LIMIT_BYTES))
}
