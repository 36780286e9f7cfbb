//! The exit codes of `write`, and what `--strict` makes of rows and values that were not written.

use hubspot_sandbox::tokens;
use serde_json::json;

use super::support::{Connector, people, record, run, sandbox, state};

#[test]
fn not_all_written_is_an_exit_code_only_where_that_is_asked_for() {
    let rejected = record(json!({ "email": "nobody", "firstname": "Ada" }));
    let left_out = record(json!({ "email": "ada@example.com", "favourite_number": "seven" }));
    let skipped = record(json!({ "email": "gone@example.com", "is_deleted": true }));
    let unknown = record(json!({ "email": "ada@example.com", "shoe_size": 41 }));
    for (odd, strict) in [(rejected, 3), (left_out, 3), (skipped, 0), (unknown, 0), (String::new(), 0)] {
        let input = people(0..2) + &odd + &state(1);
        let sandbox = sandbox();
        for (arguments, code) in [(&[] as &[&str], 0), (&["--strict"], strict)] {
            let outcome = Connector::new(&sandbox).arguments(arguments).write(&input);
            assert_eq!(outcome.code, Some(code), "{odd}");
            // The code is all that differs.
            assert_eq!((outcome.state_ids(), outcome.errors().len()), (vec![1], 0));
            assert_eq!(outcome.stderr, "");
        }
    }
}

#[test]
fn a_fault_and_wrong_arguments_keep_their_codes() {
    let sandbox = sandbox();
    let strict = || Connector::new(&sandbox).arguments(&["--strict"]);
    let odd = record(json!({ "email": "nobody" }));
    strict().set("access_token", tokens::EXPIRED).write(&odd).assert_failure("config_error");
    strict().write(&odd.repeat(100)).assert_failure("config_error");
    strict().write(&(odd + "no message\n")).assert_failure("system_error");
    assert_eq!(run(&["write", "--strict"]).code, Some(2));
    assert_eq!(run(&["check", "--strict", "--config", "config.json"]).code, Some(2));
}

#[test]
fn a_signal_keeps_its_code() {
    let sandbox = sandbox();
    let mut running = Connector::new(&sandbox).arguments(&["--strict"]).start("write");
    running.send(&(record(json!({ "email": "nobody" })) + &people(0..100) + &state(1)));
    running.wait_for_state(1);
    running.signal("TERM");
    assert_eq!(running.wait().code, Some(143));
}
