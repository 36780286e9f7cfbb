//! The files that arguments name, and what is commonly wrong with them.
//!
//! Not here: what their content means. No text holds any of it.

use std::{io::ErrorKind, path::Path};

use crate::{error::Failure, text::shown};

/// Reads a file that an argument names: UTF-8, as far as a look at its beginning tells, and not empty.
///
/// # Errors
///
/// A `config_error` that names the argument and the file.
pub(super) fn read(path: &Path, argument: &str) -> Result<Vec<u8>, Failure> {
    let name = path.display().to_string();
    let name = shown(&name);
    let bytes = std::fs::read(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => Failure::config(format!(
            "The file of `{argument}`, {name}, does not exist. Correct the path; in a container, see whether its folder is \
             mounted."
        )),
        ErrorKind::IsADirectory => {
            Failure::config(format!("The file of `{argument}`, {name}, is a folder. Name a file in it."))
        }
        ErrorKind::PermissionDenied => Failure::config(format!(
            "The file of `{argument}`, {name}, may not be read by this user. Change its permissions or its owner."
        )),
        kind => Failure::config(format!("The file of `{argument}`, {name}, cannot be read: {kind}")),
    })?;
    if is_utf_16(&bytes) {
        return Err(Failure::config(format!(
            "The file of `{argument}`, {name}, is in UTF-16, as Windows PowerShell writes files with `>`. Save it as UTF-8."
        )));
    }
    if bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes).trim_ascii().is_empty() {
        return Err(Failure::config(format!(
            "The file of `{argument}`, {name}, is empty. See whether whatever should write it did."
        )));
    }
    Ok(bytes)
}

/// By its byte order mark, or by the zero beside the first letter, which JSON has in no other encoding but UTF-32.
fn is_utf_16(bytes: &[u8]) -> bool {
    matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, _, ..] | [_, 0, ..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        let said = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            read(&path, "--config").map_err(|failure| failure.message)
        };
        assert_eq!(said(b"{}").as_deref(), Ok(&b"{}"[..]));
        for (bytes, part) in [
            (&b""[..], "is empty"),
            (b"\xef\xbb\xbf \r\n", "is empty"),
            (b"\xff\xfe{\0}\0", "is in UTF-16"),
            (b"\xfe\xff\0{\0}", "is in UTF-16"),
            (b"{\0}\0", "is in UTF-16"),
            (b"\0{\0}", "is in UTF-16"),
        ] {
            let message = said(bytes).unwrap_err();
            assert!(message.contains("`--config`") && message.contains("config.json"), "{message}");
            assert!(message.contains(part), "{message}");
        }
        let message = read(folder.path(), "--catalog").unwrap_err().message;
        assert!(message.contains("`--catalog`") && message.contains("is a folder"), "{message}");
        let message = read(&folder.path().join("other"), "--catalog").unwrap_err().message;
        assert!(message.contains("does not exist"), "{message}");
    }
}
