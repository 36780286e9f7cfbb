//! Number texts in the one form that HubSpot's `number` properties take. It never calculates with them.

/// The longest result; an exponent could otherwise ask for any number of zeros.
const MAX_CHARACTERS: usize = 400;

/// The text of a JSON number, or a text that holds a number, as HubSpot takes it; `None` for anything else.
///
/// The result has an optional `-`, digits and at most one `.`, and exactly the value of `text`: exponents are
/// written out, nothing is rounded.
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

fn is_digits(text: &str) -> bool {
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
            ("-0.00", "0.00"),
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
            ("1.50e1", "15.0"),
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
            ("-0.0e-99999999999999999999", "0.0"),
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
        fn any_text_is_a_number_in_form_or_none(text in prop_oneof![".*", "[-+.eE0-9 ]{0,12}"]) {
            if let Some(written) = number(&text) {
                parts(&written);
            }
        }
    }
}
