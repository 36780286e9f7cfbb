//! Values of every type against the definitions of a fresh portal.

use super::*;
use crate::account::catalogue::Catalogue;

fn verdict(name: &str, text: &str) -> Result<Change, &'static str> {
    let catalogue = Catalogue::of_fresh_portal();
    let definition = catalogue.any(name).unwrap_or_else(|| panic!("no {name}"));
    check(definition, text, false).map(|checked| checked.change).map_err(|error| error.code())
}

fn accepted(name: &str, text: &str, stored: &str) {
    assert_eq!(verdict(name, text), Ok(Change::Set(stored.to_owned())), "{name} = {text}");
}

fn refused(name: &str, text: &str, code: &str) {
    assert_eq!(verdict(name, text), Err(code), "{name} = {text}");
}

#[test]
fn numbers() {
    for text in ["0", "42", "-7", "3.14", "007"] {
        accepted("favourite_number", text, text);
    }
    accepted("favourite_number", " 42 ", "42");
    for text in ["5,333,222", "23.345.567,23", "1e21", "1.", ".5", "NaN", "+1", "--1", "-"] {
        refused("favourite_number", text, "INVALID_INTEGER");
    }
}

#[test]
fn bools_and_options_are_exact() {
    accepted("newsletter_opt_in", "true", "true");
    for text in ["True", "TRUE", "yes", "1", "Yes"] {
        refused("newsletter_opt_in", text, "INVALID_OPTION");
    }
    accepted("membership_tier", "tier_2", "tier_2");
    refused("membership_tier", "Silver member", "INVALID_OPTION");
    refused("hs_lead_status", "new", "INVALID_OPTION");
    accepted("numemployees", "1-5", "1-5");
    refused("numemployees", "3", "INVALID_OPTION");
    accepted("hubspot_owner_id", "81426347", "81426347");
    refused("hubspot_owner_id", "owner@example.com", "INVALID_OPTION");
}

#[test]
fn several_options() {
    accepted("interests", "books;music", "books;music");
    refused("interests", "books; music", "INVALID_OPTION");
    refused("interests", "books;Music", "INVALID_OPTION");
    assert_eq!(verdict("interests", ";travel"), Ok(Change::Append(vec!["travel".to_owned()])));
    assert_eq!(verdict("interests", ""), Ok(Change::Clear));
}

#[test]
fn dates() {
    accepted("contract_end", "2026-11-23", "2026-11-23");
    accepted("contract_end", "1795392000000", "2026-11-23");
    accepted("contract_end", "2026-11-23T00:00:00Z", "2026-11-23");
    refused("contract_end", "1795392000001", "INVALID_DATE");
    refused("contract_end", "2026-11-23T10:00:00Z", "INVALID_DATE");
    refused("contract_end", "23/11/2026", "INVALID_LONG");
    accepted("last_login", "2020-02-29T03:30:17.000Z", "2020-02-29T03:30:17Z");
    accepted("last_login", "1582947017000", "2020-02-29T03:30:17Z");
    accepted("last_login", "1582947017", "1970-01-19T07:42:27.017Z");
    refused("last_login", "2020-02-29T03:30:17", "INVALID_LONG");
    refused("last_login", "2020-02-29", "INVALID_LONG");
}

#[test]
fn the_strict_version_normalises_dates() {
    let catalogue = Catalogue::of_fresh_portal();
    let definition = catalogue.any("contract_end").unwrap();
    let checked = check(definition, "2026-11-23T10:00:00Z", true).unwrap();
    assert_eq!(checked.change, Change::Set("2026-11-23".to_owned()));
    let warning = checked.warning.unwrap();
    assert_eq!(warning["category"], "PROPERTY_VALUE_NORMALIZED");
    assert_eq!(warning["context"]["normalizedValue"], "1795392000000");
    assert!(check(definition, "2026-11-23", true).unwrap().warning.is_none());
}

#[test]
fn texts() {
    accepted("annualrevenue", "lots", "lots");
    accepted("date_of_birth", "spring of 1970", "spring of 1970");
    accepted("firstname", " Ada ", " Ada ");
    accepted("phone", "+44 20 7946 0000 ext. 3", "+44 20 7946 0000 ext. 3");
    accepted("email", "Ada@Example.com", "ada@example.com");
    refused("email", "dsfsafas@", "INVALID_EMAIL");
    refused("firstname", "https://example.com", "INVALID_NAME");
    let longest = "ä".repeat(65_536);
    accepted("notes_long", &longest, &longest);
    refused("notes_long", &"x".repeat(65_537), "VALUE_TOO_LONG");
}

#[test]
fn what_cannot_be_written() {
    for name in ["createdate", "hs_email_optout", "hs_object_id", "hs_marketable_status", "hubspotscore"] {
        refused(name, "1", "READ_ONLY_VALUE");
        refused(name, "", "READ_ONLY_VALUE");
    }
}
