//! Says where the fields of a stream go, which of them go nowhere, and at the end how many values that was.

use indexmap::{IndexMap, IndexSet};
use tracing::{info, warn};

use crate::{
    config::{FieldMapping, UnknownFields, names_stream},
    mapping::{
        error::{MappingError, UnknownOfStream},
        field::{Field, LeftOut, Rank, Use},
        plan::{News, Plan},
    },
    protocol::message::StreamId,
    text::{nearest, shown},
};

/// So many fields of a stream are named in an error or a line.
const MOST_NAMED: usize = 200;
/// Fewer, if their names are so long together: no line may be cut before the number of the others.
const MOST_NAMED_BYTES: usize = 10_000;

/// From this many values of a column on, of which none fits, the mapping is probably wrong.
const MANY_VALUES: u64 = 100;

/// What is said of a field whose mapping leads to a value that its records do not have.
const NOTHING_AT_PATH: &str = "no path of `field_mappings` leads to a value in it: it is missing or empty, or the field is a text that holds JSON, which has to be parsed in the source";
/// What is said of a spelling of the address that was not needed.
const OTHER_ADDRESS: &str = "another field of the record held the e-mail address";

/// Logs the mapping plan of a stream: a line for each field that goes somewhere, and one for each reason that others
/// do not.
pub fn announce_plan(plan: &Plan) {
    announce(plan, plan.fields());
}

/// Says what is new in a plan.
///
/// # Errors
///
/// If there is a field without a property, and such fields are to end the sync.
pub fn announce_news(plan: &Plan, news: &[News], policy: UnknownFields) -> Result<(), MappingError> {
    let decided = news.iter().filter_map(|one| match one {
        News::Decided(index) => plan.field(*index),
        News::Nested(..) | News::Full => None,
    });
    if policy == UnknownFields::Fail {
        let unknown = decided.clone().filter(|(_, field)| is_unknown(field)).map(|(name, _)| name);
        require_known_fields(&[(plan.stream(), unknown.collect())])?;
    }
    let stream = plan.stream();
    announce(plan, decided);
    for one in news {
        match one {
            News::Decided(_) => {}
            News::Nested(index, paths) => {
                let field = plan.field(*index).map(|(name, _)| shown(name).into_owned());
                let paths: Vec<_> = paths.iter().map(|path| shown(path)).collect();
                let paths = (!paths.is_empty()).then(|| named(&paths));
                warn!(
                    %stream,
                    field,
                    paths,
                    "objects or lists came in the field: they are left out, unless a mapping names the value inside"
                );
            }
            News::Full => warn!(
                %stream,
                "the stream has so many fields, or fields with so long names, that further ones are left out without being named"
            ),
        }
    }
    Ok(())
}

fn announce<'a>(plan: &Plan, fields: impl Iterator<Item = (&'a str, &'a Field)>) {
    let stream = plan.stream();
    let mut left_out: IndexMap<&'static str, (bool, Vec<String>)> = IndexMap::new();
    for (name, field) in fields {
        match &field.left_out {
            None => announce_mapped(plan, name, field),
            Some(why) => {
                let name = shown(name);
                let told = match why.detail() {
                    Some(detail) => format!("{name} ({detail})"),
                    None => name.to_string(),
                };
                left_out.entry(why.reason()).or_insert((why.is_harmless(), Vec::new())).1.push(told);
            }
        }
    }
    for (reason, (harmless, fields)) in left_out {
        let fields = named(&fields);
        if harmless {
            info!(%stream, fields, reason, "fields left out");
        } else {
            warn!(%stream, fields, reason, "fields left out");
        }
    }
}

/// A line for the field itself, and one for each path inside it.
fn announce_mapped(plan: &Plan, name: &str, field: &Field) {
    let stream = plan.stream();
    let place = |one: &Use| (one.path.iter().map(ToString::to_string).collect::<String>(), one.rank);
    let mut places: IndexSet<(String, Rank)> = field.uses.iter().map(place).collect();
    for (path, rank) in places.drain(..) {
        let here = || field.uses.iter().filter(|one| place(one) == (path.clone(), rank));
        let properties: Vec<_> = here().map(|one| one.goal.property()).collect();
        let kind = |one: &Use| match plan.stands_in_for(name).filter(|_| one.goal.is_key()) {
            Some(first) => format!("the key, where {} is empty", shown(first)),
            None => one.goal.kind().to_owned(),
        };
        let types: Vec<_> = here().map(kind).collect();
        let options: Vec<String> = here().filter_map(|one| one.goal.options()).collect();
        let options = (!options.is_empty()).then(|| options.join("; "));
        let (field, by) = (shown(&format!("{name}{path}")).into_owned(), rank.as_str());
        let (property, r#type) = (properties.join(", "), types.join(", "));
        info!(%stream, field, property, r#type, options, by, "field mapped");
    }
}

/// Names, one after the other, with the number of those that there is no room for.
fn named(names: &[impl AsRef<str>]) -> String {
    let mut bytes = 0;
    let fits = |name: &&str| {
        bytes += name.len();
        bytes <= MOST_NAMED_BYTES
    };
    let first: Vec<&str> = names.iter().take(MOST_NAMED).map(AsRef::as_ref).take_while(fits).collect();
    match names.len().saturating_sub(first.len()) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// Says at the end of a sync how many values a stream brought, and which of them went nowhere with their fields.
pub fn announce_end(plan: &Plan) {
    let stream = plan.stream();
    let mut left_out: IndexMap<&'static str, (bool, u64, Vec<String>)> = IndexMap::new();
    for (name, field) in plan.fields().filter(|(_, field)| field.cells_left_out > 0) {
        let stands_in = field.key().is_some_and(|one| !one.is_mapped());
        let (reason, harmless) = match &field.left_out {
            Some(why) => (why.reason(), why.is_harmless()),
            None if stands_in => (OTHER_ADDRESS, true),
            None => (NOTHING_AT_PATH, false),
        };
        let (_, values, fields) = left_out.entry(reason).or_insert((harmless, 0, Vec::new()));
        *values += field.cells_left_out;
        fields.push(format!("{} ({})", shown(name), field.cells_left_out));
    }
    for (reason, (harmless, values, fields)) in left_out {
        let fields = named(&fields);
        if harmless {
            info!(%stream, values, fields, reason, "values left out with their fields");
        } else {
            warn!(%stream, values, fields, reason, "values left out with their fields");
        }
    }
    for (name, one) in plan.fields().flat_map(|(name, field)| field.uses.iter().map(move |one| (name, one))) {
        if one.came >= MANY_VALUES && one.fitted == 0 {
            let (field, property) = (shown(name), one.goal.property());
            warn!(
                %stream,
                %field,
                %property,
                values = one.came,
                expects = &*one.expects,
                "none of the many values of a column fits its property: map the column to another property, or translate its \
                 values"
            );
        }
    }
    for (field, one) in plan.fields().filter(|(_, field)| field.unclear_marks.count > 0) {
        warn!(
            %stream,
            field = &*shown(field),
            count = one.unclear_marks.count,
            first_records = ?one.unclear_marks.first_records,
            "values of a deletion mark that say neither yes nor no; their records were not skipped for it"
        );
    }
    let cells = plan.cells();
    info!(
        %stream,
        values = cells.all(),
        key = cells.key,
        mapped = cells.mapped,
        left_out = cells.left_out,
        unfit = cells.unfit,
        of_records_left_out = cells.of_records_left_out,
        cleared = cells.cleared,
        "values of the stream"
    );
}

/// Warns of mappings that no record made use of. Those of streams that declare their fields have been told of before.
pub fn announce_unused(mappings: &[FieldMapping], plans: &[&Plan]) {
    for mapping in mappings {
        let applies = |plan: &&&Plan| mapping.applies_to(plan.stream().name(), plan.stream().namespace());
        let of_mapping: Vec<&&Plan> = plans.iter().filter(applies).collect();
        if of_mapping.iter().any(|plan| plan.is_declared() || plan.has_used(mapping)) {
            continue;
        }
        let (stream, field) = (mapping.stream.as_deref(), mapping.field.as_str());
        if of_mapping.is_empty() {
            let streams: Vec<String> = plans.iter().map(|plan| plan.stream().to_string()).collect();
            let nearest = nearest(stream.unwrap_or_default(), streams.iter().map(String::as_str));
            warn!(
                stream,
                field, nearest, "an entry of `field_mappings` names a stream of which no record came"
            );
        } else {
            let fields = of_mapping.iter().flat_map(|plan| plan.fields().map(|(name, _)| name));
            let nearest = nearest(field, fields);
            warn!(stream, field, nearest, "an entry of `field_mappings` names a field that no record had");
        }
    }
}

/// Says which entries of `streams` and `policies` are for streams of which no record came; each is a setting and the stream in it.
pub fn announce_unused_entries<'a>(entries: impl Iterator<Item = (&'static str, &'a str)>, plans: &[&Plan]) {
    for (setting, stream) in entries {
        if plans.iter().any(|plan| names_stream(stream, plan.stream().name(), plan.stream().namespace())) {
            continue;
        }
        let streams: Vec<String> = plans.iter().map(|plan| plan.stream().to_string()).collect();
        let nearest = nearest(stream, streams.iter().map(String::as_str));
        warn!(setting, stream = %shown(stream), nearest, "an entry names a stream of which no record came, so that it had no effect");
    }
}

/// Whether nobody has said where a field goes.
pub fn is_unknown(field: &Field) -> bool {
    field.left_out.as_ref().is_some_and(LeftOut::is_unknown)
}

/// # Errors
///
/// If there are any of these fields: all are named.
pub fn require_known_fields(unknown: &[(&StreamId, Vec<&str>)]) -> Result<(), MappingError> {
    let streams: Vec<UnknownOfStream> = unknown
        .iter()
        .filter(|(_, fields)| !fields.is_empty())
        .map(|(stream, fields)| {
            let fields: Vec<String> = fields.iter().map(|field| shown(field).to_string()).collect();
            UnknownOfStream { stream: (*stream).clone(), fields: named(&fields) }
        })
        .collect();
    if streams.is_empty() { Ok(()) } else { Err(MappingError::UnknownFields { streams }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_bounded_by_their_number_and_their_bytes() {
        let short: Vec<String> = (0..300).map(|number| format!("f{number}")).collect();
        assert!(named(&short).ends_with("f198, f199 and 100 more"));
        let long = vec!["x".repeat(600); 100];
        let told = named(&long);
        assert!(told.len() < 11_000 && told.ends_with(" and 84 more"), "{}", told.len());
        assert_eq!(named(&["a", "b"]), "a, b");
    }
}
