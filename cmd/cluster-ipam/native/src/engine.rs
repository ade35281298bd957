//! `QuickJS`, with no more in it than the plugin's code needs.

use rquickjs::context::intrinsic::{Json, MapSet, Promise, RegExp, RegExpCompiler};
use rquickjs::loader::Loader;
use rquickjs::loader::bundle::{Bundle, ScaBundleData};
use rquickjs::{CatchResultExt, Context, Ctx, Function, Promise as JsPromise, Result, Runtime};

use crate::host;

/// A standard input of 4 MB takes 60 MB at most; what wants more than this has gone astray.
const MEMORY_LIMIT_BYTES: usize = 512 * 1024 * 1024;

/// Deep enough for 10,000 brackets in each other, and an eighth of the stack that programs usually get.
const STACK_LIMIT_BYTES: usize = 1024 * 1024;

/// The module of `src/native-entry.ts`.
const PLUGIN: &str = "plugin";

const BYTECODE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/plugin.bytecode"));

/// Runs one call of the plugin and returns its exit status, or what went wrong in JavaScript.
pub fn run_plugin() -> std::result::Result<u8, String> {
    let runtime = Runtime::new().map_err(|error| error.to_string())?;
    runtime.set_memory_limit(MEMORY_LIMIT_BYTES);
    runtime.set_max_stack_size(STACK_LIMIT_BYTES);
    let context = Context::custom::<(Json, MapSet, Promise, RegExp, RegExpCompiler)>(&runtime)
        .map_err(|error| error.to_string())?;
    context.with(|ctx| {
        call_plugin(&ctx)
            .catch(&ctx)
            .map_err(|error| error.to_string())
    })
}

fn call_plugin(ctx: &Ctx<'_>) -> Result<u8> {
    let mut bundle: Bundle<ScaBundleData<&[u8]>> = Bundle(&[(PLUGIN, BYTECODE)]);
    let (module, evaluated) = bundle.load(ctx, PLUGIN, None)?.eval()?;
    evaluated.finish::<()>()?;
    let run: Function = module.get("run")?;
    let status: JsPromise = run.call((host::create(ctx)?,))?;
    status.finish()
}
