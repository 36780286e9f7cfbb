//! Says where the fields of a stream go, and which of them go nowhere.

use tracing::{info, warn};

use crate::{
    config::UnknownFields,
    error::Failure,
    mapping::{
        plan::{LeftOut, News, Plan, Targets},
        portal::Rank,
    },
    protocol::message::StreamId,
};

/// So many fields of a stream are named in an error.
const MOST_NAMED: usize = 200;

/// Logs one row of the mapping plan.
pub fn announce(stream: &StreamId, field: &str, targets: &Targets) {
    match targets.left_out {
        Some(LeftOut::Technical) => {
            info!(%stream, field, reason = LeftOut::Technical.reason(), "field left out");
        }
        Some(why) => {
            let property = targets.claimed.as_deref();
            warn!(%stream, field, property, reason = why.reason(), "field left out");
        }
        None => {
            let names = targets.properties.iter().map(|target| &*target.property.name);
            let kinds = targets.properties.iter().map(|target| target.property.kind.as_str());
            let property =
                targets.key.then_some("email").into_iter().chain(names).collect::<Vec<_>>().join(", ");
            let value_type =
                targets.key.then_some("the key").into_iter().chain(kinds).collect::<Vec<_>>().join(", ");
            let by = targets.rank.map(Rank::as_str);
            info!(%stream, field, property, r#type = value_type, by, "field mapped");
        }
    }
}

/// Says what is new in a plan.
///
/// # Errors
///
/// If there is a field without a property, and such fields are to end the sync.
pub fn announce_news(plan: &Plan, news: &[News], policy: UnknownFields) -> Result<(), Failure> {
    let decided = news.iter().filter_map(|one| match one {
        News::Decided(index) => plan.field(*index),
        News::Full => None,
    });
    if policy == UnknownFields::Fail {
        let unknown = decided.clone().filter(|(_, targets)| targets.is_unknown()).map(|(field, _)| field);
        refuse_unknown(&[(plan.stream(), unknown.collect())])?;
    }
    decided.for_each(|(field, targets)| announce(plan.stream(), field, targets));
    if news.contains(&News::Full) {
        warn!(stream = %plan.stream(), "the stream has so many fields that further ones are left out without being named");
    }
    Ok(())
}

/// # Errors
///
/// A `config_error` that names all of these fields, if there are any.
pub fn refuse_unknown(unknown: &[(&StreamId, Vec<&str>)]) -> Result<(), Failure> {
    let named: Vec<String> = unknown
        .iter()
        .filter(|(_, fields)| !fields.is_empty())
        .map(|(stream, fields)| {
            let first: Vec<&str> = fields.iter().take(MOST_NAMED).copied().collect();
            let more = match fields.len().saturating_sub(MOST_NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!("`{stream}`: {}{more}", first.join(", "))
        })
        .collect();
    if named.is_empty() {
        return Ok(());
    }
    Err(Failure::config(format!(
        "No contact property fits these fields, and `unknown_fields` is `fail` ({}). Name a property for each in \
         `field_mappings`, create it in HubSpot, leave the field out in the connection, or set `unknown_fields` to \
         `ignore` or `create`.",
        named.join("; ")
    )))
}
