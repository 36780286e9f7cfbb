//! Number texts in the one form that HubSpot's `number` properties take. It never calculates with them.

use crate::config::NumberFormat;

/// The longest result; an exponent could otherwise ask for any number of zeros.
const MAX_CHARACTERS: usize = 400;

/// A text that holds a number in the form that the settings name, as HubSpot takes it; `None` for anything else.
pub(super) fn formatted(text: &str, format: NumberFormat) -> Option<Box<str>> {
    let (group, point) = match format {
        NumberFormat::Plain => return number(text),
        NumberFormat::CommaThousands => (',', '.'),
        NumberFormat::CommaDecimal => ('.', ','),
    };
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let sign = if text.starts_with('-') { "-" } else { "" };
    let (decimal, exponent) = match unsigned.find(['e', 'E']) {
        Some(place) => unsigned.split_at_checked(place)?,
        None => (unsigned, ""),
    };
    let (whole, fraction) = decimal.split_once(point).unwrap_or((decimal, ""));
    if !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    number(&[sign, &ungrouped(whole, group)?, ".", fraction, exponent].concat())
}

/// The digits of a whole number without the signs between its groups, which are all alike.
fn ungrouped(whole: &str, group: char) -> Option<String> {
    let Some(sign) = whole.chars().find(|character| !character.is_ascii_digit()) else {
        return Some(whole.to_owned());
    };
    // Spaces of three widths and the Swiss apostrophe group in both forms.
    if sign != group && !matches!(sign, ' ' | '\u{a0}' | '\u{2009}' | '\u{202f}' | '\'' | '’') {
        return None;
    }
    let groups: Vec<&str> = whole.split(sign).collect();
    let (first, others) = groups.split_first()?;
    let (last, between) = others.split_last()?;
    let of_three = first.len() <= 3 && between.iter().all(|group| group.len() == 3);
    // Indian grouping: 12,50,000
    let of_two = sign == ',' && first.len() <= 2 && between.iter().all(|group| group.len() == 2);
    // Nobody groups after a zero: that is a decimal of the other form.
    let is_grouped = last.len() == 3 && (of_three || of_two) && !first.starts_with('0');
    (is_grouped && groups.iter().all(|group| is_digits(group))).then(|| groups.concat())
}

/// The text of a JSON number, or a text that holds a plain number, as HubSpot takes it; `None` for anything else.
///
/// The result has an optional `-`, digits and at most one `.`, and exactly the value of `text`: exponents are
/// written out, nothing is rounded. A fraction of nothing but zeros goes: tables that hold gaps make floats of integers.
pub(super) fn number(text: &str) -> Option<Box<str>> {
    let text = text.trim();
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(unsigned) => (true, unsigned),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (decimal, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((decimal, exponent)) => (decimal, read_exponent(exponent)?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = decimal.split_once('.').unwrap_or((decimal, ""));
    let digits = [whole, fraction].concat();
    if !is_digits(&digits) {
        return None;
    }
    let is_zero = digits.bytes().all(|digit| digit == b'0');
    // Zero stays zero, whatever its exponent, and takes no sign.
    let point = i64::try_from(whole.len()).ok()?.checked_add(if is_zero { 0 } else { exponent })?;
    let sign = if negative && !is_zero { "-" } else { "" };
    write(sign, &digits, point)
}

/// The digits with the point before the digit at `point`, which may lie outside of them on either side.
fn write(sign: &str, digits: &str, point: i64) -> Option<Box<str>> {
    let length = i64::try_from(digits.len()).ok()?;
    // At least one digit stands before the point.
    let zeros_before = usize::try_from((1 - point).max(0)).ok()?;
    let zeros_after = usize::try_from((point - length).max(0)).ok()?;
    if zeros_before.max(zeros_after) > MAX_CHARACTERS {
        return None;
    }
    let padded = ["0".repeat(zeros_before).as_str(), digits, &"0".repeat(zeros_after)].concat();
    let (whole, fraction) = padded.split_at_checked(usize::try_from(point.max(1)).ok()?)?;
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    let fraction = if fraction.bytes().all(|digit| digit == b'0') { "" } else { fraction };
    let point = if fraction.is_empty() { "" } else { "." };
    let written = [sign, whole, point, fraction].concat();
    (written.len() <= MAX_CHARACTERS).then(|| written.into())
}

/// An exponent too large for an `i32` becomes the largest: its result is too long all the same.
fn read_exponent(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if !is_digits(digits) {
        return None;
    }
    let exponent = i64::from(digits.parse().unwrap_or(i32::MAX));
    Some(if negative { -exponent } else { exponent })
}

pub(super) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_keep_their_digits() {
        for (text, expected) in [
            ("0", "0"),
            ("42", "42"),
            ("-42", "-42"),
            ("+42", "42"),
            (" \t42\n", "42"),
            ("007", "7"),
            ("-007.10", "-7.10"),
            ("1.50", "1.50"),
            (".5", "0.5"),
            ("-.5", "-0.5"),
            ("5.", "5"),
            ("000.5", "0.5"),
            ("12345678901234567890.123456789012345678901", "12345678901234567890.123456789012345678901"),
            ("-0", "0"),
            ("-0.00", "0"),
            ("442079460000.0", "442079460000"),
            ("000", "0"),
        ] {
            assert_eq!(number(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn exponents_are_written_out() {
        for (text, expected) in [
            ("1.5e3", "1500"),
            ("2E-3", "0.002"),
            ("-2e+2", "-200"),
            ("1.50e1", "15"),
            ("1.5e1", "15"),
            ("0.0012e2", "0.12"),
            ("12.5e-1", "1.25"),
            ("125e-3", "0.125"),
            (".5e1", "5"),
            ("5.e1", "50"),
            ("1e0", "1"),
            ("1e0000000000000000002", "100"),
            ("1.7976931348623157e22", "17976931348623157000000"),
            ("0e99999999999999999999", "0"),
            ("-0.0e-99999999999999999999", "0"),
        ] {
            assert_eq!(number(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "", " ", "-", "+", ".", "-.", "e", "e5", ".e5", "1e", "1e+", "1e-", "1e1.5", "1e5e5", "1.2.3",
            "--1", "+-1", "- 1", "1-", "NaN", "nan", "Infinity", "-inf", "1,234", "1.234,5", "1_000",
            "1 234", "12 kg", "$5", "5%", "0x1F", "1f", "true", "null", "१२", "１２", "−5", "½",
        ] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn results_of_more_than_the_longest_length_are_refused() {
        for (text, length) in [
            ("1e399", Some(400)),
            ("1e400", None),
            ("-1e398", Some(400)),
            ("-1e399", None),
            ("1e-398", Some(400)),
            ("1e-399", None),
            ("1e99999999999999999999", None),
            ("1e-99999999999999999999", None),
            ("1e2147483647", None),
        ] {
            assert_eq!(number(text).map(|number| number.len()), length, "{text}");
        }
        assert_eq!(number(&"9".repeat(400)), Some("9".repeat(400).into()));
        assert_eq!(number(&"9".repeat(401)), None);
        assert_eq!(number(&format!("{}7", "0".repeat(1000))).as_deref(), Some("7"));
    }

    #[test]
    fn a_setting_says_which_sign_parts_the_groups_and_which_the_fraction() {
        use NumberFormat::{CommaDecimal, CommaThousands, Plain};
        for (text, thousands, decimal) in [
            ("1,250,000.75", Some("1250000.75"), None),
            ("1.250.000,75", None, Some("1250000.75")),
            ("1,250", Some("1250"), Some("1.250")),
            ("1.250", Some("1.250"), Some("1250")),
            ("1250,5", None, Some("1250.5")),
            ("1250.5", Some("1250.5"), None),
            ("1250", Some("1250"), Some("1250")),
            ("-1,250.5", Some("-1250.5"), None),
            ("+1.250,5", None, Some("1250.5")),
            ("12,50,000", Some("1250000"), None),
            ("1 250 000", Some("1250000"), Some("1250000")),
            ("1\u{a0}250\u{a0}000,5", None, Some("1250000.5")),
            ("1\u{202f}250", Some("1250"), Some("1250")),
            ("1'250.75", Some("1250.75"), None),
            ("1’250,75", None, Some("1250.75")),
            (",75", None, Some("0.75")),
            ("1,250.00", Some("1250"), None),
            ("1.5e3", Some("1500"), None),
            ("1,5e3", None, Some("1500")),
            ("1,250 000", None, None),
            ("1,2500", None, Some("1.2500")),
            ("1,25", None, Some("1.25")),
            ("0,250", None, Some("0.250")),
            ("0.250", Some("0.250"), None),
            (",250", None, Some("0.250")),
            ("1,,250", None, None),
            ("1,250,", None, None),
            ("1250,000", None, Some("1250")),
            ("1,250.5,0", None, None),
            ("1.250,000.5", None, None),
            ("1,250%", None, None),
            ("$1,250", None, None),
            ("", None, None),
            ("-", None, None),
            (",", None, None),
            ("1,250,0e1", None, None),
        ] {
            assert_eq!(formatted(text, CommaThousands).as_deref(), thousands, "{text} with commas between");
            assert_eq!(formatted(text, CommaDecimal).as_deref(), decimal, "{text} with a decimal comma");
            assert_eq!(formatted(text, Plain), number(text), "{text}");
        }
    }

    /// Digits with a sign after every third from the end.
    fn grouped(digits: &str, sign: char) -> String {
        let mut grouped = String::new();
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                grouped.push(sign);
            }
            grouped.push(digit);
        }
        grouped
    }

    /// An exact value: the sign, the digits from the first to the last that is not zero, and the power of ten of
    /// the last one.
    fn value(negative: bool, whole: &str, fraction: &str, exponent: i64) -> (bool, String, i64) {
        let digits = format!("{whole}{fraction}");
        let significant = digits.trim_end_matches('0');
        if significant.is_empty() {
            return (false, String::new(), 0);
        }
        let dropped = i64::try_from(digits.len() - significant.len()).unwrap();
        let power = exponent - i64::try_from(fraction.len()).unwrap() + dropped;
        (negative, significant.trim_start_matches('0').to_owned(), power)
    }

    /// The sign, the whole part and the fraction of `-?\d+(\.\d+)?`, or a failed test.
    fn parts(written: &str) -> (bool, &str, &str) {
        let unsigned = written.strip_prefix('-').unwrap_or(written);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        assert!(is_digits(whole), "{written}");
        assert!(is_digits(fraction) || !unsigned.contains('.'), "{written}");
        assert!(whole == "0" || !whole.starts_with('0'), "{written}");
        (unsigned != written, whole, fraction)
    }

    proptest! {
        #[test]
        fn the_value_stays_exactly_the_same(
            sign in "[-+]?",
            whole in "[0-9]{1,40}",
            fraction in prop::option::of("[0-9]{1,40}"),
            exponent in prop::option::of(-60_i64..60),
        ) {
            let mut text = format!("{sign}{whole}");
            let fraction = fraction.map_or(String::new(), |fraction| {
                text.push('.');
                text.push_str(&fraction);
                fraction
            });
            if let Some(exponent) = exponent {
                text = format!("{text}e{exponent}");
            }
            let written = number(&text).unwrap();
            let (negative, written_whole, written_fraction) = parts(&written);
            prop_assert_eq!(
                value(negative, written_whole, written_fraction, 0),
                value(sign == "-", &whole, &fraction, exponent.unwrap_or(0))
            );
            // What is written once stays as it is.
            prop_assert_eq!(number(&written), Some(written.clone()));
        }

        #[test]
        fn any_text_is_a_number_in_form_or_none(text in prop_oneof![".*", "[-+.,'eE0-9 ]{0,12}"]) {
            for format in NumberFormat::ALL {
                if let Some(written) = formatted(&text, *format) {
                    parts(&written);
                }
            }
        }

        #[test]
        fn a_grouped_number_is_the_number(
            sign in "-?",
            whole in "[1-9][0-9]{0,20}",
            fraction in prop::option::of("[0-9]{0,5}[1-9]"),
            thin: bool,
        ) {
            let fraction = fraction.as_deref();
            let decimals = fraction.map_or(String::new(), |digits| format!(".{digits}"));
            let plain = format!("{sign}{whole}{decimals}");
            for (format, group, point) in [(NumberFormat::CommaThousands, ',', '.'), (NumberFormat::CommaDecimal, '.', ',')] {
                let group = if thin { '\u{202f}' } else { group };
                let fraction = fraction.map_or(String::new(), |digits| format!("{point}{digits}"));
                let text = format!("{sign}{}{fraction}", grouped(&whole, group));
                prop_assert_eq!(formatted(&text, format), Some(plain.as_str().into()), "{}", text);
            }
        }
    }
}
