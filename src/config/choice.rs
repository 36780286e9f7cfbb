//! Settings that are one of a few names. Not here: what a choice means for a record, which the user of the type decides.

/// A setting that is one of a few names. The types themselves have the same by `ALL` and `as_str`.
pub trait Choice: Copy + Default + 'static {
    /// All choices, the default first.
    fn all() -> &'static [Self];

    /// The name in the configuration.
    fn name(self) -> &'static str;
}

/// Declares a [`Choice`]: the first variant is the default.
macro_rules! choice {
    ($(#[$about:meta])* $name:ident {
        $(#[$first_about:meta])* $first:ident = $first_text:literal,
        $($(#[$other_about:meta])* $other:ident = $other_text:literal,)*
    }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub enum $name {
            $(#[$first_about])*
            #[default]
            $first,
            $($(#[$other_about])* $other,)*
        }

        impl $name {
            /// All choices, the default first.
            pub const ALL: &'static [Self] = &[Self::$first, $(Self::$other,)*];

            /// The name in the configuration.
            pub fn as_str(self) -> &'static str {
                match self {
                    Self::$first => $first_text,
                    $(Self::$other => $other_text,)*
                }
            }
        }

        impl Choice for $name {
            fn all() -> &'static [Self] {
                Self::ALL
            }

            fn name(self) -> &'static str {
                self.as_str()
            }
        }
    };
}

choice! {
    /// What happens to a field that no property fits.
    UnknownFields {
        /// It is left out, with a warning.
        Ignore = "ignore",
        /// The property is created, if the catalog declares the field.
        Create = "create",
        /// The sync ends before it writes anything of it.
        Fail = "fail",
    }
}

choice! {
    /// What a null, an empty or blank text or an empty list does to the property of its field.
    NullValues {
        /// Nothing: HubSpot keeps what it has.
        Ignore = "ignore",
        /// The property is emptied, the lifecycle stage excepted.
        Clear = "clear",
    }
}

choice! {
    /// What happens to a record with a value that does not fit, or that HubSpot does not accept.
    InvalidValues {
        /// The value is left out, so that HubSpot keeps what it has, and the rest of the record is written.
        DropValue = "drop_value",
        /// Nothing of the record is written.
        RejectRecord = "reject_record",
    }
}

choice! {
    /// What happens to a record that its source marks as deleted, in every stream that says nothing else.
    DeletedRecords {
        /// It is not written, and counted.
        Skip = "skip",
        /// It is written like any other.
        Write = "write",
    }
}

choice! {
    /// What happens to a record that its source marks as deleted, in one stream. Only a stream that is named can archive.
    DeletedRecordsOfStream {
        /// It is not written, and counted.
        Skip = "skip",
        /// It is written like any other.
        Write = "write",
        /// HubSpot's record of its key is archived.
        Archive = "archive",
    }
}

impl From<DeletedRecords> for DeletedRecordsOfStream {
    fn from(of_all: DeletedRecords) -> Self {
        match of_all {
            DeletedRecords::Skip => Self::Skip,
            DeletedRecords::Write => Self::Write,
        }
    }
}

choice! {
    /// What a stream may do to the records of HubSpot.
    Mode {
        /// What is there is updated, what is not is created.
        Upsert = "upsert",
        /// Nothing is created.
        UpdateOnly = "update_only",
        /// Nothing that is there is changed.
        CreateOnly = "create_only",
        /// What is there is archived; nothing is written.
        Archive = "archive",
    }
}

choice! {
    /// When the values of the source may go into a property.
    Policy {
        /// Always.
        Overwrite = "overwrite",
        /// Where HubSpot has no value.
        FillEmpty = "fill_empty",
        /// In a record that the sync creates.
        OnlyOnCreate = "only_on_create",
    }
}

choice! {
    /// How a date of numbers is read whose year is not first. Year first and month names are read alike under each.
    DateFormat {
        /// Only `2024-05-13` and its like.
        Iso = "iso",
        /// `13/5/2024`
        DayFirst = "day_first",
        /// `5/13/2024`
        MonthFirst = "month_first",
    }
}

choice! {
    /// Which signs a number in a text may hold beside its digits.
    NumberFormat {
        /// A decimal point, nothing else.
        Plain = "plain",
        /// `1,250.75`
        CommaThousands = "comma_thousands",
        /// `1.250,75`
        CommaDecimal = "comma_decimal",
    }
}

choice! {
    /// Where rejected rows are kept, by Airbyte's names.
    StorageType {
        /// Nowhere.
        Nowhere = "None",
        /// In a bucket of an object store that speaks S3.
        S3 = "S3",
    }
}

choice! {
    /// How objects are compressed, by Airbyte's names.
    Compression {
        /// Not at all.
        Plain = "No Compression",
        Gzip = "GZIP",
    }
}

choice! {
    /// The version of HubSpot's API. The paths that belong to it are the `hubspot` module's.
    ApiVersion {
        /// Released in September 2026, supported for 18 months; enforces the account's rules on required properties.
        ///
        /// Source: <https://developers.hubspot.com/docs/developer-tooling/platform/versioning>.
        Date202609 = "2026-09",
        /// Supported by HubSpot until September 2027; does not enforce those rules.
        V3 = "v3",
    }
}
