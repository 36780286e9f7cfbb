//! How an input is sent. Pure. Not here: which mode sends it so ([`super::mode`]).

/// How an input is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Upsert,
    Create,
    /// By the record's number.
    Update,
    /// By the record's number.
    Archive,
}
