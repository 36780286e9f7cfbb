//! What an object is called: its folder and name, made of the formats of the settings. Pure.
//!
//! Not here: what a format may hold ([`crate::config::name_format`]).

use std::{fmt::Write as _, time::Duration};

use jiff::{Timestamp, civil::DateTime, tz::Offset};

use crate::{
    config::{
        Compression, StoreConfig,
        name_format::{NameFormat, Piece, Placeholder},
    },
    text::{NO_NAME, path_part},
};

/// What stands for a namespace, where a stream has none.
const NO_NAMESPACE: &str = "no-namespace";
/// What the folder of a sync begins with, where the catalog numbers no syncs.
const RUN: &str = "run-";

/// The stream that an object is of, as the catalog has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamOfObject {
    pub name: String,
    pub namespace: Option<String>,
    pub sync_id: Option<i64>,
}

/// How the objects of a run are named.
#[derive(Debug, Clone)]
pub struct ObjectNames {
    bucket_path: String,
    path_format: NameFormat,
    file_name_format: NameFormat,
    extension: &'static str,
    /// Since 1970.
    run_began: Duration,
}

/// What tells an object from all others of its stream.
#[derive(Debug, Clone, Copy)]
pub struct ObjectId {
    pub part_number: u64,
    /// Since 1970.
    pub made_at: Duration,
    /// By chance, so that no other object of any run has the name.
    pub unique: u64,
}

impl ObjectNames {
    /// `run_began` counts from 1970.
    pub fn new(config: &StoreConfig, run_began: Duration) -> Self {
        let extension = match config.compression {
            Compression::Plain => ".jsonl",
            Compression::Gzip => ".jsonl.gz",
        };
        Self {
            bucket_path: config.bucket_path.clone(),
            path_format: config.path_format.clone(),
            file_name_format: config.file_name_format.clone(),
            extension,
            run_began,
        }
    }

    /// The key of an object: folders that are never empty, `.` or `..`, and a name that ends with the object's id, before the
    /// extension where the format has one at its end.
    pub fn key(&self, stream: &StreamOfObject, object: ObjectId) -> String {
        let mut segments: Vec<String> = vec![self.bucket_path.clone()];
        let folders = self.render(self.path_format.pieces(), stream, object);
        segments.extend(folders.split('/').map(str::to_owned));
        segments.retain(|segment| !segment.is_empty());
        let (pieces, extension) = match self.file_name_format.pieces() {
            [pieces @ .., Piece::Placeholder(Placeholder::FormatExtension)] => (pieces, self.extension),
            pieces => (pieces, ""),
        };
        let mut name = self.render(pieces, stream, object);
        // Writing to a text cannot fail.
        write!(name, "-{:016x}{extension}", object.unique).ok();
        segments.push(name);
        segments.join("/")
    }

    /// The key of an object that only tries whether the store takes one.
    pub fn probe(&self, unique: u64) -> String {
        let folder = if self.bucket_path.is_empty() { "" } else { "/" };
        format!("{}{folder}_check-{unique:016x}", self.bucket_path)
    }

    fn render(&self, pieces: &[Piece], stream: &StreamOfObject, object: ObjectId) -> String {
        let made_at = utc(object.made_at);
        let mut text = String::new();
        for piece in pieces {
            match piece {
                Piece::Literal(literal) => text.push_str(literal),
                Piece::Placeholder(Placeholder::SyncId) => text.push_str(&self.sync_id(stream)),
                Piece::Placeholder(Placeholder::Namespace) => {
                    text.push_str(&segment(stream.namespace.as_deref().unwrap_or_default(), NO_NAMESPACE));
                }
                Piece::Placeholder(Placeholder::StreamName) => text.push_str(&segment(&stream.name, NO_NAME)),
                Piece::Placeholder(Placeholder::Date) => {
                    text.push_str(&made_at.strftime("%Y_%m_%d").to_string());
                }
                Piece::Placeholder(Placeholder::Timestamp) => {
                    text.push_str(&object.made_at.as_millis().to_string());
                }
                Piece::Placeholder(Placeholder::Year) => text.push_str(&made_at.strftime("%Y").to_string()),
                Piece::Placeholder(Placeholder::Month) => text.push_str(&made_at.strftime("%m").to_string()),
                Piece::Placeholder(Placeholder::Day) => text.push_str(&made_at.strftime("%d").to_string()),
                Piece::Placeholder(Placeholder::Hour) => text.push_str(&made_at.strftime("%H").to_string()),
                Piece::Placeholder(Placeholder::PartNumber) => text.push_str(&object.part_number.to_string()),
                Piece::Placeholder(Placeholder::FormatExtension) => text.push_str(self.extension),
            }
        }
        text
    }

    fn sync_id(&self, stream: &StreamOfObject) -> String {
        let of_run = || format!("{RUN}{}", utc(self.run_began).strftime("%Y%m%dT%H%M%SZ"));
        stream.sync_id.map_or_else(of_run, |id| id.to_string())
    }
}

/// A moment that counts from 1970, in UTC.
fn utc(moment: Duration) -> DateTime {
    let milliseconds = i64::try_from(moment.as_millis()).unwrap_or(i64::MAX);
    let timestamp = Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::MAX);
    Offset::UTC.to_datetime(timestamp)
}

/// A name that is not ours as one folder, or a part of one.
fn segment(name: &str, absent: &str) -> String {
    if name.is_empty() { absent.to_owned() } else { path_part(name, NameFormat::LONGEST_VALUE) }
}

#[cfg(test)]
mod tests;
