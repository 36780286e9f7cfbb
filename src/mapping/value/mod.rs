//! One JSON value as what a property takes: by the property's kind, not by the JSON type.
//!
//! HubSpot's values are texts, whatever their type; each kind has its own form. Not here: which property a field goes
//! into, and what becomes of a record whose value does not fit. [`convert`](convert()) begins; `list` picks one value
//! of a list, `options` knows properties with options, `number`, `time`, `day` and `epoch` the forms.

mod convert;
mod day;
mod digits;
mod epoch;
mod list;
mod number;
mod options;
mod plain;
mod reading;
mod text;
mod time;
mod wanted;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod time_tests;

pub use self::convert::{address, convert, fits, flag};
pub use self::reading::{Converted, Formats, Reading, ShownUnit};
pub use self::wanted::wanted;
