//! How objects of a store are named: a format with placeholders, taken apart. Pure.
//!
//! Not here: what a placeholder becomes (`rejects::store::names`).

/// What a name is made of, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameFormat(Vec<Piece>);

/// A piece of a [`NameFormat`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    Literal(String),
    Placeholder(Placeholder),
}

/// What is only known when an object is made. Moments are in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placeholder {
    SyncId,
    Namespace,
    StreamName,
    /// `2026_11_18`
    Date,
    /// Milliseconds since 1970.
    Timestamp,
    Year,
    Month,
    Day,
    Hour,
    /// The number of the object within its stream and run, from 0.
    PartNumber,
    /// `.jsonl` or `.jsonl.gz`
    FormatExtension,
}

impl Placeholder {
    pub const ALL: &'static [Self] = &[
        Self::SyncId,
        Self::Namespace,
        Self::StreamName,
        Self::Date,
        Self::Timestamp,
        Self::Year,
        Self::Month,
        Self::Day,
        Self::Hour,
        Self::PartNumber,
        Self::FormatExtension,
    ];

    /// The name between the braces, as Airbyte has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SyncId => "sync_id",
            Self::Namespace => "namespace",
            Self::StreamName => "stream_name",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
            Self::Year => "year",
            Self::Month => "month",
            Self::Day => "day",
            Self::Hour => "hour",
            Self::PartNumber => "part_number",
            Self::FormatExtension => "format_extension",
        }
    }

    /// No value is longer, in bytes.
    pub fn longest(self) -> usize {
        match self {
            Self::SyncId | Self::Namespace | Self::StreamName => NameFormat::LONGEST_VALUE,
            Self::Date
            | Self::Timestamp
            | Self::Year
            | Self::Month
            | Self::Day
            | Self::Hour
            | Self::PartNumber
            | Self::FormatExtension => 20,
        }
    }
}

/// Why a format cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FormatFault {
    /// The end of a sentence.
    Form(&'static str),
    /// What stands between the braces.
    Unknown(String),
}

impl NameFormat {
    /// A name of a stream, of a namespace or of a sync is cut to this many bytes.
    pub const LONGEST_VALUE: usize = 128;

    /// Takes the format of a path apart: slashes separate folders, and empty ones count for nothing.
    pub(super) fn of_path(text: &str) -> Result<Self, FormatFault> {
        if text.split('/').any(|segment| matches!(segment, "." | "..")) {
            return Err(FormatFault::Form("must not hold the folders `.` and `..`"));
        }
        Self::parse(text)
    }

    /// Takes the format of a file's name apart.
    pub(super) fn of_file_name(text: &str) -> Result<Self, FormatFault> {
        if text.contains('/') {
            return Err(FormatFault::Form("must not hold a slash: folders belong into `path_format`"));
        }
        Self::parse(text)
    }

    fn parse(text: &str) -> Result<Self, FormatFault> {
        const UNBALANCED: FormatFault = FormatFault::Form("has a brace without its counterpart");
        if text.chars().any(char::is_control) {
            return Err(FormatFault::Form("must not hold a line break or another control character"));
        }
        let mut pieces = Vec::new();
        let literal = |text: &str| match text {
            "" => Ok(None),
            text if text.contains('}') => Err(UNBALANCED),
            text => Ok(Some(Piece::Literal(text.to_owned()))),
        };
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('{') {
            // Other destinations of Airbyte's write `${NAMESPACE}`.
            pieces.extend(literal(before.strip_suffix('$').unwrap_or(before))?);
            let (name, behind) = behind.split_once('}').ok_or(UNBALANCED)?;
            let lower = name.trim().to_ascii_lowercase();
            let placeholder = Placeholder::ALL.iter().find(|one| one.as_str() == lower);
            let placeholder = placeholder.ok_or_else(|| FormatFault::Unknown(name.to_owned()))?;
            pieces.push(Piece::Placeholder(*placeholder));
            rest = behind;
        }
        pieces.extend(literal(rest)?);
        Ok(Self(pieces))
    }

    pub fn pieces(&self) -> &[Piece] {
        &self.0
    }

    /// No name that is made of it is longer, in bytes.
    pub(super) fn longest(&self) -> usize {
        let pieces = self.0.iter().map(|piece| match piece {
            Piece::Literal(text) => text.len(),
            Piece::Placeholder(placeholder) => placeholder.longest(),
        });
        pieces.fold(0, usize::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_taken_apart() {
        let format = NameFormat::of_path("x={sync_id}/${NAMESPACE}/ {Stream_Name} /").unwrap();
        let literal = |text: &str| Piece::Literal(text.to_owned());
        assert_eq!(
            format.pieces(),
            [
                literal("x="),
                Piece::Placeholder(Placeholder::SyncId),
                literal("/"),
                Piece::Placeholder(Placeholder::Namespace),
                literal("/ "),
                Piece::Placeholder(Placeholder::StreamName),
                literal(" /"),
            ]
        );
        assert_eq!(format.longest(), 2 + 128 + 1 + 128 + 2 + 128 + 2);
        assert_eq!(NameFormat::of_file_name("").unwrap().pieces(), []);
    }

    #[test]
    fn what_is_no_format_is_refused() {
        for wrong in ["{date", "date}", "{date}}", "a\nb", "../{date}", "a/./b", ".."] {
            assert!(matches!(NameFormat::of_path(wrong), Err(FormatFault::Form(_))), "{wrong}");
        }
        assert!(matches!(NameFormat::of_file_name("a/b"), Err(FormatFault::Form(_))));
        assert_eq!(NameFormat::of_path("{table}"), Err(FormatFault::Unknown("table".to_owned())));
        assert_eq!(NameFormat::of_path("{}"), Err(FormatFault::Unknown(String::new())));
    }
}
