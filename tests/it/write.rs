//! `write` when all goes well.

use serde_json::json;

use super::support::{Connector, record, sandbox, state};

#[test]
fn records_become_contacts_and_their_state_comes_back() {
    let sandbox = sandbox();
    let input = record(json!({ "email": "Ada@Example.com", "firstname": "Ada" })) + &state(1);
    let outcome = Connector::new(&sandbox).write(&input);
    outcome.assert_success();
    let contacts = sandbox.contacts();
    assert_eq!(contacts.len(), 1);
    assert_eq!(contacts[0].email, "ada@example.com");
    assert_eq!(contacts[0].property("firstname"), Some("Ada"));
    assert_eq!(outcome.counts(), [(1.0, 0.0)]);
    assert_eq!(outcome.states()[0]["id"], 1);
}
