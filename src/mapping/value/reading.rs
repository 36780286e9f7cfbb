//! How a value is to be read, and what comes of it. Types only.

use crate::config::{DateFormat, NumberFormat, ValueTable};

/// How the settings say that texts are to be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Formats {
    pub dates: DateFormat,
    pub numbers: NumberFormat,
}

/// What the numbers of a field count since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EpochUnit {
    Seconds,
    Milliseconds,
}

/// How the values of one field are read for one property.
#[derive(Debug)]
pub struct Reading<'a> {
    pub formats: Formats,
    /// What earlier values of the field have shown; a value that shows it sets it.
    pub unit: &'a mut Option<EpochUnit>,
    /// A mapping names the property. Only then do objects and lists go into a text.
    pub mapped: bool,
    /// The values that the mapping translates.
    pub values: Option<&'a ValueTable>,
}

/// What a value becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Converted {
    /// There is no value: `null`, empty or blank text, an empty list, or a list of nothing else.
    Empty,
    /// It says nothing, like a `;` with no options to append.
    Nothing,
    /// What the property takes; never empty.
    Value(Box<str>),
}
