//! What the caller is told when the plugin's own code cannot tell it anything any more.

use std::fmt::Write;
use std::process::ExitCode;

use crate::host::output;

/// Prints a CNI error of the catalogue's code for a defect, `internal`.
pub fn tell(reason: &str) -> ExitCode {
    let text = format!(
        r#"{{"cniVersion":"1.1.0","code":199,"msg":"unexpected error: {}"}}"#,
        escape(reason)
    );
    // The status is what is left where nothing can be written.
    let _ = output::write_all(rustix::stdio::stdout(), text.as_bytes());
    ExitCode::FAILURE
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' | '\\' => escaped.extend(['\\', character]),
            '\0'..='\u{1f}' => {
                let _ = write!(escaped, "\\u{:04x}", u32::from(character));
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn what_breaks_a_json_text_is_escaped() {
        assert_eq!(escape("a \"b\"\\\n\u{1}é"), r#"a \"b\"\\\u000a\u0001é"#);
    }
}
