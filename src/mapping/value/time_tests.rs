//! Tables and properties of days and moments, in texts and in numbers.

use jiff::civil::Date;
use jiff::{Timestamp, ZonedDateTime, tz::Offset};
use proptest::prelude::*;

use super::{
    reading::{
        EpochUnit::{self, Milliseconds, Seconds},
        ShownUnit,
    },
    time,
};
use crate::{
    config::DateFormat::{self, DayFirst, Iso, MonthFirst},
    mapping::reason::Code,
};

fn date(text: &str) -> Result<String, Code> {
    time::date(text, Iso, &mut ShownUnit::default()).map(Into::into)
}

fn datetime(text: &str) -> Result<String, Code> {
    time::datetime(text, Iso, &mut ShownUnit::default()).map(Into::into)
}

fn in_order(text: &str, order: DateFormat) -> Option<String> {
    time::datetime(text, order, &mut ShownUnit::default()).ok().map(Into::into)
}

/// Each text with the moment that it is under every setting, and its day.
#[track_caller]
fn table(cases: &[(&str, &str, &str)]) {
    for (text, moment, day) in cases {
        for order in [Iso, DayFirst, MonthFirst] {
            assert_eq!(in_order(text, order).as_deref(), Some(*moment), "{text} {order:?}");
            let date = time::date(text, order, &mut ShownUnit::default()).ok();
            assert_eq!(date.as_deref(), Some(*day), "{text} {order:?}");
        }
    }
}

#[test]
fn timestamps_become_utc_and_their_own_day() {
    table(&[
        ("2024-05-01T12:30:45Z", "2024-05-01T12:30:45.000Z", "2024-05-01"),
        ("2024-05-01t12:30:45.1z", "2024-05-01T12:30:45.100Z", "2024-05-01"),
        ("2024-05-01 12:30:45.123456+02:00", "2024-05-01T10:30:45.123Z", "2024-05-01"),
        ("2024-05-01T12:30:45.9999999999999-0330", "2024-05-01T16:00:45.999Z", "2024-05-01"),
        ("2024-05-01T23:30:00-05:00", "2024-05-02T04:30:00.000Z", "2024-05-01"),
        ("2024-05-01 00:30+02", "2024-04-30T22:30:00.000Z", "2024-05-01"),
        ("2024-05-01T12:30:45", "2024-05-01T12:30:45.000Z", "2024-05-01"),
        ("2024-05-01 12:30", "2024-05-01T12:30:00.000Z", "2024-05-01"),
        ("2024-05-01 12:30:45 UTC", "2024-05-01T12:30:45.000Z", "2024-05-01"),
        ("2024-05-01 12:30:45 GMT", "2024-05-01T12:30:45.000Z", "2024-05-01"),
        ("2024-05-01 12:30:45.5 +0000 UTC", "2024-05-01T12:30:45.500Z", "2024-05-01"),
        ("2024-05-01 12:30:45 -00:00", "2024-05-01T12:30:45.000Z", "2024-05-01"),
        ("2024-05-01T12:30+02:00[Europe/Paris]", "2024-05-01T10:30:00.000Z", "2024-05-01"),
        ("2024-05-01T12:30Z[Etc/UTC][u-ca=gregory]", "2024-05-01T12:30:00.000Z", "2024-05-01"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.000Z", "2016-12-31"),
        (" 2024-02-29\n", "2024-02-29T00:00:00.000Z", "2024-02-29"),
        ("\u{feff}2024-02-29\u{200b}", "2024-02-29T00:00:00.000Z", "2024-02-29"),
        ("1000-01-01", "1000-01-01T00:00:00.000Z", "1000-01-01"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999Z", "9999-12-31"),
    ]);
}

#[test]
fn days_with_the_year_first_or_the_name_of_the_month_need_no_setting() {
    for text in [
        "2024-05-13",
        "2024/05/13",
        "2024.05.13",
        "2024-5-13",
        "2024/5/13",
        "13 May 2024",
        "13-May-2024",
        "13-MAY-2024",
        "13/May/2024",
        "13. May 2024",
        "13May2024",
        "13th May 2024",
        "May 13, 2024",
        "May 13 2024",
        "may 13th, 2024",
        "Monday, 13 May 2024",
        "Monday, May 13, 2024",
        "Mon 13 May 2024",
        "Mon, 13 May 2024",
        "2024-May-13",
        "2024 May 13",
    ] {
        table(&[(text, "2024-05-13T00:00:00.000Z", "2024-05-13")]);
    }
    table(&[
        ("Mon, 13 May 2024 10:00:00 +0200", "2024-05-13T08:00:00.000Z", "2024-05-13"),
        ("Fri, 3 May 2024 10:00:00 GMT", "2024-05-03T10:00:00.000Z", "2024-05-03"),
        (
            "Mon May 13 2024 10:00:00 GMT+0200 (Central European Summer Time)",
            "2024-05-13T08:00:00.000Z",
            "2024-05-13",
        ),
        ("May 13, 2024 at 10:00 PM", "2024-05-13T22:00:00.000Z", "2024-05-13"),
        ("13 Sept 2024", "2024-09-13T00:00:00.000Z", "2024-09-13"),
        ("Feb. 3, 2024", "2024-02-03T00:00:00.000Z", "2024-02-03"),
        ("2024/05/13 10:00", "2024-05-13T10:00:00.000Z", "2024-05-13"),
    ]);
}

#[test]
fn times_of_twelve_hours_are_read_in_every_form() {
    for (text, time) in [
        ("12:30:45 AM", "00:30:45"),
        ("12:30 pm", "12:30:00"),
        ("1:05 AM", "01:05:00"),
        ("01:05:06PM", "13:05:06"),
        ("11:59 p.m.", "23:59:00"),
        ("10 AM", "10:00:00"),
        ("10:00:00\u{202f}AM", "10:00:00"),
    ] {
        let moment = format!("2024-05-13T{time}.000Z");
        for day in ["2024-05-13", "2024/5/13", "13 May 2024", "May 13, 2024,"] {
            assert_eq!(in_order(&format!("{day} {text}"), Iso).as_ref(), Some(&moment), "{day} {text}");
        }
        assert_eq!(in_order(&format!("5/13/2024, {text}"), MonthFirst), Some(moment), "{text}");
    }
    for text in ["13:00 PM", "0:30 AM", "10", "10:00 XM", "10:00 AM PM", "10:60 AM"] {
        assert_eq!(in_order(&format!("2024-05-13 {text}"), Iso), None, "{text}");
    }
}

#[test]
fn a_setting_says_which_of_two_numbers_is_the_day() {
    for (text, day_first, month_first) in [
        ("13/5/2024", Some("2024-05-13"), None),
        ("5/13/2024", None, Some("2024-05-13")),
        ("3/4/2024", Some("2024-04-03"), Some("2024-03-04")),
        ("03.04.2024", Some("2024-04-03"), Some("2024-03-04")),
        ("03-04-2024", Some("2024-04-03"), Some("2024-03-04")),
        ("3. 4. 2024", Some("2024-04-03"), Some("2024-03-04")),
        ("3/4/68", Some("2068-04-03"), Some("2068-03-04")),
        ("3/4/69", Some("1969-04-03"), Some("1969-03-04")),
        ("13-May-24", Some("2024-05-13"), Some("2024-05-13")),
        ("3/4/2024 10:30 PM", Some("2024-04-03"), Some("2024-03-04")),
        ("29/2/2024", Some("2024-02-29"), None),
        ("31/4/2024", None, None),
        ("3/4-2024", None, None),
        ("3 4 2024", None, None),
        ("3/4/124", None, None),
        ("3/4", None, None),
        ("0/4/2024", None, None),
        ("003/4/2024", None, None),
    ] {
        let day = |order| time::date(text, order, &mut ShownUnit::default()).ok();
        assert_eq!(day(DayFirst).as_deref(), day_first, "{text}");
        assert_eq!(day(MonthFirst).as_deref(), month_first, "{text}");
        assert_eq!(day(Iso), None, "{text}");
    }
    assert_eq!(in_order("13.5.2024 10:30", DayFirst).as_deref(), Some("2024-05-13T10:30:00.000Z"));
}

#[test]
fn days_of_a_spreadsheet_are_read_where_an_order_is_set() {
    for (text, moment) in [
        ("45413", "2024-05-01T00:00:00.000Z"),
        ("45413.0", "2024-05-01T00:00:00.000Z"),
        ("45413.5", "2024-05-01T12:00:00.000Z"),
        ("45413.354166666664", "2024-05-01T08:30:00.000Z"),
        ("10000", "1927-05-18T00:00:00.000Z"),
        ("73050", "2099-12-31T00:00:00.000Z"),
    ] {
        for order in [DayFirst, MonthFirst] {
            assert_eq!(in_order(text, order).as_deref(), Some(moment), "{text}");
        }
        assert_eq!(in_order(text, Iso), None, "{text}");
    }
    for text in ["9999", "73051", "-45413"] {
        assert_eq!(in_order(text, DayFirst), None, "{text}");
    }
}

/// Numbers that are one moment whatever the column, with the unit that they show.
const CLEAR: &[(&str, &str, Option<EpochUnit>)] = &[
    ("0", "1970-01-01T00:00:00.000Z", None),
    ("978307200", "2001-01-01T00:00:00.000Z", Some(Seconds)),
    ("1714521600", "2024-05-01T00:00:00.000Z", Some(Seconds)),
    (" 1714521600.1239 ", "2024-05-01T00:00:00.123Z", Some(Seconds)),
    ("4133980799", "2100-12-31T23:59:59.000Z", Some(Seconds)),
    ("1714521600123", "2024-05-01T00:00:00.123Z", Some(Milliseconds)),
    ("1714521600123.9", "2024-05-01T00:00:00.123Z", Some(Milliseconds)),
    ("10000000000", "1970-04-26T17:46:40.000Z", None),
    ("31536000000", "1971-01-01T00:00:00.000Z", None),
    ("-10000000000", "1969-09-07T06:13:20.000Z", None),
    ("-315619200000", "1960-01-01T00:00:00.000Z", None),
    ("7258118400000", "2200-01-01T00:00:00.000Z", None),
    ("978307200000", "2001-01-01T00:00:00.000Z", Some(Milliseconds)),
    ("4133980799999", "2100-12-31T23:59:59.999Z", Some(Milliseconds)),
    ("4133980800000", "2101-01-01T00:00:00.000Z", None),
    // No hour of a day that there is, though the first digits may be one.
    ("1899999999", "2030-03-17T17:46:39.000Z", Some(Seconds)),
    ("1990013212", "2033-01-22T13:26:52.000Z", Some(Seconds)),
    ("1990010124", "2033-01-22T12:35:24.000Z", Some(Seconds)),
    ("253402300799000", "9999-12-31T23:59:59.000Z", None),
    ("19000101", "1900-01-01T00:00:00.000Z", None),
    ("20240501", "2024-05-01T00:00:00.000Z", None),
    ("20240501.0", "2024-05-01T00:00:00.000Z", None),
    ("21001231", "2100-12-31T00:00:00.000Z", None),
];

#[test]
fn numbers_that_make_sense_once_are_that_moment_and_show_the_unit() {
    for (text, moment, shown) in CLEAR {
        let mut unit = ShownUnit::default();
        assert_eq!(time::datetime(text, Iso, &mut unit).as_deref(), Ok(*moment), "{text}");
        assert_eq!(unit, shown.map_or(ShownUnit::Nothing, ShownUnit::Of), "{text}");
        assert_eq!(date(text).as_deref().ok(), moment.split('T').next(), "{text}");
    }
}

#[test]
fn numbers_that_make_sense_twice_wait_for_the_unit() {
    for (text, seconds, milliseconds) in [
        ("1000000", "1970-01-12T13:46:40.000Z", "1970-01-01T00:16:40.000Z"),
        ("500000000", "1985-11-05T00:53:20.000Z", "1970-01-06T18:53:20.000Z"),
        ("978307199", "2000-12-31T23:59:59.000Z", "1970-01-12T07:45:07.199Z"),
        ("4133980800", "2101-01-01T00:00:00.000Z", "1970-02-17T20:19:40.800Z"),
        ("5097600000", "2131-07-16T00:00:00.000Z", "1970-03-01T00:00:00.000Z"),
        ("-86400000", "1967-04-07T00:00:00.000Z", "1969-12-31T00:00:00.000Z"),
        ("20240501.5", "1970-08-23T06:21:41.500Z", "1970-01-01T05:37:20.501Z"),
        ("253402300799", "9999-12-31T23:59:59.000Z", "1978-01-11T21:31:40.799Z"),
    ] {
        let with = |shown: ShownUnit| {
            let mut unit = shown;
            let read = time::datetime(text, Iso, &mut unit);
            assert_eq!(unit, shown, "{text} shows nothing");
            read
        };
        assert_eq!(with(ShownUnit::Both), Err(Code::UnclearTime), "{text}");
        assert_eq!(with(ShownUnit::Nothing), Err(Code::UnclearTime), "{text}");
        assert_eq!(with(ShownUnit::Of(Seconds)).as_deref(), Ok(seconds), "{text}");
        assert_eq!(with(ShownUnit::Of(Milliseconds)).as_deref(), Ok(milliseconds), "{text}");
    }
}

/// The days of a column, one after the other; empty: it is unclear which.
fn column(texts: &[&str]) -> Vec<String> {
    let mut unit = ShownUnit::default();
    let mut days = Vec::new();
    for text in texts {
        let day = time::date(text, Iso, &mut unit);
        assert!(matches!(day, Ok(_) | Err(Code::UnclearTime)), "{text} {day:?}");
        days.push(day.map_or_else(|_| String::new(), Into::into));
    }
    days
}

#[test]
fn one_odd_number_changes_nothing_for_the_others() {
    let [seconds, milliseconds] = ["1700000000", "1700000000000"];
    let day = "2023-11-14";
    for (texts, days) in [
        (&[seconds, "500000000", "9999999999", "500000000"][..], &[day, "1985-11-05", "", "1985-11-05"][..]),
        (&[seconds, "-315619200000", "500000000"], &[day, "", "1985-11-05"]),
        (&[seconds, "7258118400000", "500000000"], &[day, "", "1985-11-05"]),
        (&["9999999999", seconds, "500000000"], &["", day, "1985-11-05"]),
        (&["-315619200000", "500000000", seconds, "500000000"], &["1960-01-01", "", day, "1985-11-05"]),
        (&[milliseconds, "9999999999", "500000000"], &[day, "1970-04-26", "1970-01-06"]),
        // Before 1900 in seconds, 1969 in milliseconds.
        (&[seconds, "-2300000000", "-2200000000"], &[day, "", "1900-04-15"]),
        // Surely both: each that is certain is read, and no other ever again.
        (&[milliseconds, seconds, "500000000", milliseconds], &[day, day, "", day]),
        (&[seconds, milliseconds, "500000000", seconds, "500000000"], &[day, day, "", day, ""]),
        (&[seconds, milliseconds, "-315619200000", "0"], &[day, day, "", "1970-01-01"]),
    ] {
        assert_eq!(column(texts), days, "{texts:?}");
    }
}

#[test]
fn a_day_and_a_time_written_together_are_no_count() {
    for (text, code) in [
        ("2024051310", Code::UnclearTime),
        ("1990010100", Code::UnclearTime),
        ("2100123123", Code::UnclearTime),
        ("2024051310.0", Code::UnclearTime),
        ("202405131030", Code::InvalidValue),
        ("190001010000", Code::InvalidValue),
        ("20240513103059", Code::InvalidValue),
    ] {
        let mut unit = ShownUnit::default();
        assert_eq!(time::date(text, Iso, &mut unit), Err(code), "{text}");
        assert_eq!(unit, ShownUnit::Nothing, "{text}");
    }
    // In a column that has shown its unit by others it is a number like them.
    assert_eq!(column(&["1700000000", "2024051310"]), ["2023-11-14", "2034-02-20"]);
    assert_eq!(column(&["1700000000000", "202405131030"]), ["2023-11-14", "1976-05-31"]);
    assert_eq!(time::date("202405131030", Iso, &mut ShownUnit::Of(Seconds)), Err(Code::InvalidValue));
    // An hour or a minute that there is not.
    assert_eq!(date("202405132430").as_deref(), Ok("1976-05-31"));
    assert_eq!(date("202405131060").as_deref(), Ok("1976-05-31"));
}

#[test]
fn what_is_no_moment_is_refused() {
    let refused = [
        "|-|.|.5|5.|0.5|+5|--5|1.5.5|1e9|1.7145216e9|NaN|null|true|now|1,714,521,600|１７１４５２１６００",
        "9999999999999|-3786912000000|2024|45413|19844|-1|999999|20240501123045|999999999999999|-99999999999999|99999999999999999999999",
        "20240230|20230229|20241301|31122024|18991231|21010101|99991231|00000000|20240230.0",
        "2024-02-30|2023-02-29|2024-13-01|2024-00-10|0000-01-01|0000-00-00 00:00:00|10000-01-01|-001-01-01",
        "0001-01-01|0999-12-31|1 January 0001|0001-01-01T00:00:00Z",
        "24-05-01|2024-05|2024 05 13|01.05.2024|05/01/2024|2024-W18-3|2024-122|20240501T123045Z|2024-05/01",
        "2024-05-01Z|2024-05-01T|2024-05-01T12|2024-05-01T1230|2024-05-01T12:3|2024-05-01T12:30:",
        "2024-05-01T12:30.5|2024-05-01T12:30:45.|2024-05-01T12:30:45,5Z|2024-05-01T12:30:45.5.5",
        "2024-05-01T24:00:00Z|2024-05-01T12:60Z|2024-05-01T12:30:61Z|2024-05-01_12:30|2024-05-01,12:30",
        "2024-05-01T12:30+|2024-05-01T12:30+2|2024-05-01T12:30+02:|2024-05-01T12:30+020",
        "2024-05-01T12:30−02|2024-05-01T12:30 GMT+|2024-05-01T12:30 UTC-5",
        "2024-05-01T12:30+24|2024-05-01T12:30+02:60|2024-05-01T12:30+02:00 UTC|2024-05-01T13:30 PM",
        "2024-05-01T12:30 CEST|2024-05-01T12:30[Europe/Paris]|2024-05-01T12:30+02[Europe/Paris",
        "2024-05-01T12:30Z Z|May 2024|13 May|May|13 Mai 2024|13 Ma 2024|30 February 2024|13 May 24",
        "Tuesday, 13 May 2024|13 May 2024 10|Monday|31 April 2024|0 May 2024|May 13-14, 2024|13 May 02024",
    ];
    for text in refused.iter().flat_map(|line| line.split('|')) {
        assert_eq!(datetime(text), Err(Code::InvalidValue), "{text}");
        assert_eq!(date(text), Err(Code::InvalidValue), "{text}");
    }
    for text in ["1000-01-01T00:00+01", "9999-12-31T23:30-01"] {
        assert_eq!(datetime(text), Err(Code::InvalidValue), "{text}: the year in UTC");
        assert_eq!(date(text).as_deref().ok(), text.split('T').next(), "{text}");
    }
}

fn any_order() -> impl Strategy<Value = DateFormat> {
    prop::sample::select(DateFormat::ALL)
}

fn any_day() -> impl Strategy<Value = Date> {
    (1000_i16..=9999, 1_i8..=12, 1_i8..=28)
        .prop_map(|(year, month, day)| Date::new(year, month, day).unwrap())
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(
        text in prop_oneof![
            ".*",
            "[-0-9TZz:.+ \\[\\]é]{0,30}",
            "2024-05-01[T é][0-9:.]{0,12}.{0,8}",
            "2024-0[1-9]-0[1-9]T0[0-9]:0[0-9][-+Z: 0-9\\[\\]]{0,8}",
            "[-]?[0-9.]{0,25}",
            "(Mon,? )?[0-9]{0,3}[-/. ]{0,2}(May|Jun|[0-9]{1,2})[-/., ]{0,2}[0-9]{0,5}[ T,]{0,2}[0-9:]{0,8} ?(AM|pm)?",
        ],
        order in any_order(),
    ) {
        if let Ok(moment) = time::datetime(&text, order, &mut ShownUnit::default()) {
            prop_assert_eq!(time::datetime(&moment, order, &mut ShownUnit::default()), Ok(moment.clone()));
        }
        if let Ok(day) = time::date(&text, order, &mut ShownUnit::default()) {
            prop_assert_eq!(time::date(&day, order, &mut ShownUnit::default()), Ok(day.clone()));
        }
    }

    #[test]
    fn every_day_is_read_in_both_orders(day in any_day(), sign in prop::sample::select(vec!["/", ".", "-"]), short: bool) {
        let number = if short { "%-d" } else { "%d" };
        let month = if short { "%-m" } else { "%m" };
        for (order, format) in [
            (DayFirst, format!("{number}{sign}{month}{sign}%Y")),
            (MonthFirst, format!("{month}{sign}{number}{sign}%Y")),
            (Iso, format!("%Y{sign}{month}{sign}{number}")),
            (Iso, format!("{number} %B %Y")),
            (Iso, format!("%A, %b {number}, %Y")),
        ] {
            let text = day.strftime(&format).to_string();
            prop_assert_eq!(time::date(&text, order, &mut ShownUnit::default()), Ok(day.to_string().into()), "{}", text);
        }
    }

    #[test]
    fn every_spelling_of_an_instant_is_the_same_instant(
        milliseconds in -30_600_000_000_000_i64..253_402_120_000_000,
        minutes in -1439..=1439_i32,
        between in prop::sample::select(vec!["T", "t", " "]),
        offset_format in prop::sample::select(vec!["%z", "%:z", " %:z", "%:z[Europe/Paris]", " GMT%z (Summer)"]),
    ) {
        let instant = Timestamp::from_millisecond(milliseconds).unwrap();
        let zoned = ZonedDateTime::new(instant, Offset::from_seconds(minutes * 60).unwrap().to_time_zone());
        let text = zoned.strftime(&format!("%Y-%m-%d{between}%H:%M:%S.%3f{offset_format}")).to_string();
        prop_assert_eq!(datetime(&text), Ok(format!("{instant:.3}")));
        prop_assert_eq!(date(&text), Ok(zoned.strftime("%Y-%m-%d").to_string()));
    }

    #[test]
    fn once_a_column_has_shown_its_unit_all_of_it_can_be_read(
        milliseconds in -2_100_000_000_000_i64..7_200_000_000_000,
        in_seconds: bool,
    ) {
        let factor = if in_seconds { 1000 } else { 1 };
        let number = milliseconds / factor;
        // Eight digits are a day, few are nothing, and some seconds are so certain that no column of the other unit counts.
        let is_other = !in_seconds && (978_307_200..4_133_980_800).contains(&number);
        prop_assume!(!(10_000_000..=99_999_999).contains(&number) && number.abs() >= 1_000_000 && !is_other);
        let mut unit = ShownUnit::default();
        let shows = if in_seconds { "1714521600" } else { "1714521600000" };
        prop_assert!(time::date(shows, Iso, &mut unit).is_ok());
        let instant = Timestamp::from_millisecond(number * factor).unwrap();
        let read = time::datetime(&number.to_string(), Iso, &mut unit);
        prop_assert_eq!(read, Ok(format!("{instant:.3}").into()));
    }
}
