//! What a property takes, for log messages: in words and by an example. Never by a record's value.

use super::reading::Formats;
use crate::{
    config::{DateFormat, NumberFormat},
    crm::property::{Kind, Property},
};

/// What a property takes, in words and by an example.
pub fn wanted(property: &Property, formats: Formats) -> String {
    let named = property.choices.named();
    match property.kind {
        Kind::Text => "a text such as Ada, or the one value of a list".to_owned(),
        Kind::Phone => "a phone number such as +49 30 123456".to_owned(),
        Kind::Number => number(formats.numbers).to_owned(),
        Kind::Bool if named.is_empty() => "true or false, such as true, yes, Y or 1".to_owned(),
        Kind::Bool => ["true or false, such as true, yes, Y or 1, or an option: ", &named].concat(),
        Kind::Date => date(formats.dates, ""),
        Kind::DateTime => date(formats.dates, "T10:30:00Z"),
        Kind::Choice if named.is_empty() => "one option, by its internal name".to_owned(),
        Kind::Choice => ["one option: ", &named].concat(),
        Kind::Choices if property.of_owners => "owner ids such as 81426347;81426348".to_owned(),
        Kind::Choices if named.is_empty() => {
            "several options such as first;second, by their internal names".to_owned()
        }
        Kind::Choices => ["several options, with `;` between them: ", &named].concat(),
        Kind::Owner => "an owner id such as 81426347".to_owned(),
    }
}

fn number(format: NumberFormat) -> &'static str {
    match format {
        NumberFormat::Plain => {
            "a number such as 1250.75, without thousands separators (for 1,250.75 or 1.250,75 set `number_format`)"
        }
        NumberFormat::CommaThousands => "a number such as 1,250.75 (as `number_format` says)",
        NumberFormat::CommaDecimal => "a number such as 1.250,75 (as `number_format` says)",
    }
}

fn date(format: DateFormat, time: &str) -> String {
    let what = if time.is_empty() { "a date" } else { "a date and time" };
    match format {
        DateFormat::Iso => {
            format!("{what} such as 2024-05-13{time}; for 13/5/2024 or 5/13/2024 set `date_format`")
        }
        DateFormat::DayFirst => {
            format!("{what} such as 13/5/2024 (as `date_format` says) or 2024-05-13{time}")
        }
        DateFormat::MonthFirst => {
            format!("{what} such as 5/13/2024 (as `date_format` says) or 2024-05-13{time}")
        }
    }
}
