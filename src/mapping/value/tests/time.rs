//! A table of days and moments as a property takes them.

use super::*;
use crate::{config::DateFormat, mapping::reason::Code};

#[test]
fn dates_and_moments() {
    table(
        &property("date/date", &[]),
        &[
            (r#""2024-05-01""#, Some("2024-05-01")),
            (r#""2024-05-01T23:30:00-05:00""#, Some("2024-05-01")),
            (r#""2024-05-01T23:30:00""#, Some("2024-05-01")),
            (r#""13 May 2024""#, Some("2024-05-13")),
            ("1714521600", Some("2024-05-01")),
            ("1714521600000", Some("2024-05-01")),
            ("1.7145216e12", Some("2024-05-01")),
            (r#""01/05/2024""#, None),
            (r#""0001-01-01""#, None),
            (r#""soon""#, None),
            ("true", None),
        ],
    );
    table(
        &property("datetime/date", &[]),
        &[
            (r#""2024-05-01T23:30:00-05:00""#, Some("2024-05-02T04:30:00.000Z")),
            (r#""2024-05-01T23:30:00.123456Z""#, Some("2024-05-01T23:30:00.123Z")),
            (r#""2024-05-01T23:30:00""#, Some("2024-05-01T23:30:00.000Z")),
            (r#""2024-05-01""#, Some("2024-05-01T00:00:00.000Z")),
            ("1714521600", Some("2024-05-01T00:00:00.000Z")),
            ("1714521600123", Some("2024-05-01T00:00:00.123Z")),
            (r#""10:00""#, None),
        ],
    );
    let day = property("date/date", &[]);
    let mut unit = ShownUnit::default();
    assert_eq!(read(&day, "5097600000", &mut plain(&mut unit)), Err(Code::UnclearTime));
    assert_eq!(read(&day, "1714521600000", &mut plain(&mut unit)), Ok(Some("2024-05-01".to_owned())));
    assert_eq!(read(&day, "5097600000", &mut plain(&mut unit)), Ok(Some("1970-03-01".to_owned())));
    let formats = Formats { dates: DateFormat::MonthFirst, ..Formats::default() };
    for json in [r#""5/13/2024""#, "45425", "45425.0"] {
        let read = read(&day, json, &mut Reading { formats, ..plain(&mut ShownUnit::default()) });
        assert_eq!(read, Ok(Some("2024-05-13".to_owned())), "{json}");
    }
}
