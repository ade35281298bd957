//! The CNI plugin `cluster-ipam`: its logic is TypeScript (`packages/plugin`), compiled to the bytecode in this program
//! and run by `QuickJS`. Here is what that code needs of the machine, method by method, in [`host`].

mod engine;
mod errno;
mod host;
mod last_words;

use std::process::ExitCode;

fn main() -> ExitCode {
    match engine::run_plugin() {
        Ok(status) => ExitCode::from(status),
        Err(reason) => last_words::tell(&reason),
    }
}
