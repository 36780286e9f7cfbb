//! The files that arguments name, and what is commonly wrong with them.
//!
//! Not here: what their content means. No text holds any of it.

use std::{io::ErrorKind, path::Path};

use super::error::CommandError;

/// Reads a file that an argument names: UTF-8, as far as a look at its beginning tells, and not empty.
///
/// # Errors
///
/// With the argument and the file.
pub(super) fn read(path: &Path, argument: &'static str) -> Result<Vec<u8>, CommandError> {
    let file = path.display().to_string();
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => return Err(unreadable(error.kind(), argument, file)),
    };
    if is_utf_16(&bytes) {
        return Err(CommandError::Utf16 { argument, file });
    }
    if bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes).trim_ascii().is_empty() {
        return Err(CommandError::EmptyFile { argument, file });
    }
    Ok(bytes)
}

fn unreadable(kind: ErrorKind, argument: &'static str, file: String) -> CommandError {
    match kind {
        ErrorKind::NotFound => CommandError::NoFile { argument, file },
        ErrorKind::IsADirectory => CommandError::Folder { argument, file },
        ErrorKind::PermissionDenied => CommandError::NotPermitted { argument, file },
        kind => CommandError::Unreadable { argument, file, kind },
    }
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
            read(&path, "--config").map_err(|error| error.to_string())
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
        let message = read(folder.path(), "--catalog").unwrap_err().to_string();
        assert!(message.contains("`--catalog`") && message.contains("is a folder"), "{message}");
        let message = read(&folder.path().join("other"), "--catalog").unwrap_err().to_string();
        assert!(message.contains("does not exist"), "{message}");
    }
}
