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

/// What the values of a field have shown of their unit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ShownUnit {
    #[default]
    Nothing,
    Of(EpochUnit),
    /// Some are surely seconds, others surely milliseconds: from now on no value can be told by the others.
    Both,
}

impl ShownUnit {
    /// The same after a value that can only be in this unit.
    #[must_use]
    pub(super) fn and(self, unit: EpochUnit) -> Self {
        match self {
            Self::Nothing => Self::Of(unit),
            Self::Of(shown) if shown == unit => self,
            Self::Of(_) | Self::Both => Self::Both,
        }
    }
}

/// How the values of one field are read for one property.
#[derive(Debug)]
pub struct Reading<'a> {
    pub formats: Formats,
    /// What earlier values of the field have shown; a value that shows it sets it.
    pub unit: &'a mut ShownUnit,
    /// A mapping names the property. Only then do objects and lists go into a text.
    pub mapped: bool,
    /// The values that the mapping translates.
    pub values: Option<&'a ValueTable>,
}

/// What a value becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Converted {
    /// There is no value: `null`, empty or blank text, an empty object, or a list of nothing else.
    Empty,
    /// It says nothing, like a `;` with no options to append.
    Nothing,
    /// What the property takes; never empty.
    Value(Box<str>),
}
