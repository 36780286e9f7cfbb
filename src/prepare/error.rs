//! What can stand in the way of a sync before its first record, in words for the user.
//!
//! Not here: what HubSpot refuses ([`crate::hubspot::error`]), and mappings that cannot work ([`crate::mapping::error`]).

use thiserror::Error;

use crate::{crm::schema::Stage, error::Failure, protocol::message::StreamId, text::shown};

/// What was found, asked or made shows that the sync cannot begin.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PrepareError {
    /// `streams` is not empty. `candidate` is a field of the first one that may be the address.
    #[error(
        "No field becomes the contact's e-mail address, which is the key, in {}. Name the field that holds it in \
         `field_mappings`, such as {{\"stream\": \"{}\", \"field\": \"{}\", \"property\": \"email\"}}, or deselect the stream in \
         the connection.",
        streams.iter().map(KeylessStream::describe).collect::<Vec<_>>().join("; "),
        streams.first().map(|one| one.stream.shown()).unwrap_or_default(),
        candidate.as_deref().map_or("…".into(), shown)
    )]
    NoKey { streams: Vec<KeylessStream>, candidate: Option<String> },

    #[error(
        "The setting `lifecycle_stage` is the label of several lifecycle stages of this HubSpot account. Use the internal value \
         of the one that you mean: {}.",
        listed(stages)
    )]
    StageOfSeveral { stages: Vec<Stage> },

    #[error(
        "The setting `lifecycle_stage` is no lifecycle stage of this HubSpot account. HubSpot shows none of them to this token; \
         leave the setting empty, or use another key."
    )]
    NoStages,

    /// `stages` are all that there are.
    #[error(
        "The setting `lifecycle_stage` is no lifecycle stage of this HubSpot account. Use the internal value or the label of one \
         of these: {}.",
        listed(stages)
    )]
    NoSuchStage { stages: Vec<Stage> },

    /// The names of properties with HubSpot's category of the error.
    #[error(
        "HubSpot created none of the properties that `unknown_fields: create` asks for: {}. Create what you need in HubSpot (an \
         account can have 1,000 properties of its own), or set `unknown_fields` to `ignore`.",
        refused.iter().map(|(name, category)| format!("{name} ({category})")).collect::<Vec<_>>().join(", ")
    )]
    NoneCreated { refused: Vec<(String, String)> },

    /// `refusal` says which call lacks which scope; `stream` is the one of the entry that has the setting.
    #[error("{refusal} The setting `{setting}`{} needs it.", of_stream(stream.as_deref()))]
    MissingScope { refusal: String, setting: &'static str, stream: Option<String> },

    #[error(
        "HubSpot created contact properties and does not list them yet: {}. Run the sync again.",
        properties.join(", ")
    )]
    NotListedYet { properties: Vec<String> },
}

fn of_stream(stream: Option<&str>) -> String {
    stream.map(|stream| format!(" of the stream `{}`", shown(stream))).unwrap_or_default()
}

/// A stream that declares its fields, none of which becomes the address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeylessStream {
    pub stream: StreamId,
    pub looked_for: LookedFor,
    /// The first fields that it declares.
    pub fields: Vec<String>,
    /// How many more it declares.
    pub more_fields: usize,
}

/// Which field should have been the address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LookedFor {
    /// One with a name of the address. The names of these fields speak of one.
    UsualName { perhaps: Vec<String> },
    /// The one that a mapping names. The stream does not have it; `nearest` is the nearest name that it has.
    Mapped { field: String, nearest: Option<String> },
}

impl KeylessStream {
    /// What was looked for, and what there is.
    fn describe(&self) -> String {
        let looked_for = match &self.looked_for {
            LookedFor::UsualName { perhaps } => {
                let perhaps: Vec<String> = perhaps.iter().map(|name| format!("`{}`", shown(name))).collect();
                let perhaps = match perhaps.as_slice() {
                    [] => String::new(),
                    names => format!("; perhaps {} holds it", names.join(" or ")),
                };
                format!("no field is called like `email` or `Email Address`{perhaps}")
            }
            LookedFor::Mapped { field, nearest } => {
                let nearest = nearest
                    .as_ref()
                    .map(|name| format!("; did you mean `{}`?", shown(name)))
                    .unwrap_or_default();
                format!(
                    "its address is mapped to the field `{}`, which it does not have{nearest}",
                    shown(field)
                )
            }
        };
        let fields: Vec<_> = self.fields.iter().map(|name| shown(name)).collect();
        let more = match self.more_fields {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("`{}`: {looked_for} (its fields: {}{more})", self.stream.shown(), fields.join(", "))
    }
}

fn listed(stages: &[Stage]) -> String {
    let stages: Vec<String> =
        stages.iter().map(|stage| format!("`{}` ({})", shown(&stage.value), shown(&stage.label))).collect();
    stages.join(", ")
}

impl From<PrepareError> for Failure {
    fn from(error: PrepareError) -> Self {
        let message = error.to_string();
        match error {
            PrepareError::NoKey { streams, .. } => match streams.as_slice() {
                [one] => Self::config(message).of_stream(one.stream.name(), one.stream.namespace()),
                [] | [_, _, ..] => Self::config(message),
            },
            PrepareError::StageOfSeveral { .. }
            | PrepareError::NoStages
            | PrepareError::NoSuchStage { .. }
            | PrepareError::MissingScope { .. }
            | PrepareError::NoneCreated { .. } => Self::config(message),
            PrepareError::NotListedYet { .. } => Self::transient(message),
        }
    }
}
