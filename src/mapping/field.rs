//! What a plan knows of one field of a stream: where its values go, or why they go nowhere. Pure.
//!
//! Not here: how that is decided ([`super::plan`]).

use std::sync::Arc;

use super::{
    path::Step,
    value::{self, Formats, ShownUnit},
};
use crate::{
    config::ValueTable,
    crm::{
        key::KeySpace,
        names::By,
        property::{Kind, Property},
    },
    text::shown,
};

/// So many records are named for each field.
const NAMED_RECORDS: usize = 5;

/// How a field found its property: the smaller, the stronger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rank {
    /// The platform that maps fields itself has chosen it.
    MatchingKey,
    Mapping,
    /// By one of the property's names.
    Named(By),
}

impl Rank {
    /// The rank in words, as logs say it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MatchingKey => "the platform's matching key",
            Self::Mapping => "field_mappings",
            Self::Named(by) => by.as_str(),
        }
    }
}

/// A top-level field of a stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Field {
    /// Where its values go, in the order of the mappings.
    pub uses: Vec<Use>,
    pub left_out: Option<LeftOut>,
    /// The catalog declares it, or a record had a value in it: it is in use, and keeps what it has.
    pub(super) in_use: bool,
    /// When it came first, and when what it has was last decided: the catalog, or the record, by its number.
    pub(super) met: u32,
    pub(super) round: u32,
    /// How many of its cells with a value went nowhere.
    pub cells_left_out: u64,
    /// How many of its cells should mark a deleted record and say neither yes nor no.
    pub unclear_marks: Marks,
    /// It has been said which values lie inside the objects that came.
    pub(super) told_nested: bool,
}

/// Cells that should mark a deleted record and say neither yes nor no.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks {
    pub count: u64,
    /// The first of their records, by their numbers within the stream, from 1.
    pub first_records: Vec<u64>,
}

impl Marks {
    pub(super) fn add(&mut self, record: u64) {
        self.count += 1;
        if self.first_records.len() < NAMED_RECORDS {
            self.first_records.push(record);
        }
    }
}

impl Field {
    /// Whether the values become the key.
    pub fn is_key(&self) -> bool {
        self.key().is_some()
    }

    /// The use by which the values become the key.
    pub fn key(&self) -> Option<&Use> {
        self.uses.iter().find(|one| one.goal.is_key())
    }

    /// Whether the values go where those of the other field go, or are left out for the same reason.
    pub(super) fn goes_as(&self, other: &Self) -> bool {
        let places = |field: &Self| -> Vec<_> {
            field.uses.iter().map(|one| (one.goal.clone(), one.path.clone(), one.rank)).collect()
        };
        self.left_out == other.left_out && places(self) == places(other)
    }

    /// The properties that the values go into.
    pub fn properties(&self) -> impl Iterator<Item = &Arc<Property>> {
        self.uses.iter().filter_map(|one| match &one.goal {
            Goal::Key(_) => None,
            Goal::Property(property) => Some(property),
        })
    }
}

/// What a value becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Goal {
    /// The key.
    Key(Arc<KeySpace>),
    Property(Arc<Property>),
}

impl Goal {
    pub fn is_key(&self) -> bool {
        matches!(self, Self::Key(_))
    }

    /// What the property takes, in words.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Key(_) => "the key",
            Self::Property(property) => property.kind.as_str(),
        }
    }

    /// The first options of the property, if it is one of those that a value has to be.
    pub fn options(&self) -> Option<String> {
        match self {
            Self::Property(property) if matches!(property.kind, Kind::Choice | Kind::Choices) => {
                Some(property.choices.named()).filter(|options| !options.is_empty())
            }
            Self::Key(_) | Self::Property(_) => None,
        }
    }

    /// The internal name of the property; the key has one too.
    pub fn property(&self) -> Arc<str> {
        match self {
            Self::Key(key_space) => Arc::clone(key_space.property()),
            Self::Property(property) => Arc::clone(&property.name),
        }
    }
}

/// One of the places that a field's values go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    pub goal: Goal,
    /// The way from the field to the value; empty: the field is the value.
    pub path: Box<[Step]>,
    /// How the field found the place.
    pub rank: Rank,
    pub values: Option<Arc<ValueTable>>,
    /// A record had a value at the path.
    pub(super) found: bool,
    /// How many values came for a property, and how many of them fitted.
    pub came: u64,
    pub fitted: u64,
    /// What the numbers of the field have turned out to count.
    pub unit: ShownUnit,
    /// What a value has to be, in words, with the field's name.
    pub expects: Arc<str>,
}

impl Use {
    /// For the values of a whole field.
    pub(super) fn of_field(field: &str, goal: Goal, rank: Rank, formats: Formats) -> Self {
        Self::new(field, goal, Box::default(), rank, formats)
    }

    pub(super) fn new(field: &str, goal: Goal, path: Box<[Step]>, rank: Rank, formats: Formats) -> Self {
        let wanted = match &goal {
            Goal::Key(key_space) => key_space.wanted_example().to_owned(),
            Goal::Property(property) => value::wanted(property, formats),
        };
        let field = Self::named(field, &path);
        let expects = format!("field `{field}`, {wanted}").into();
        Self {
            goal,
            path,
            rank,
            values: None,
            found: false,
            came: 0,
            fitted: 0,
            unit: ShownUnit::default(),
            expects,
        }
    }

    /// The same, with values that a mapping translates.
    #[must_use]
    pub(super) fn with_values(
        mut self,
        field: &str,
        values: Option<Arc<ValueTable>>,
        formats: Formats,
    ) -> Self {
        if let Some(table) = &values {
            let (field, example) = (Self::named(field, &self.path), shown(table.example()).into_owned());
            let wanted = match &self.goal {
                Goal::Key(key_space) => key_space.wanted().to_owned(),
                Goal::Property(property) => value::wanted(property, formats),
            };
            let expects = format!(
                "field `{field}`, a value that its mapping lists under `values`, such as `{example}`; what it becomes must be \
                 {wanted}"
            );
            self.expects = expects.into();
        }
        Self { values, ..self }
    }

    fn named(field: &str, path: &[Step]) -> String {
        let inside: String = path.iter().map(ToString::to_string).collect();
        shown(&format!("{field}{inside}")).into_owned()
    }

    /// Whether a mapping names the property, or the platform has chosen the field as the matching key.
    pub fn is_mapped(&self) -> bool {
        self.rank <= Rank::Mapping
    }
}

/// Why a field goes nowhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeftOut {
    /// No property has its name.
    NoProperty,
    /// Its name means one thing here and another there: one of these properties, perhaps.
    Perhaps(Vec<Arc<str>>),
    /// It holds objects or a list of them; these are the paths to the values inside.
    Nested(Vec<String>),
    /// Several properties have a name like it.
    Ambiguous,
    /// It is like the label of this property of HubSpot's own machinery, or means one of the others.
    NeedsMapping(Arc<str>, Vec<Arc<str>>),
    /// Another field goes into the property.
    Claimed(Arc<str>),
    /// A mapping sends it to the property, but another field was in use for it when this one came.
    MappedTooLate(Arc<str>),
    /// HubSpot does not let the API set the property of its name.
    ReadOnly,
    /// It marks deleted records.
    DeletionMark,
    /// A column of Airbyte's own, left out as a matter of course.
    Technical,
}

impl LeftOut {
    /// Whether a person has to say which property the field means, if any.
    pub fn is_unknown(&self) -> bool {
        match self {
            Self::NoProperty
            | Self::Perhaps(_)
            | Self::Nested(_)
            | Self::Ambiguous
            | Self::NeedsMapping(..) => true,
            Self::Claimed(_)
            | Self::MappedTooLate(_)
            | Self::ReadOnly
            | Self::DeletionMark
            | Self::Technical => false,
        }
    }

    /// Whether nobody needs to do anything about it.
    pub fn is_harmless(&self) -> bool {
        match self {
            Self::DeletionMark | Self::Technical => true,
            Self::NoProperty
            | Self::Perhaps(_)
            | Self::Nested(_)
            | Self::Ambiguous
            | Self::NeedsMapping(..)
            | Self::Claimed(_)
            | Self::MappedTooLate(_)
            | Self::ReadOnly => false,
        }
    }

    /// Why, and what to do, for log messages.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NoProperty => {
                "no contact property has this name or label; name one in `field_mappings`, or create it in HubSpot"
            }
            Self::Perhaps(_) => {
                "the name means different things in different sources; if it is one of the properties in brackets, name that \
                 one in `field_mappings`"
            }
            Self::Nested(_) => {
                "it holds objects, or a list of them; map the value inside that you want, such as those in brackets, in \
                 `field_mappings`"
            }
            Self::Ambiguous => {
                "several contact properties have a name or label like this; name one in `field_mappings`"
            }
            Self::NeedsMapping(..) => {
                "HubSpot uses the first property in brackets for itself, and only its label is like this name; if you mean that \
                 property, or one of the others, name it in `field_mappings`"
            }
            Self::Claimed(_) => "another field goes into the property in brackets",
            Self::MappedTooLate(_) => {
                "a mapping sends it to the property in brackets, but another field already went there when this one came; name the \
                 stream in the mapping, or give a catalog that declares the field"
            }
            Self::ReadOnly => "HubSpot does not let the API set the property of this name",
            Self::DeletionMark => {
                "it marks records that the source has deleted; name a property in `field_mappings` to have it instead"
            }
            Self::Technical => "a column of Airbyte's own; name a property in `field_mappings` to have it",
        }
    }

    /// What stands in brackets behind the field's name.
    pub fn detail(&self) -> Option<String> {
        match self {
            Self::Perhaps(properties) => Some(did_you_mean(properties)),
            Self::NeedsMapping(property, others) if others.is_empty() => Some(property.to_string()),
            Self::NeedsMapping(property, others) => Some(format!("{property}; {}", did_you_mean(others))),
            Self::Nested(paths) if paths.is_empty() => None,
            Self::Nested(paths) => Some(paths.join(", ")),
            Self::Claimed(property) | Self::MappedTooLate(property) => Some(property.to_string()),
            Self::NoProperty | Self::Ambiguous | Self::ReadOnly | Self::DeletionMark | Self::Technical => {
                None
            }
        }
    }
}

fn did_you_mean(properties: &[Arc<str>]) -> String {
    let names: Vec<&str> = properties.iter().map(AsRef::as_ref).collect();
    format!("did you mean the property {}?", names.join(" or "))
}
