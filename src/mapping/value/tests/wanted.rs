//! What is said to be wanted, held to what is taken.

use serde_json::json;

use super::*;
use crate::config::{DateFormat, NumberFormat};

#[test]
fn what_is_wanted_is_said_by_an_example() {
    let formats = |dates, numbers| Formats { dates, numbers };
    let plain = Formats::default();
    let first = formats(DateFormat::DayFirst, NumberFormat::CommaDecimal);
    for (types, options, formats, said) in [
        (
            "number",
            &[][..],
            plain,
            &["a number such as 1250.75", "without thousands separators", "`number_format`"][..],
        ),
        ("number", &[], first, &["1.250,75"]),
        ("date", &[], plain, &["a date such as 2024-05-13", "13/5/2024", "5/13/2024", "`date_format`"]),
        ("date", &[], first, &["a date such as 13/5/2024"]),
        ("datetime", &[], plain, &["2024-05-13T10:30:00Z"]),
        ("bool", &[], plain, &["true or false", "yes"]),
        ("enumeration/select", TIERS, plain, &["one option: tier_1, tier_2, 3"]),
        ("enumeration/checkbox", TIERS, plain, &["several options", "`;`", "tier_1, tier_2, 3"]),
        ("enumeration/checkbox OWNER", &[], plain, &["81426347;81426348"]),
        ("enumeration/select OWNER", &[], plain, &["81426347"]),
        ("string/phonenumber", &[], plain, &["+49"]),
        ("string", &[], plain, &["a text"]),
    ] {
        let text = wanted(&property(types, options), formats);
        for part in said {
            assert!(text.contains(part), "{types}: {text}");
        }
    }
}

#[test]
fn every_example_of_what_is_wanted_is_taken() {
    let of = |dates, numbers| Formats { dates, numbers };
    for (types, formats, example) in [
        ("number", of(DateFormat::Iso, NumberFormat::Plain), "1250.75"),
        ("number", of(DateFormat::Iso, NumberFormat::CommaThousands), "1,250.75"),
        ("number", of(DateFormat::Iso, NumberFormat::CommaDecimal), "1.250,75"),
        ("date", of(DateFormat::Iso, NumberFormat::Plain), "2024-05-13"),
        ("date", of(DateFormat::DayFirst, NumberFormat::Plain), "13/5/2024"),
        ("date", of(DateFormat::MonthFirst, NumberFormat::Plain), "5/13/2024"),
        ("datetime", of(DateFormat::MonthFirst, NumberFormat::Plain), "2024-05-13T10:30:00Z"),
        ("enumeration/checkbox OWNER", Formats::default(), "81426347;81426348"),
        ("string/phonenumber", Formats::default(), "+49 30 123456"),
    ] {
        let property = property(types, &[]);
        assert!(wanted(&property, formats).contains(example), "{types} {example}");
        let read = read(
            &property,
            &json!(example).to_string(),
            &mut Reading { formats, ..plain(&mut ShownUnit::default()) },
        );
        assert!(matches!(read, Ok(Some(_))), "{types} {example}");
    }
}
