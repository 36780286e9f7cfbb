//! What can go wrong around a command: with its files, with the process, with those who read and answer.
//!
//! No text holds the content of a file. Not here: what a command's own work fails for, which the layers below say.

use std::io::ErrorKind;

use thiserror::Error;

use crate::{error::Failure, hubspot::error::Called, text::shown};

/// A command that cannot do its work.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CommandError {
    /// In this and the others of a file, `argument` is the one that names it, such as `--config`.
    #[error(
        "The file of `{argument}`, {}, does not exist. Correct the path; in a container, see whether its folder is mounted.",
        shown(file)
    )]
    NoFile { argument: &'static str, file: String },

    #[error("The file of `{argument}`, {}, is a folder. Name a file in it.", shown(file))]
    Folder { argument: &'static str, file: String },

    #[error(
        "The file of `{argument}`, {}, may not be read by this user. Change its permissions or its owner.",
        shown(file)
    )]
    NotPermitted { argument: &'static str, file: String },

    #[error("The file of `{argument}`, {}, cannot be read: {kind}", shown(file))]
    Unreadable { argument: &'static str, file: String, kind: ErrorKind },

    #[error(
        "The file of `{argument}`, {}, is in UTF-16, as Windows PowerShell writes files with `>`. Save it as UTF-8.",
        shown(file)
    )]
    Utf16 { argument: &'static str, file: String },

    #[error("The file of `{argument}`, {}, is empty. See whether whatever should write it did.", shown(file))]
    EmptyFile { argument: &'static str, file: String },

    #[error(
        "HubSpot did not answer within {seconds} s{}. {} See status.hubspot.com too.",
        called.elsewhere(),
        called.advice()
    )]
    NoAnswer { seconds: u64, called: Called },

    /// There is no runtime: no thread, or no file handle.
    #[error("The process cannot be set up: {0}")]
    NoRuntime(ErrorKind),

    #[error("Nobody reads standard output.")]
    OutputClosed,
}

impl From<CommandError> for Failure {
    fn from(error: CommandError) -> Self {
        let message = error.to_string();
        match error {
            CommandError::NoFile { .. }
            | CommandError::Folder { .. }
            | CommandError::NotPermitted { .. }
            | CommandError::Unreadable { .. }
            | CommandError::Utf16 { .. }
            | CommandError::EmptyFile { .. } => Self::config(message),
            CommandError::NoAnswer { .. } => Self::transient(message),
            CommandError::NoRuntime(_) | CommandError::OutputClosed => Self::system(message),
        }
    }
}
