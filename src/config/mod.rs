//! The configuration and the environment: from text to types that need no further check.
//!
//! Pure: no files, no network, no clock. Not here: the meaning of a setting for a sync, and what only HubSpot
//! can tell.

mod choice;
pub mod environment;
mod error;
mod field_mapping;
mod form;
pub mod name_format;
mod object_storage;
mod policies;
mod raw;
mod reading;
mod settings;
mod share;
mod store_endpoint;
mod stream_name;
mod stream_settings;
mod token;
mod unknown;
mod value_table;

#[cfg(test)]
mod object_storage_tests;
#[cfg(test)]
mod spec_form_tests;
#[cfg(test)]
mod spec_tests;
#[cfg(test)]
mod stream_tests;
#[cfg(test)]
mod tests;

pub use self::choice::{
    ApiVersion, Choice, Compression, DateFormat, DeletedRecords, DeletedRecordsOfStream, InvalidValues, Mode,
    NullValues, NumberFormat, Policy, StorageType, UnknownFields,
};
pub use self::environment::{BaseUrl, DelayScale, Environment};
pub use self::error::{ConfigError, List, SettingPath};
pub use self::field_mapping::FieldMapping;
pub use self::object_storage::{StoreConfig, StoreKey};
pub use self::policies::{Policies, PolicyEntry};
pub use self::settings::{Config, Parsed};
pub use self::share::{FailIfRejected, Share};
pub use self::store_endpoint::{StoreEndpoint, is_private};
pub use self::stream_name::names_stream;
pub use self::stream_settings::{StreamEntry, StreamSettings};
pub use self::token::AccessToken;
pub use self::value_table::ValueTable;
