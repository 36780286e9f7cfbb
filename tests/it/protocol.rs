//! What may stand on standard input and on the command line, and how it is answered.

use serde_json::{Value, json};

use super::support::{
    Connector, people, people_of, record, record_of, run, sandbox, state, state_line, state_of, upserts,
};

const PYAIRBYTE_CATALOG: &str = include_str!("../data/pyairbyte_catalog.json");
const PYAIRBYTE_CACHED: &str = include_str!("../data/pyairbyte_users.jsonl");
const PYAIRBYTE_UNCACHED: &str = include_str!("../data/pyairbyte_users_uncached.jsonl");

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// A catalog stream that declares an address and a name.
fn stream(name: &str, namespace: &Value) -> Value {
    json!({
        "stream": {
            "name": name, "namespace": namespace,
            "json_schema": { "properties": { "email": { "type": "string" }, "firstname": { "type": "string" } } },
        },
        "sync_mode": "incremental", "destination_sync_mode": "append_dedup", "primary_key": [["id"]],
    })
}

/// A record line whose `record` has these members besides the data.
fn record_with(email: &str, members: &str) -> String {
    format!("{{\"type\":\"RECORD\",\"record\":{{\"data\":{{\"email\":\"{email}\"}},{members}}}}}\n")
}

#[test]
fn what_pyairbyte_sends_is_written_and_every_state_comes_back() {
    for (input, counts) in
        [(PYAIRBYTE_CACHED, vec![(5.0, 0.0)]), (PYAIRBYTE_UNCACHED, vec![(4.0, 0.0), (1.0, 0.0)])]
    {
        let sandbox = sandbox();
        let outcome = Connector::new(&sandbox).catalog(json_of(PYAIRBYTE_CATALOG)).write(input);
        outcome.assert_success();
        assert_eq!(outcome.counts(), counts);
        let mut sent: Vec<String> = Vec::new();
        let lines: Vec<Value> = input.lines().map(json_of).collect();
        for line in lines.iter().filter(|line| line["type"] == "RECORD") {
            sent.push(line["record"]["data"]["email"].as_str().unwrap().to_lowercase());
        }
        sent.sort();
        let stored: Vec<String> = sandbox.contacts().into_iter().map(|contact| contact.email).collect();
        assert_eq!(stored, sent);
        // Everything about a state is as it came, but for the counts.
        let states = lines.into_iter().filter(|line| line["type"] == "STATE");
        let expected: Vec<Value> = states
            .zip(outcome.states())
            .map(|(mut line, answered)| {
                line["state"]["destinationStats"] = answered["destinationStats"].clone();
                line["state"].take()
            })
            .collect();
        assert_eq!(outcome.states(), expected);
        // Each of its syncs asks for the contacts of before to be deleted.
        assert_eq!(outcome.logs("that removes nothing from HubSpot").len(), 1);
    }
}

#[test]
fn the_counts_stand_where_a_null_stood_even_if_keys_occur_twice() {
    let sandbox = sandbox();
    let outcome = Connector::new(&sandbox).catalog(json_of(PYAIRBYTE_CATALOG)).write(PYAIRBYTE_CACHED);
    let sent = PYAIRBYTE_CACHED.lines().find(|line| line.contains("\"STATE\"")).unwrap();
    let (_, object) = sent.split_once("\"state\":").unwrap();
    let (object, _) = object.split_once(",\"trace\":").unwrap();
    let counted = object.replace(
        "\"destinationStats\":null",
        "\"destinationStats\":{\"recordCount\":5.0,\"rejectedRecordCount\":0.0}",
    );
    assert_eq!(object.matches("global_").count(), 2, "the data has what this is about");
    assert_eq!(outcome.state_lines(), [format!("{{\"type\":\"STATE\",\"state\":{counted}}}")]);
}

#[test]
fn records_in_odd_forms_are_written() {
    let sandbox = sandbox();
    let input = record_with("float@example.com", r#""stream":"users","emitted_at":1795448290.04"#)
        + &record_with("seconds@example.com", r#""stream":"users","emitted_at":1795448290"#)
        + &record_with("untimed@example.com", r#""stream":"users""#)
        + &record_with("twice@example.com", r#""stream":"other","meta":null,"stream":"users","meta":null"#)
        + "{\"type\":\"LOG\",\"type\":\"RECORD\",\"record\":{\"stream\":\"users\",\"data\":{\"email\":\"no\",\"email\":\"last@example.com\"}}}\n"
        + &record_with("extra@example.com", r#""stream":"users","partition_id":"a1","meta":{"changes":[]}"#);
    let outcome = Connector::new(&sandbox).streams(&[("users", &["email"])]).write(&input);
    outcome.assert_success();
    let names: Vec<String> = sandbox.contacts().into_iter().map(|contact| contact.email).collect();
    assert_eq!(names.join(" ").replace("@example.com", ""), "extra float last seconds twice untimed");
}

#[test]
fn a_namespace_that_is_null_missing_or_empty_is_none() {
    let sandbox = sandbox();
    let input = record_with("null@example.com", r#""stream":"users","namespace":null"#)
        + &record_with("missing@example.com", r#""stream":"users""#)
        + &record_with("empty@example.com", r#""stream":"users","namespace":"""#)
        + &state_line(r#"{"type":"STREAM","stream":{"stream_descriptor":{"name":"users","namespace":""}}}"#)
        + &state_line(
            r#"{"type":"STREAM","stream":{"stream_descriptor":{"name":"users","namespace":null}}}"#,
        );
    for namespace in [json!(null), json!("")] {
        let catalog = json!({ "streams": [stream("users", &namespace)] });
        let outcome = Connector::new(&sandbox).catalog(catalog).write(&input);
        outcome.assert_success();
        assert_eq!(outcome.counts(), [(3.0, 0.0), (0.0, 0.0)]);
        assert_eq!(sandbox.contacts().len(), 3);
    }
}

#[test]
fn streams_of_one_name_in_several_namespaces_are_counted_apart() {
    let sandbox = sandbox();
    let state = |namespace: &str| {
        state_line(&format!(
            r#"{{"type":"STREAM","stream":{{"stream_descriptor":{{"name":"users"{namespace}}}}}}}"#
        ))
    };
    let input = record_with("a1@example.com", r#""stream":"users","namespace":"a""#)
        + &record_with("b1@example.com", r#""stream":"users","namespace":"b""#)
        + &record_with("none@example.com", r#""stream":"users""#)
        + &record_with("a2@example.com", r#""stream":"users","namespace":"a""#)
        + &state(r#","namespace":"b""#)
        + &state(r#","namespace":"a""#)
        + &state("");
    let streams = [stream("users", &json!("a")), stream("users", &json!("b")), stream("users", &json!(null))];
    let outcome = Connector::new(&sandbox).catalog(json!({ "streams": streams })).write(&input);
    outcome.assert_success();
    assert_eq!(outcome.counts(), [(1.0, 0.0), (2.0, 0.0), (1.0, 0.0)]);
    let namespaces = outcome
        .states()
        .into_iter()
        .map(|mut state| state["stream"]["stream_descriptor"]["namespace"].take());
    assert_eq!(namespaces.collect::<Vec<_>>(), [json!("b"), json!("a"), json!(null)]);
    assert_eq!(sandbox.contacts().len(), 4);
}

#[test]
fn messages_of_other_types_are_passed_over() {
    let sandbox = sandbox();
    let mut input = String::new();
    for line in [
        r#"{"type":"LOG","log":{"level":"INFO","message":"hello"}}"#,
        r#"{"type":"TRACE","trace":{"type":"ERROR","emitted_at":1.5,"error":{"message":"of the source"}}}"#,
        r#"{"type":"TRACE","trace":{"type":"STREAM_STATUS","stream_status":{"status":"COMPLETE","stream_descriptor":{"name":"users"}}}}"#,
        r#"{"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","connectorConfig":{"config":{}}}}"#,
        r#"{"type":"CATALOG","catalog":{"streams":[]}}"#,
        r#"{"type":"SPEC","spec":{}}"#,
        r#"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"FAILED"}}"#,
        r#"{"type":"SOMETHING_NEW","record":{"stream":"users","data":{"email":"new@example.com"}}}"#,
    ] {
        input += &record(json!({ "email": format!("user{}@example.com", line.len()) }));
        input += line;
        input.push('\n');
    }
    let outcome = Connector::new(&sandbox).streams(&[("users", &["email"])]).write(&(input + &state(1)));
    outcome.assert_success();
    assert_eq!(outcome.counts(), [(8.0, 0.0)]);
    assert_eq!(sandbox.contacts().len(), 8);
    let kinds = outcome.messages().into_iter().map(|message| message["type"].as_str().unwrap().to_owned());
    assert!(kinds.into_iter().all(|kind| ["LOG", "STATE"].contains(&kind.as_str())), "{:#?}", outcome.lines);
}

#[test]
fn blank_lines_carriage_returns_a_byte_order_mark_and_a_missing_last_line_feed_are_no_trouble() {
    let sandbox = sandbox();
    let lines = people(0..3) + &state(1);
    let input = format!("\u{feff}\r\n\n{}  \t\r\n", lines.replace('\n', "\r\n\r\n")) + state(2).trim_end();
    let outcome = Connector::new(&sandbox).write(&input);
    outcome.assert_success();
    assert_eq!(outcome.counts(), [(3.0, 0.0), (0.0, 0.0)]);
    assert_eq!(sandbox.contacts().len(), 3);
    // Bytes before the first line's brace would be an error too.
    Connector::new(&sandbox)
        .write(&format!("\u{feff}{}", record(json!({ "email": "bom@example.com" }))))
        .assert_success();
    assert!(sandbox.contact("bom@example.com").is_some());
}

#[test]
fn an_unparseable_line_ends_the_sync_after_what_is_in_flight_has_settled() {
    let sandbox = sandbox();
    let bad =
        "{\"type\":\"RECORD\",\"record\":{\"stream\":\"users\",\"data\":{\"email\":\"hidden@example.com\"\n";
    let input = people(0..100) + &state(1) + &people(100..101) + bad + &people(101..300) + &state(2);
    let outcome = Connector::new(&sandbox).unscaled().write(&input);
    let message = outcome.assert_failure("system_error");
    assert!(message.contains("Line 103 "), "{message}");
    assert!(!outcome.lines.concat().contains("hidden"));
    assert_eq!(outcome.state_ids(), [1]);
    assert_eq!(outcome.counts(), [(100.0, 0.0)]);
    assert_eq!((sandbox.contacts().len(), upserts(&sandbox)), (100, 1));
    assert!(outcome.lines.last().unwrap().starts_with("{\"type\":\"TRACE\""), "the error comes last");
}

#[test]
fn a_record_of_a_stream_that_is_not_in_the_catalog_is_an_error_of_the_catalog() {
    let sandbox = sandbox();
    let input = people(0..100) + &state(1) + &people_of("strangers", 0..1) + &people(100..200) + &state(2);
    let outcome = Connector::new(&sandbox).streams(&[("users", &["email"])]).write(&input);
    let message = outcome.assert_failure("config_error");
    assert!(message.contains("`strangers`"), "{message}");
    assert_eq!(outcome.errors()[0]["stream_descriptor"], json!({ "name": "strangers" }));
    assert_eq!(outcome.state_ids(), [1]);
    assert_eq!(sandbox.contacts().len(), 100);
}

#[test]
fn a_state_of_a_stream_that_is_not_in_the_catalog_comes_back() {
    let sandbox = sandbox();
    let input = people(0..1) + &state_of("strangers", 7) + &state(8) + &state_of("strangers", 9);
    let outcome = Connector::new(&sandbox).streams(&[("users", &["email"])]).write(&input);
    outcome.assert_success();
    let mut counts: Vec<_> = outcome.state_ids().into_iter().zip(outcome.counts()).collect();
    counts.sort_by_key(|(id, _)| *id);
    assert_eq!(counts, [(7, (0.0, 0.0)), (8, (1.0, 0.0)), (9, (0.0, 0.0))]);
}

#[test]
fn a_catalog_that_cannot_be_served_is_refused_before_any_request() {
    let sandbox = sandbox();
    let mode = |mode: &str| {
        let mut stream = stream("users", &json!("public"));
        stream["destination_sync_mode"] = json!(mode);
        json!({ "streams": [stream] }).to_string()
    };
    let twice =
        json!({ "streams": [stream("users", &json!("")), stream("users", &json!(null))] }).to_string();
    for (catalog, parts) in [
        (mode("sideways"), vec!["public.users", "does not exist", "Deduped", "primary key"]),
        (twice, vec!["\"users\" more than once"]),
        ("{\"streams\": [".to_owned(), vec!["catalog", "line 1, column 13"]),
        ("secret".to_owned(), vec!["catalog", "JSON"]),
        ("{}".to_owned(), vec!["`streams`"]),
    ] {
        let outcome = Connector::new(&sandbox).text("catalog.json", &catalog).write(&people(0..1));
        let message = outcome.assert_failure("config_error");
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
        assert!(!message.contains("secret"));
    }
    assert!(sandbox.requests().is_empty());
}

#[test]
fn a_record_in_another_mode_ends_the_sync_and_fails_a_check_and_others_are_settled() {
    let sandbox = sandbox();
    let catalog = |mode: &str| {
        let mut other = stream("others", &json!("public"));
        other["destination_sync_mode"] = json!(mode);
        json!({ "streams": [stream("users", &json!(null)), other] })
    };
    let of_others = people_of("others", 0..1).replace("\"stream\"", "\"namespace\":\"public\",\"stream\"");
    for mode in ["overwrite", "append", "update"] {
        let connector = || Connector::new(&sandbox).catalog(catalog(mode));
        let outcome =
            connector().write(&(people(0..100) + &state(1) + &of_others + &people(100..200) + &state(2)));
        let message = outcome.assert_failure("config_error");
        let parts = ["public.others", mode, "primary key", "Incremental | Append + Deduped"];
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
        assert_eq!(outcome.errors()[0]["stream_descriptor"]["name"], "others");
        assert_eq!(outcome.state_ids(), [1]);
        let (status, message) = connector().check().connection_status();
        assert_eq!(status, "FAILED");
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    }
    assert_eq!(sandbox.contacts().len(), 100);
}

#[test]
fn files_that_cannot_be_read_are_errors_of_the_configuration() {
    for arguments in [
        ["write", "--config", "no/such/config.json"].as_slice(),
        &["write", "--catalog", "no/such/catalog.json", "--config", "examples/data/config.json"],
    ] {
        let message = run(arguments).assert_failure("config_error");
        let argument = if arguments.len() == 3 { "`--config`" } else { "`--catalog`" };
        assert!(message.contains(argument) && message.contains("no/such/"), "{message}");
    }
}

#[test]
fn wrong_arguments_are_told_on_standard_error_and_exit_with_2() {
    for arguments in [
        [].as_slice(),
        &["bogus"],
        &["write"],
        &["check"],
        &["write", "--config"],
        &["check", "--config", "a", "--wrong"],
        &["spec", "--config", "a"],
    ] {
        let outcome = run(arguments);
        assert_eq!(outcome.code, Some(2), "{arguments:?}");
        assert!(outcome.lines.is_empty(), "{:#?}", outcome.lines);
        assert!(outcome.stderr.contains("--help"), "{}", outcome.stderr);
    }
}

#[test]
fn help_names_every_command() {
    let outcome = run(&["--help"]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
    let text = outcome.lines.join("\n");
    assert!(["spec", "check", "write", "HubSpot"].iter().all(|word| text.contains(word)), "{text}");
    assert_eq!(run(&["write", "--help"]).code, Some(0));
    assert_eq!(run(&["--version"]).lines, [concat!("destination-hubspot ", env!("CARGO_PKG_VERSION"))]);
}

#[test]
fn spec_prints_the_specification_and_nothing_else() {
    let outcome = run(&["spec"]);
    outcome.assert_success();
    let [message] = &outcome.messages()[..] else { panic!("{:#?}", outcome.lines) };
    assert_eq!(*message, json!({ "type": "SPEC", "spec": json_of(include_str!("../../spec.json")) }));
}

#[test]
fn a_line_of_ten_mebibytes_is_written() {
    let sandbox = sandbox();
    let large =
        record(json!({ "email": "large@example.com", "firstname": "Ada", "blob": "x".repeat(10 << 20) }));
    let outcome = Connector::new(&sandbox).write(&(people(0..2) + &large + &people(2..4) + &state(1)));
    outcome.assert_success();
    assert_eq!(outcome.counts(), [(5.0, 0.0)]);
    assert_eq!(sandbox.contact("large@example.com").unwrap().property("firstname"), Some("Ada"));
    assert_eq!(outcome.logs("fields left out stream=users fields=blob").len(), 1);
}

#[test]
fn a_line_of_more_than_twenty_mebibytes_is_refused_by_its_number() {
    let sandbox = sandbox();
    let large = record(json!({ "email": "large@example.com", "blob": "x".repeat(20 << 20) }));
    let outcome = Connector::new(&sandbox).write(&(people(0..100) + &state(1) + &large + &state(2)));
    let message = outcome.assert_failure("system_error");
    assert!(message.contains("Line 102 ") && message.contains("20 MiB"), "{message}");
    assert_eq!(outcome.state_ids(), [1]);
    assert_eq!(sandbox.contacts().len(), 100);
}

#[test]
fn funky_characters_in_names_of_streams_and_fields_are_kept_apart_and_mapped() {
    const FIELDS: [&str; 6] =
        ["field with spaces", "quote\"d", "back\\slash", "naïve_字段_🚀", "UPPER.lower-`tick`", "{$}[%]&#'"];
    let sandbox = sandbox();
    let names = ["stream with spaces", "s\"quoted\\", "поток_流_🌊", "~!@#$%^&*()`-+={}[]|;':,.<>/?"];
    let streams: Vec<(&str, &[&str])> = names.iter().map(|name| (*name, ["email"].as_slice())).collect();
    let properties = ["firstname", "lastname", "city", "company", "country", "jobtitle"];
    let mappings = FIELDS
        .iter()
        .zip(properties)
        .map(|(field, property)| json!({ "field": field, "property": property }));
    let mut input = String::new();
    for (number, name) in (1..).zip(names) {
        let mut data = json!({ "email": format!("funky{number}@example.com"), "left \"out\"\\": 1 });
        for field in FIELDS {
            data[field] = json!(format!("{field} {number}"));
        }
        input += &record_of(name, data);
        input += &state_of(name, number);
    }
    let connector =
        Connector::new(&sandbox).streams(&streams).set("field_mappings", mappings.collect::<Vec<_>>());
    let outcome = connector.write(&input);
    outcome.assert_success();
    let mut ids = outcome.state_ids();
    ids.sort_unstable();
    assert_eq!(ids, [1, 2, 3, 4]);
    for number in 1..=4 {
        let contact = sandbox.contact(&format!("funky{number}@example.com")).unwrap();
        for (field, property) in FIELDS.iter().zip(properties) {
            assert_eq!(contact.property(property), Some(&*format!("{field} {number}")));
        }
    }
    for name in names {
        let unmapped: Vec<String> = outcome.logs(&format!("stream={name}"));
        let unmapped = unmapped.iter().filter(|line| line.starts_with("fields left out")).count();
        assert_eq!(unmapped, 1, "{name}: {:#?}", outcome.lines);
    }
}

#[test]
fn without_a_catalog_every_stream_is_taken() {
    let sandbox = sandbox();
    let input = people_of("a", 0..2)
        + &people_of("b", 0..3)
        + &state_of("b", 1)
        + &people_of("a", 2..3)
        + &state_of("a", 2);
    let outcome = Connector::new(&sandbox).write(&input);
    outcome.assert_success();
    assert_eq!(outcome.state_ids(), [1, 2]);
    assert_eq!(outcome.counts(), [(3.0, 0.0), (3.0, 0.0)]);
    assert_eq!(sandbox.contacts().len(), 6);
}

#[test]
fn rows_that_are_no_messages_are_answered_with_the_form_that_is_wanted() {
    let sandbox = sandbox();
    let wanted = r#"{"type":"RECORD","record":{"stream":"users","data":{…}}}"#;
    let wrapped = r#"{type:"RECORD",record:{stream:"users",data:.,emitted_at:0}}"#;
    for (input, kind) in [
        ("{\"email\":\"secret@example.com\",\"id\":1}\n", "a plain row in JSON"),
        ("\n{\n  \"email\": \"secret@example.com\"\n}\n", "JSON over several lines"),
        ("[{\"email\":\"secret@example.com\"}]\n", "a list in JSON"),
        ("[\n{\"email\":\"secret@example.com\"}\n]\n", "a list in JSON"),
        ("id,email,secret\n1,secret@example.com,x\n", "CSV with commas"),
        ("id;email\n1;secret@example.com\n", "CSV with semicolons"),
        ("id\temail\n1\tsecret@example.com\n", "CSV with tabs"),
    ] {
        let message = Connector::new(&sandbox).write(input).assert_failure("config_error");
        assert!(message.contains(kind) && message.contains(wanted) && message.contains(wrapped), "{message}");
        assert!(message.contains("jq -c '") && !message.contains("secret"), "{message}");
    }
    // In the middle of a sync, it is a fault of the source.
    let message =
        Connector::new(&sandbox).write(&(people(0..1) + "id,email\n")).assert_failure("system_error");
    assert!(message.contains("Line 2 of the input is not JSON"), "{message}");
}

#[test]
fn an_unknown_log_level_is_told_once() {
    let sandbox = sandbox();
    for (level, told) in [("loud", 1), ("INFO", 0), ("", 0), (" debug ", 0)] {
        let outcome = Connector::new(&sandbox).variable("LOG_LEVEL", level).write(&people(0..1));
        outcome.assert_success();
        let warnings = outcome.logs("LOG_LEVEL");
        assert_eq!(warnings.len(), told, "{level}: {warnings:#?}");
        assert!(warnings.iter().all(
            |warning| warning.contains("`loud`") && warning.contains("error, warn, info, debug or trace")
        ));
    }
}
