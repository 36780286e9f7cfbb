//! What modes, policies and `skip_unchanged` come to, record by record: written from the page for users, and sharing no code with
//! the connector or the sandbox.

use std::collections::BTreeMap;

/// What HubSpot has: properties by address.
pub(crate) type Contacts = BTreeMap<String, BTreeMap<String, String>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Upsert,
    UpdateOnly,
    CreateOnly,
    Archive,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    Overwrite,
    FillEmpty,
    OnlyOnCreate,
}

/// The settings of the stream.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    pub(crate) mode: Mode,
    pub(crate) policies: BTreeMap<&'static str, Policy>,
    pub(crate) skips_unchanged: bool,
    pub(crate) archives_deleted: bool,
}

/// A row: its address, whether it is marked as deleted, and its values.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) email: String,
    pub(crate) deleted: bool,
    pub(crate) values: Vec<(&'static str, String)>,
}

/// What becomes of a row, with the reason where it is skipped; `written` is created or updated.
pub(crate) fn apply(contacts: &mut Contacts, rules: &Rules, row: &Row) -> &'static str {
    let is_there = contacts.contains_key(&row.email);
    if rules.mode == Mode::Archive || (row.deleted && rules.archives_deleted) {
        return if contacts.remove(&row.email).is_some() { "archived" } else { "not_found" };
    }
    match rules.mode {
        Mode::UpdateOnly if !is_there => return "not_found",
        Mode::CreateOnly if is_there => return "exists",
        _ => {}
    }
    let contact = contacts.entry(row.email.clone()).or_default();
    let (mut sent, mut held, mut same) = (0, 0, 0);
    for (property, value) in &row.values {
        let has = contact.get(*property).cloned().unwrap_or_default();
        let policy = rules.policies.get(property).or_else(|| rules.policies.get("*"));
        let may = match policy.unwrap_or(&Policy::Overwrite) {
            Policy::Overwrite => true,
            Policy::FillEmpty => has.is_empty(),
            Policy::OnlyOnCreate => !is_there,
        };
        let is_same = is_there && has.trim() == value.trim();
        let fills_nothing =
            policy == Some(&Policy::FillEmpty) && value.is_empty() && has.is_empty() && is_there;
        if fills_nothing || (rules.skips_unchanged && is_same && policy != Some(&Policy::OnlyOnCreate)) {
            same += 1;
        } else if may {
            sent += 1;
            contact.insert((*property).to_owned(), value.clone());
        } else {
            held += 1;
        }
    }
    match (is_there, sent, held, same) {
        (false, ..) | (true, 1.., ..) => "written",
        (true, 0, 1.., 0) => "policy",
        (true, ..) => "unchanged",
    }
}
