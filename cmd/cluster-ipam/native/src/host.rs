//! The host of one CNI call, as `packages/plugin/src/host.ts` describes it: one file for each, or for two that go together.

mod boot_time;
mod durable_file;
mod environment;
mod exchange;
mod file_age;
mod input;
pub mod output;
mod readiness;
mod text_file;

use rquickjs::prelude::Func;
use rquickjs::{Ctx, Exception, Object, Result};
use rustix::io::Errno;

use crate::errno;

/// The object that the plugin's code gets.
pub fn create<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let host = Object::new(ctx.clone())?;
    host.set("readStdin", Func::from(input::read_stdin))?;
    host.set("env", Func::from(environment::env))?;
    host.set("exchange", Func::from(exchange::exchange))?;
    host.set("write", Func::from(output::write))?;
    host.set("writeFile", Func::from(durable_file::write_file))?;
    host.set("fileAgeMs", Func::from(file_age::file_age_ms))?;
    host.set("readFile", Func::from(text_file::read_file))?;
    host.set("appendFile", Func::from(text_file::append_file))?;
    host.set("bootTime", Func::from(boot_time::boot_time))?;
    Ok(host)
}

/// Turns an error of the system into one of JavaScript that says what was tried.
fn or_throw<T>(ctx: &Ctx<'_>, outcome: rustix::io::Result<T>, tried: &str) -> Result<T> {
    outcome.map_err(|error: Errno| Exception::throw_message(ctx, &format!("{}: {tried}", errno::name(error))))
}
