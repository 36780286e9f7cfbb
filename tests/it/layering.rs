//! Holds the source to the arrows of `docs/ARCHITECTURE.md`: which module may use which, where no clock and no
//! network may appear, that nothing goes in a circle, and how a file starts and how long it gets.
//!
//! The tables come first: who moves a file edits these. Code under `cfg(test)` may use anything. Not here: what breaks a
//! rule ([`rules`], tried on [`snippets`]), and how a path is found and what it means ([`paths`]).

mod failures;
mod names;
mod paths;
mod rules;
mod snippets;

use std::sync::LazyLock;

use self::{
    failures::failure_violations,
    names::named_properties,
    paths::Crate,
    rules::{
        Rooms, arrow_violations, circle_violations, circles, form_violations, missing_modules,
        purity_violations, unsaid_purity,
    },
};

// ---- The tables ---------------------------------------------------------------------------------------------

const ROOMS: &[Rooms] = &[
    Rooms {
        folder: "src",
        below: "",
        may_use: &[
            (
                "cli",
                &[
                    "command", "sync", "prepare", "rejects", "report", "hubspot", "mapping", "crm", "config",
                    "protocol", "io",
                ],
            ),
            (
                "command",
                &[
                    "sync", "prepare", "rejects", "report", "hubspot", "mapping", "crm", "config",
                    "protocol", "io",
                ],
            ),
            ("sync", &["rejects", "report", "hubspot", "mapping", "crm", "config", "protocol", "io"]),
            ("prepare", &["report", "hubspot", "mapping", "crm", "config", "protocol"]),
            ("rejects", &["report", "mapping", "crm", "config", "protocol"]),
            ("report", &["hubspot", "mapping", "crm", "config", "protocol"]),
            ("mapping", &["crm", "config", "protocol"]),
            ("hubspot", &["crm", "config"]),
            ("crm", &[]),
            ("io", &["protocol"]),
            ("protocol", &[]),
            ("config", &[]),
            ("logging", &["io", "protocol", "error", "text"]),
            ("error", &[]),
            ("text", &[]),
        ],
        open_to_all: &["error", "logging", "text"],
    },
    Rooms {
        folder: "src",
        below: "rejects",
        may_use: &[
            ("error", &["store::error"]),
            ("folder", &["line_file"]),
            ("gate", &[]),
            ("keeper", &["folder", "folders", "gate", "line", "row", "store"]),
            ("line", &["row"]),
            ("line_file", &[]),
            ("folders", &["folder"]),
            ("row", &[]),
            ("store", &[]),
        ],
        open_to_all: &["error"],
    },
    Rooms {
        folder: "src",
        below: "rejects::store",
        may_use: &[
            ("client", &["answer", "names", "pending", "transport"]),
            ("transport", &["answer"]),
            ("error", &["answer"]),
            ("answer", &[]),
            ("names", &[]),
            ("pending", &[]),
        ],
        open_to_all: &["error"],
    },
    Rooms {
        folder: "src",
        below: "sync",
        may_use: &[
            ("batcher", &["input"]),
            ("books", &["delivery::outcome", "delivery::pending", "ledger"]),
            ("delivery", &["input"]),
            ("error", &[]),
            ("input", &[]),
            ("intake", &["batcher", "books", "streams"]),
            ("known", &[]),
            ("evidence", &[]),
            ("ledger", &["evidence"]),
            ("run", &["batcher", "books", "delivery", "intake", "known"]),
            ("streams", &["books"]),
        ],
        open_to_all: &["error"],
    },
    Rooms {
        folder: "src",
        below: "sync::delivery",
        may_use: &[
            ("archive_allowance", &[]),
            ("attribution", &[]),
            ("blame", &[]),
            ("effect", &["existence", "found"]),
            ("existence", &[]),
            ("found", &[]),
            ("look_up", &["blame", "existence", "found", "mode", "pending", "state"]),
            ("mode", &["effect", "existence", "found", "operation", "pending"]),
            ("operation", &[]),
            ("outcome", &["blame", "effect", "existence", "pending"]),
            ("pending", &["effect", "existence", "found", "operation"]),
            ("record_order", &["state"]),
            ("refused", &["blame", "existence", "operation", "pending", "state"]),
            ("requests", &["mode", "operation", "pending", "state"]),
            ("send", &["outcome", "state", "steps"]),
            (
                "state",
                &[
                    "archive_allowance",
                    "blame",
                    "existence",
                    "mode",
                    "operation",
                    "outcome",
                    "pending",
                    "write_order",
                ],
            ),
            ("steps", &["attribution", "existence", "mode", "operation", "state"]),
            ("write_order", &["existence", "pending"]),
        ],
        open_to_all: &[],
    },
    Rooms {
        folder: "sandbox/src",
        below: "",
        may_use: &[
            ("handle", &["server", "account", "settings"]),
            ("server", &["api", "account", "faults", "endpoint", "reply", "settings"]),
            ("api", &["account", "faults", "endpoint", "failure", "reply", "settings", "clock"]),
            ("account", &["faults", "failure", "reply", "settings", "clock"]),
            ("settings", &["faults::rule"]),
            ("faults", &[]),
            ("endpoint", &[]),
            ("failure", &["reply"]),
            ("reply", &[]),
            ("clock", &[]),
        ],
        open_to_all: &[],
    },
    Rooms {
        folder: "sandbox/src",
        below: "account",
        may_use: &[
            ("state", &["budget", "catalogue", "contact", "store"]),
            ("store", &["contact", "value"]),
            ("catalogue", &["definition"]),
            ("value", &["definition"]),
            ("definition", &[]),
            ("contact", &[]),
            ("budget", &[]),
            ("tokens", &[]),
        ],
        open_to_all: &[],
    },
    Rooms {
        folder: "sandbox/src",
        below: "api",
        may_use: &[
            ("pipeline", &["objects", "properties", "details", "replacement", "effect", "hint", "call"]),
            ("objects", &["batch", "body", "call", "effect", "refusal"]),
            ("properties", &["batch", "body", "call"]),
            ("details", &["body", "call"]),
            ("call", &["effect"]),
            ("effect", &["refusal"]),
            ("replacement", &["refusal"]),
            ("hint", &[]),
            ("refusal", &[]),
            ("batch", &[]),
            ("body", &[]),
        ],
        open_to_all: &[],
    },
    Rooms {
        folder: "sandbox/src",
        below: "faults",
        may_use: &[("delivery", &["rule"]), ("engine", &["rule"]), ("rule", &[])],
        open_to_all: &[],
    },
    Rooms {
        folder: "sandbox/src",
        below: "server",
        may_use: &[
            ("router", &["control", "exchange", "shared", "travelling"]),
            ("exchange", &["journal", "shared", "travelling"]),
            ("control", &["shared", "travelling"]),
            ("shared", &["journal"]),
            ("journal", &[]),
            ("travelling", &[]),
        ],
        open_to_all: &[],
    },
];

/// Modules that take data and moments, and return decisions. Each says "Pure" in its first lines, and each file that
/// says so is at or below one of these.
const PURE: &[&str] = &[
    "text",
    "crm",
    "protocol",
    "config",
    "mapping",
    "rejects::gate",
    "rejects::line",
    "rejects::row",
    "report::counts",
    "report::fate",
    "report::json",
    "report::table",
    "rejects::store::answer",
    "rejects::store::names",
    "rejects::store::pending",
    "sync::batcher",
    "sync::delivery::archive_allowance",
    "sync::delivery::attribution",
    "sync::delivery::blame",
    "sync::delivery::effect",
    "sync::delivery::existence",
    "sync::delivery::found",
    "sync::delivery::look_up",
    "sync::delivery::mode",
    "sync::delivery::operation",
    "sync::delivery::outcome",
    "sync::delivery::pending",
    "sync::delivery::record_order",
    "sync::delivery::refused",
    "sync::delivery::requests",
    "sync::delivery::state",
    "sync::delivery::steps",
    "sync::delivery::write_order",
    "sync::error",
    "sync::input",
    "sync::known",
    "sync::evidence",
    "sync::ledger",
    "hubspot::answer",
    "hubspot::batch_call",
    "hubspot::endpoint",
    "hubspot::error_body",
    "hubspot::lenient",
    "hubspot::long_texts",
    "hubspot::new_property",
    "hubspot::model",
    "hubspot::retry",
    "hubspot::throttle::other_clients",
    "hubspot::throttle::limits",
    "hubspot::throttle::window",
];

/// The rooms that may know a property of HubSpot's by its name: what objects are, and what the settings mean.
const KNOW_PROPERTIES: &[&str] = &["crm", "prepare", "config"];

/// Read once, for all tests.
static CRATES: LazyLock<[Crate; 3]> = LazyLock::new(|| ["src", "sandbox/src", "examples"].map(Crate::read));

fn krate(folder: &str) -> &'static Crate {
    CRATES.iter().find(|krate| krate.folder == folder).expect("a folder of CRATES")
}

// ---- The tests ----------------------------------------------------------------------------------------------

#[test]
fn modules_use_only_what_the_tables_allow() {
    for rooms in ROOMS {
        report(&arrow_violations(krate(rooms.folder), rooms));
    }
}

#[test]
fn pure_modules_know_no_clock_and_no_network() {
    report(&purity_violations(krate("src"), PURE));
}

#[test]
fn what_says_that_it_is_pure_is_in_the_table_and_the_other_way_round() {
    report(&unsaid_purity(krate("src"), PURE));
}

#[test]
fn files_do_not_use_each_other_in_a_circle() {
    let circles = ["src", "sandbox/src"].iter().flat_map(|folder| circles(krate(folder)));
    report(&circle_violations(&circles.collect()));
}

#[test]
fn no_other_room_knows_a_property_by_its_name() {
    report(&named_properties(krate("src"), KNOW_PROPERTIES));
}

#[test]
fn every_module_of_the_tables_exists() {
    for rooms in ROOMS {
        report(&missing_modules(krate(rooms.folder), rooms));
    }
    let modules: Vec<_> = krate("src").files.iter().map(|file| &file.module).collect();
    let is_missing = |pure: &&&str| !modules.iter().any(|module| module.join("::") == **pure);
    let missing: Vec<String> = PURE.iter().filter(is_missing).map(|&pure| pure.to_owned()).collect();
    report(&missing);
}

#[test]
fn failures_are_made_of_types_at_the_border_of_a_layer() {
    report(&failure_violations(krate("src")));
}

#[test]
fn files_open_with_their_responsibility_and_stay_short() {
    for krate in CRATES.iter() {
        report(&form_violations(krate));
    }
}

#[track_caller]
fn report(violations: &[String]) {
    assert!(violations.is_empty(), "{} violation(s):\n  {}", violations.len(), violations.join("\n  "));
}
