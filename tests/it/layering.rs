//! Holds the source to the arrows of `docs/ARCHITECTURE.md`: which module may use which, where no clock and no
//! network may appear, that nothing goes in a circle, and how a file starts and how long it gets.
//!
//! The tables come first: who moves a file edits these. Code under `cfg(test)` may use anything. Not here: what breaks a
//! rule ([`rules`], tried on [`snippets`]), and how a path is found and what it means ([`paths`]).

mod paths;
mod rules;
mod snippets;

use std::sync::LazyLock;

use self::{
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
            ("cli", &["command", "sync", "hubspot", "mapping", "config", "protocol", "io"]),
            ("command", &["sync", "hubspot", "mapping", "config", "protocol", "io"]),
            ("sync", &["mapping", "hubspot", "config", "protocol", "io"]),
            ("mapping", &["hubspot::model", "config", "protocol"]),
            ("hubspot", &["config"]),
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
        below: "sync",
        may_use: &[
            ("account", &[]),
            ("alias", &["lifecycle", "slot"]),
            ("announce", &[]),
            ("batch", &["fate"]),
            ("dispatch", &["fate", "isolate", "outcome", "report"]),
            ("fate", &[]),
            ("isolate", &["account", "alias", "batch", "lifecycle", "outcome", "refusal", "rules", "slot"]),
            ("known", &[]),
            ("ledger", &["fate"]),
            ("lifecycle", &["batch"]),
            ("outcome", &["fate", "report", "slot"]),
            ("refusal", &[]),
            ("report", &["fate"]),
            ("rules", &["lifecycle"]),
            (
                "run",
                &[
                    "announce", "batch", "dispatch", "fate", "isolate", "known", "ledger", "report", "rules",
                    "slot", "streams",
                ],
            ),
            ("slot", &["batch", "lifecycle"]),
            ("streams", &["announce", "ledger"]),
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
    "protocol",
    "config",
    "mapping",
    "sync::account",
    "sync::alias",
    "sync::batch",
    "sync::fate",
    "sync::isolate",
    "sync::known",
    "sync::ledger",
    "sync::lifecycle",
    "sync::outcome",
    "sync::refusal",
    "sync::rules",
    "sync::slot",
    "hubspot::retry",
    "hubspot::throttle::company",
    "hubspot::throttle::limits",
    "hubspot::throttle::window",
];

/// Pure modules that do not say so yet. May only get shorter.
const PURE_IN_SILENCE: &[&str] = &["text", "sync::fate", "sync::rules"];

/// Files that need each other. May only get shorter.
const KNOWN_CIRCLES: &[&[&str]] = &[
    &["src/hubspot/client.rs", "src/hubspot/error.rs"],
    &["src/mapping/claim.rs", "src/mapping/contact.rs", "src/mapping/plan.rs"],
    &["src/mapping/names.rs", "src/mapping/portal.rs"],
    &["src/mapping/value/day.rs", "src/mapping/value/epoch.rs", "src/mapping/value/time.rs"],
    &["src/sync/isolate/look_up.rs", "src/sync/isolate/mod.rs", "src/sync/isolate/refused.rs"],
];

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
    report(&unsaid_purity(krate("src"), PURE, PURE_IN_SILENCE));
}

#[test]
fn files_do_not_use_each_other_in_a_circle() {
    let circles = ["src", "sandbox/src"].iter().flat_map(|folder| circles(krate(folder)));
    report(&circle_violations(&circles.collect(), KNOWN_CIRCLES));
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
fn files_open_with_their_responsibility_and_stay_short() {
    for krate in CRATES.iter() {
        report(&form_violations(krate));
    }
}

#[track_caller]
fn report(violations: &[String]) {
    assert!(violations.is_empty(), "{} violation(s):\n  {}", violations.len(), violations.join("\n  "));
}
