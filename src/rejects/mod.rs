//! Keeps rows where the user asked for them: rejected rows, values that were left out, what became of each row.

pub mod error;
pub mod folder;
pub mod folders;
pub mod gate;
pub mod keeper;
pub mod line;
mod line_file;
pub mod row;
pub mod store;
