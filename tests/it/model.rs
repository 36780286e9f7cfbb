//! Sandboxes for single faults, the sums of a sync, and what HubSpot should hold after a series of records.

use std::collections::BTreeMap;

use hubspot_sandbox::{DEFAULT_STAGES, Fault, Sandbox, Settings, What};
use serde_json::{Value, json};

use super::{
    paths,
    support::{Outcome, sandbox_with},
};

/// Properties whose values are lists of options, to which a leading `;` appends.
const MULTIPLE: [&str; 1] = ["interests"];

/// A sandbox whose limits no test meets by accident.
pub(crate) fn roomy_sandbox(change: impl FnOnce(&mut Settings)) -> Sandbox {
    sandbox_with(|settings| {
        settings.limits.max = Some(10_000);
        settings.limits.window_ms = 1_000;
        change(settings);
    })
}

/// A roomy sandbox with one rule for the requests that write.
pub(crate) fn faulty_sandbox(fault: Fault) -> Sandbox {
    roomy_sandbox(|settings| settings.faults = vec![fault.path(paths::UPSERT)])
}

/// What goes wrong with a request that writes, once.
pub(crate) fn once(what: impl Into<What>) -> Sandbox {
    faulty_sandbox(Fault::new(what.into()).times(1))
}

/// What goes wrong with every request that writes.
pub(crate) fn always(what: impl Into<What>) -> Sandbox {
    faulty_sandbox(Fault::new(what.into()))
}

/// How many records had which fate, as the summary line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) read: u64,
    pub(crate) created: u64,
    pub(crate) updated: u64,
    pub(crate) folded: u64,
    pub(crate) skipped: u64,
    pub(crate) rejected: u64,
    pub(crate) requests: u64,
    pub(crate) retries: u64,
}

impl Sums {
    /// The sums of a run.
    pub(crate) fn of(outcome: &Outcome) -> Self {
        let summary = outcome.summary();
        let sum = |name: &str| {
            let text = summary.split(&format!(" {name}=")).nth(1).and_then(|rest| rest.split(' ').next());
            text.and_then(|text| text.parse().ok()).expect("a number in the summary")
        };
        Self {
            read: sum("read"),
            created: sum("created"),
            updated: sum("updated"),
            folded: sum("folded"),
            skipped: sum("skipped"),
            rejected: sum("rejected"),
            requests: sum("requests"),
            retries: sum("retries"),
        }
    }

    /// Records whose values HubSpot has.
    pub(crate) fn written(self) -> u64 {
        self.created + self.updated + self.folded
    }

    /// Created, updated, folded, rejected.
    pub(crate) fn fates(self) -> [u64; 4] {
        [self.created, self.updated, self.folded, self.rejected]
    }
}

/// The sums of a run that succeeded: every record read has one fate, the states tell the same, and the number of requests
/// is what HubSpot saw.
#[track_caller]
pub(crate) fn sums_of_success(outcome: &Outcome, sandbox: &Sandbox) -> Sums {
    outcome.assert_success();
    let sums = Sums::of(outcome);
    assert_eq!(sums.read, sums.written() + sums.skipped + sums.rejected, "{sums:?}");
    assert_eq!(usize::try_from(sums.requests).ok(), Some(sandbox.requests().len()), "{sums:?}");
    if !outcome.states().is_empty() {
        let of_states = outcome
            .counts()
            .iter()
            .fold((0, 0), |sum, count| (sum.0 + whole(count.0), sum.1 + whole(count.1)));
        assert_eq!(
            of_states,
            (sums.written() + sums.skipped, sums.rejected),
            "the states tell another story: {sums:?}"
        );
    }
    sums
}

/// The counts of states are whole numbers, whatever their JSON looks like.
fn whole(count: f64) -> u64 {
    let text = count.to_string();
    text.parse().expect("a whole number")
}

/// The reasons of the rejections, as the summary line says.
pub(crate) fn reasons(outcome: &Outcome) -> String {
    let summary = outcome.summary();
    let reasons = summary.split(" reasons=").nth(1).and_then(|rest| rest.split(" requests=").next());
    reasons.expect("the reasons in the summary").trim_matches('"').to_owned()
}

/// A property of a contact that has to be there.
#[track_caller]
pub(crate) fn stored(sandbox: &Sandbox, email: &str, property: &str) -> Option<String> {
    let contact = sandbox.contact(email).expect("the contact");
    contact.property(property).map(str::to_owned)
}

/// What HubSpot holds after records that were written one by one, in order.
#[derive(Debug, Default)]
pub(crate) struct Model {
    contacts: BTreeMap<String, BTreeMap<String, String>>,
}

impl Model {
    /// Writes the values of a record that HubSpot accepts.
    pub(crate) fn write(&mut self, email: &str, values: &[(&str, &str)]) {
        let fresh = || BTreeMap::from([("lifecyclestage".to_owned(), String::new())]);
        let contact = self.contacts.entry(email.trim().to_lowercase()).or_insert_with(fresh);
        for &(property, value) in values {
            let current = contact.get(property).map_or("", String::as_str);
            let next = match value.strip_prefix(';').filter(|_| MULTIPLE.contains(&property)) {
                Some(options) => appended(current, options),
                None if property == "lifecyclestage" => later_stage(current, value),
                None => value.to_owned(),
            };
            contact.insert(property.to_owned(), next);
        }
        // A new contact that names no stage is a lead.
        let stage = contact.entry("lifecyclestage".to_owned()).or_default();
        if stage.is_empty() {
            "lead".clone_into(stage);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.contacts.len()
    }

    /// Fails with the first contact that differs.
    #[track_caller]
    pub(crate) fn assert_stored(&self, sandbox: &Sandbox) {
        let stored = sandbox.contacts();
        for contact in &stored {
            let expected = self.contacts.get(&contact.email);
            assert_eq!(Some(&contact.own_properties()), expected, "{}", contact.email);
        }
        assert_eq!(stored.len(), self.contacts.len(), "contacts are missing");
    }
}

fn appended(current: &str, options: &str) -> String {
    let mut chosen: Vec<&str> = current.split(';').filter(|option| !option.is_empty()).collect();
    for option in options.split(';') {
        if !chosen.contains(&option) {
            chosen.push(option);
        }
    }
    chosen.join(";")
}

fn later_stage(current: &str, next: &str) -> String {
    let place = |stage: &str| DEFAULT_STAGES.iter().position(|known| *known == stage);
    if place(next) < place(current) { current.to_owned() } else { next.to_owned() }
}

/// The body of an error that names properties, as HubSpot answers a batch that it refuses as a whole.
pub(crate) fn refusal(code: &str, properties: &[&str]) -> Value {
    let entry =
        |property: &&str| json!({ "message": "x", "code": code, "context": { "propertyName": [property] } });
    json!({
        "status": "error",
        "message": "x",
        "correlationId": "a996e7d6-de07-46ef-bddc-897126eb8859",
        "category": "VALIDATION_ERROR",
        "errors": properties.iter().map(entry).collect::<Vec<_>>(),
    })
}
