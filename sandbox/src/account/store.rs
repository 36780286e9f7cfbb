//! The contacts: found by id, by primary or secondary address, or by a custom property with unique values.
//!
//! Values come in already judged; whether a batch may be written is decided in `api::objects`.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{
    contact::{Contact, Seed},
    value::Change,
};
use crate::clock;

/// Id of the first contact; HubSpot's are of this size.
const FIRST_ID: u64 = 171_596_044_869;
/// The property whose values only move forward.
const STAGE: &str = "lifecyclestage";
/// The property that lists the ids of the contacts that were merged into one.
const MERGED_IDS: &str = "hs_merged_object_ids";

/// All contacts of the portal.
#[derive(Debug)]
pub(crate) struct Store {
    contacts: BTreeMap<u64, Contact>,
    /// Primary and secondary addresses in lower case.
    addresses: HashMap<String, u64>,
    /// Values of custom properties with unique values: name and value.
    unique: HashMap<(String, String), u64>,
    /// Ids of contacts that were merged into another one, with the id of that.
    merged: HashMap<u64, u64>,
    /// Addresses on the blocklist, in lower case.
    blocklist: HashSet<String>,
    next_id: u64,
}

/// Rules of the account that a write follows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WriteRules<'a> {
    /// Stages from first to last; a contact never moves back.
    pub(crate) stages: &'a [&'a str],
    /// Stage of a new contact that names none.
    pub(crate) default_stage: Option<&'a str>,
    /// Custom properties with unique values.
    pub(crate) unique: &'a [&'a str],
    /// Whether a write that changes no value moves `lastmodifieddate`.
    pub(crate) same_values_move_date: bool,
}

impl Store {
    pub(crate) fn new() -> Self {
        Self {
            contacts: BTreeMap::new(),
            addresses: HashMap::new(),
            unique: HashMap::new(),
            merged: HashMap::new(),
            blocklist: HashSet::new(),
            next_id: FIRST_ID,
        }
    }

    /// The contact that owns an address, be it the primary or a secondary one.
    pub(crate) fn by_address(&self, address: &str) -> Option<u64> {
        self.addresses.get(&address.to_lowercase()).copied()
    }

    /// The contact with a value of a unique property.
    pub(crate) fn by_unique(&self, property: &str, value: &str) -> Option<u64> {
        if property == "email" {
            return self.by_address(value);
        }
        self.unique.get(&(property.to_owned(), value.to_owned())).copied()
    }

    /// A contact that is not in the recycle bin. The id of one that was merged leads to the one that remained.
    pub(crate) fn get(&self, id: u64) -> Option<&Contact> {
        self.contacts.get(&self.remaining(id)).filter(|contact| !contact.archived)
    }

    /// The id of a contact that is not in the recycle bin, for one that may have been merged.
    pub(crate) fn known(&self, id: u64) -> Option<u64> {
        self.get(id).map(|_| self.remaining(id))
    }

    /// A contact in the recycle bin.
    pub(crate) fn in_bin(&self, id: u64) -> Option<&Contact> {
        self.contacts.get(&self.remaining(id)).filter(|contact| contact.archived)
    }

    /// The contact in the recycle bin that had a value of a unique property, of several the newest.
    pub(crate) fn bin_by_unique(&self, property: &str, value: &str) -> Option<u64> {
        let had = |contact: &Contact| match property {
            "email" => {
                let address = value.to_lowercase();
                contact.email == address || contact.additional_emails.contains(&address)
            }
            _ => contact.property(property) == Some(value),
        };
        let mut newest_first = self.contacts.iter().rev();
        newest_first.find(|(_, contact)| contact.archived && had(contact)).map(|(id, _)| *id)
    }

    /// The id that the next new contact gets.
    pub(crate) fn next_id(&self) -> u64 {
        self.next_id
    }

    /// The id that a merge left of this one.
    fn remaining(&self, mut id: u64) -> u64 {
        while let Some(remaining) = self.merged.get(&id) {
            id = *remaining;
        }
        id
    }

    /// Whether an address is on the blocklist.
    pub(crate) fn is_blocked(&self, address: &str) -> bool {
        self.blocklist.contains(&address.to_lowercase())
    }

    /// Puts an address on the blocklist.
    pub(crate) fn block(&mut self, address: &str) {
        self.blocklist.insert(address.to_lowercase());
    }

    /// Those not in the recycle bin, by address.
    pub(crate) fn all(&self) -> Vec<Contact> {
        self.by_state(false)
    }

    /// Those in the recycle bin, by address.
    pub(crate) fn archived(&self) -> Vec<Contact> {
        self.by_state(true)
    }

    fn by_state(&self, archived: bool) -> Vec<Contact> {
        let mut contacts: Vec<Contact> =
            self.contacts.values().filter(|contact| contact.archived == archived).cloned().collect();
        contacts.sort_by(|one, other| (&one.email, &one.id).cmp(&(&other.email, &other.id)));
        contacts
    }

    /// Creates a contact with nothing but what HubSpot gives it.
    pub(crate) fn create(&mut self, rules: WriteRules<'_>) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        let now_millis = clock::now();
        let now = clock::iso(now_millis);
        let mut properties = BTreeMap::new();
        for (name, value) in [
            ("createdate", now.as_str()),
            ("lastmodifieddate", &now),
            ("hs_object_id", &id.to_string()),
            ("hs_object_source", "INTEGRATION"),
            ("hs_is_unworked", "true"),
            ("hs_pipeline", "contacts-lifecycle-pipeline"),
        ] {
            properties.insert(name.to_owned(), value.to_owned());
        }
        let mut contact = Contact {
            id: id.to_string(),
            email: String::new(),
            additional_emails: Vec::new(),
            properties,
            created_at: now.clone(),
            updated_at: now,
            writes: 0,
            archived: false,
        };
        if let Some(stage) = rules.default_stage {
            // Not recorded as entered yet: a stage in the creating request takes its place.
            contact.properties.insert("lifecyclestage".to_owned(), stage.to_owned());
        }
        self.contacts.insert(id, contact);
        id
    }

    /// Writes the judged values of an input. `is_new`: the stage may be any, as the default does not count as a move.
    pub(crate) fn write(
        &mut self,
        id: u64,
        changes: &BTreeMap<String, Change>,
        rules: WriteRules<'_>,
        is_new: bool,
    ) {
        self.change(id, changes, rules, is_new);
        if let Some(contact) = self.contacts.get_mut(&self.remaining(id)) {
            contact.writes += 1;
        }
    }

    /// Changes a contact as a person does on HubSpot's screen; `""` clears a value. A person can move a stage back: by
    /// clearing it first. Nothing is validated.
    pub(crate) fn edit(&mut self, id: u64, properties: &BTreeMap<String, String>, rules: WriteRules<'_>) {
        let id = self.remaining(id);
        let mut changes = BTreeMap::new();
        for (name, value) in properties {
            let change = match (name.as_str(), value.as_str()) {
                (_, "") => Change::Clear,
                ("email" | "hs_additional_emails", addresses) => Change::Set(addresses.to_lowercase()),
                (_, value) => Change::Set(value.to_owned()),
            };
            changes.insert(name.clone(), change);
        }
        let stage = properties.get(STAGE);
        if let Some(contact) = self.contacts.get_mut(&id)
            && stage.is_some_and(|stage| contact.properties.get(STAGE) != Some(stage))
        {
            contact.properties.remove(STAGE);
        }
        self.change(id, &changes, rules, false);
    }

    fn change(&mut self, id: u64, changes: &BTreeMap<String, Change>, rules: WriteRules<'_>, is_new: bool) {
        let id = self.remaining(id);
        let Some(mut contact) = self.contacts.remove(&id) else { return };
        let before = (!rules.same_values_move_date).then(|| contact.properties.clone());
        for (name, change) in changes {
            match name.as_str() {
                "email" => self.change_email(id, &mut contact, change),
                "hs_additional_emails" => self.change_additional(id, &mut contact, change),
                "lifecyclestage" => change_stage(&mut contact, change, rules, is_new),
                _ => {
                    if rules.unique.contains(&name.as_str()) {
                        self.change_unique(id, &contact, name, change);
                    }
                    apply(&mut contact.properties, name, change);
                }
            }
        }
        let now = clock::now();
        if is_new && let Some(stage) = contact.properties.get("lifecyclestage") {
            let entered = format!("hs_lifecyclestage_{stage}_date");
            contact.properties.insert(entered, now.to_string());
        }
        if !is_new && before.is_none_or(|before| before != contact.properties) {
            // A later moment than the one before, also where the clock has not moved on: every change can be told.
            let former = clock::parse_datetime(&contact.updated_at).unwrap_or_default();
            contact.updated_at = clock::iso(now.max(former + 1));
            contact.properties.insert("lastmodifieddate".to_owned(), contact.updated_at.clone());
        }
        self.contacts.insert(id, contact);
    }

    /// Moves a contact to the recycle bin, which frees its addresses.
    pub(crate) fn archive(&mut self, id: u64) {
        let id = self.remaining(id);
        if let Some(contact) = self.contacts.get_mut(&id) {
            contact.archived = true;
            self.addresses.retain(|_, owner| *owner != id);
            self.unique.retain(|_, owner| *owner != id);
        }
    }

    /// Removes a contact without a trace but for its addresses, which go to the blocklist.
    pub(crate) fn delete_for_good(&mut self, id: u64) {
        let id = self.remaining(id);
        self.archive(id);
        if let Some(contact) = self.contacts.remove(&id) {
            for address in std::iter::once(&contact.email).chain(&contact.additional_emails) {
                self.block(address);
            }
        }
    }

    /// Makes one contact of two: `other` is gone, its addresses become secondary ones of `primary`, and its id leads there.
    pub(crate) fn merge(&mut self, primary: u64, other: u64, rules: WriteRules<'_>) {
        let (primary, other) = (self.remaining(primary), self.remaining(other));
        let Some(gone) = self.contacts.get(&other).cloned() else { return };
        self.archive(other);
        self.contacts.remove(&other);
        self.merged.insert(other, primary);
        let Some(kept) = self.contacts.get(&primary) else { return };
        let mut changes: BTreeMap<String, Change> = gone
            .properties
            .iter()
            .filter(|(name, _)| !kept.properties.contains_key(*name))
            .map(|(name, value)| (name.clone(), Change::Set(value.clone())))
            .collect();
        let gained = std::iter::once(&gone.email).chain(&gone.additional_emails);
        let gained = gained.filter(|email| !email.is_empty());
        let addresses: Vec<String> = kept.additional_emails.iter().chain(gained).cloned().collect();
        changes.insert("hs_additional_emails".to_owned(), Change::Set(addresses.join(";")));
        let mut ids: Vec<&str> = Vec::new();
        for contact in [kept, &gone] {
            ids.extend(contact.property(MERGED_IDS).into_iter().flat_map(|ids| ids.split(';')));
        }
        ids.push(&gone.id);
        changes.insert(MERGED_IDS.to_owned(), Change::Set(ids.join(";")));
        self.change(primary, &changes, rules, false);
    }

    /// Puts in a contact as it is given.
    pub(crate) fn seed(&mut self, seed: Seed, rules: WriteRules<'_>) -> String {
        let id = self.create(rules);
        let mut changes: BTreeMap<String, Change> =
            seed.properties.into_iter().map(|(name, value)| (name, Change::Set(value))).collect();
        changes.insert("email".to_owned(), Change::Set(seed.email.to_lowercase()));
        if !seed.additional_emails.is_empty() {
            let joined = seed.additional_emails.join(";").to_lowercase();
            changes.insert("hs_additional_emails".to_owned(), Change::Set(joined));
        }
        self.change(id, &changes, rules, true);
        id.to_string()
    }

    /// A new primary address. If it was a secondary one of the same contact, the two change places.
    fn change_email(&mut self, id: u64, contact: &mut Contact, change: &Change) {
        let Change::Set(address) = change else {
            self.addresses.remove(&contact.email);
            contact.email.clear();
            contact.properties.remove("email");
            contact.properties.remove("hs_email_domain");
            return;
        };
        if *address == contact.email {
            return;
        }
        let former = std::mem::replace(&mut contact.email, address.clone());
        if let Some(place) = contact.additional_emails.iter_mut().find(|secondary| *secondary == address) {
            *place = former;
            let joined = contact.additional_emails.join(";");
            contact.properties.insert("hs_additional_emails".to_owned(), joined);
        } else {
            self.addresses.remove(&former);
        }
        self.addresses.insert(address.clone(), id);
        let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
        contact.properties.insert("email".to_owned(), address.clone());
        contact.properties.insert("hs_email_domain".to_owned(), domain.to_owned());
    }

    fn change_additional(&mut self, id: u64, contact: &mut Contact, change: &Change) {
        apply(&mut contact.properties, "hs_additional_emails", change);
        for address in contact.additional_emails.drain(..) {
            self.addresses.remove(&address);
        }
        let joined = contact.properties.get("hs_additional_emails").cloned().unwrap_or_default();
        contact.additional_emails = joined
            .split(';')
            .filter(|address| !address.is_empty() && *address != contact.email)
            .map(str::to_owned)
            .collect();
        for address in &contact.additional_emails {
            self.addresses.insert(address.clone(), id);
        }
    }

    fn change_unique(&mut self, id: u64, contact: &Contact, name: &str, change: &Change) {
        if let Some(former) = contact.properties.get(name) {
            self.unique.remove(&(name.to_owned(), former.clone()));
        }
        if let Change::Set(value) = change {
            self.unique.insert((name.to_owned(), value.clone()), id);
        }
    }
}

fn apply(properties: &mut BTreeMap<String, String>, name: &str, change: &Change) {
    match change {
        Change::Clear => {
            properties.remove(name);
        }
        Change::Set(value) => {
            properties.insert(name.to_owned(), value.clone());
        }
        Change::Append(values) => {
            let current = properties.get(name).cloned().unwrap_or_default();
            let mut chosen: Vec<&str> = current.split(';').filter(|value| !value.is_empty()).collect();
            for value in values {
                if !chosen.contains(&value.as_str()) {
                    chosen.push(value);
                }
            }
            properties.insert(name.to_owned(), chosen.join(";"));
        }
    }
}

/// Stages move forward only; a move back is accepted and ignored. Clearing first makes any stage possible.
/// <https://developers.hubspot.com/docs/guides/api/crm/properties>
fn change_stage(contact: &mut Contact, change: &Change, rules: WriteRules<'_>, is_new: bool) {
    let Change::Set(stage) = change else {
        // A new contact keeps the default.
        if !is_new {
            contact.properties.remove(STAGE);
        }
        return;
    };
    let place = |stage: &str| rules.stages.iter().position(|known| *known == stage);
    let current = contact.properties.get(STAGE);
    let is_backward = current.is_some_and(|current| place(stage) < place(current));
    if (is_backward && !is_new) || current == Some(stage) {
        return;
    }
    contact.properties.insert(STAGE.to_owned(), stage.clone());
    contact.properties.insert(format!("hs_lifecyclestage_{stage}_date"), clock::now().to_string());
}
