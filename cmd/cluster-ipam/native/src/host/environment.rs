//! `Host.env`.

use std::env::vars_os;

use rquickjs::{Ctx, Object, Result};

/// The environment of the process. What is not UTF-8 becomes U+FFFD; of several variables of one name the first counts.
pub fn env(ctx: Ctx<'_>) -> Result<Object<'_>> {
    let env = Object::new_proto(ctx, None)?;
    for (name, value) in vars_os() {
        let name = name.to_string_lossy();
        if !env.contains_key(&*name)? {
            env.set(&*name, &*value.to_string_lossy())?;
        }
    }
    Ok(env)
}
