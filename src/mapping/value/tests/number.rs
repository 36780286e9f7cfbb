//! A table of numbers.

use super::*;
use crate::config::NumberFormat;

#[test]
fn numbers() {
    table(
        &property("number", &[]),
        &[
            ("7", Some("7")),
            ("-0.50", Some("-0.50")),
            ("1200000.0", Some("1200000")),
            ("123456789012345678901234567890", Some("123456789012345678901234567890")),
            ("1.5e3", Some("1500")),
            (r#"" 42 ""#, Some("42")),
            (r#""5\u200b""#, Some("5")),
            (r#""1e-2""#, Some("0.01")),
            (r#""1,234""#, None),
            (r#""12 kg""#, None),
            (r#""5%""#, None),
            (r#""NaN""#, None),
            ("true", None),
            ("[1]", Some("1")),
        ],
    );
    let number = property("number", &[]);
    for (format, json, expected) in [
        (NumberFormat::CommaThousands, r#""1,250,000.75""#, Some("1250000.75")),
        (NumberFormat::CommaDecimal, r#"" 1.250.000,75 ""#, Some("1250000.75")),
        // A number of JSON is always plain.
        (NumberFormat::CommaDecimal, "1.250", Some("1.250")),
        (NumberFormat::CommaDecimal, r#""1.250""#, Some("1250")),
        (NumberFormat::CommaThousands, r#""1,25""#, None),
    ] {
        let formats = Formats { numbers: format, ..Formats::default() };
        let read = read(&number, json, &mut Reading { formats, ..plain(&mut ShownUnit::default()) });
        assert_eq!(read.ok().flatten().as_deref(), expected, "{json} {format:?}");
    }
}
