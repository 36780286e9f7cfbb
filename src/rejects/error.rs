//! Why rows cannot be kept. No text holds any of a row.

use std::io::ErrorKind;

use thiserror::Error;

use super::store::error::StoreError;
use crate::{error::Failure, text::shown};

/// A place for rows that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeepError {
    /// `argument` names the folder, such as `--rejected`.
    #[error(
        "The folder of `{argument}`, {}, cannot be made or written in: {kind}. Name a folder that this user may write in.",
        shown(folder)
    )]
    Folder { argument: &'static str, folder: String, kind: ErrorKind },

    #[error(
        "`{argument}` and `{other}` name the same folder, {}. Name two folders: the names of their files would be alike.",
        shown(folder)
    )]
    Shared { argument: &'static str, other: &'static str, folder: String },

    #[error(
        "A row cannot be kept in the folder of `{argument}`, {}: {kind}. {}, then run the sync again. Nothing after the last \
         acknowledged state counts as written.",
        shown(folder),
        cure(*kind)
    )]
    Row { argument: &'static str, folder: String, kind: ErrorKind },

    #[error(
        "{0} States behind rows that the store does not have were not acknowledged. Remove the cause, then run the sync again."
    )]
    Store(#[from] StoreError),

    /// A task that put an object panicked.
    #[error(
        "A row could not be kept. This is a fault of the connector; the states after it were not acknowledged. Run the sync again, and \
         report this."
    )]
    Defect,
}

fn cure(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            "Make room, or name another folder"
        }
        _ => "See that nobody moves, deletes or locks the folder and its files during the sync",
    }
}

impl From<KeepError> for Failure {
    fn from(error: KeepError) -> Self {
        match error {
            KeepError::Folder { .. } | KeepError::Shared { .. } | KeepError::Row { .. } => {
                Self::config(error.to_string())
            }
            KeepError::Store(ref store) => Self { message: error.to_string(), ..Self::from(store.clone()) },
            KeepError::Defect => Self::system(error.to_string()),
        }
    }
}
