//! `BasicFunctionalityIntegrationTest`: records, streams and their states.

use serde_json::{Value, json};

use super::{
    super::support::{is_state, sandbox},
    Stream, address, connector, line, names, people, run_sync, run_to_its_end, text,
};

#[test]
fn test_basic_write() {
    let sandbox = sandbox();
    let stream = Stream::new("test_stream");
    let nulled = json!([{ "field": "foo", "change": "NULLED", "reason": "SOURCE_FIELD_SIZE_LIMITATION" }]);
    let record = json!({
        "namespace": stream.namespace, "stream": stream.name, "data": { "email": address(5678), "firstname": "Ada" },
        "emitted_at": 1234, "meta": { "changes": nulled },
    });
    let blob = json!({ "foo": "bar" });
    let lines = line("RECORD", "record", &record) + &stream.checkpoint(&blob, 1.0);
    let outcome = run_sync(&sandbox, std::slice::from_ref(&stream), &lines);
    let mut expected = stream.state(&blob, 1.0);
    expected["destinationStats"] = json!({ "recordCount": 1.0, "rejectedRecordCount": 0.0 });
    assert_eq!(outcome.states(), [expected]);
    assert_eq!(names(&sandbox), people([(5678, "Ada")]));
}

#[test]
fn test_namespaces() {
    let sandbox = sandbox();
    let stream = |namespace| Stream::new("test_stream").namespace(namespace);
    let streams = [stream(Some("one")), stream(Some("two")), stream(None)];
    let lines: String = streams
        .iter()
        .zip([1234, 5678, 91011])
        .map(|(stream, number)| {
            stream.person(number, "Ada") + &stream.checkpoint(&json!({ "at": number }), 1.0)
        })
        .collect();
    let outcome = run_sync(&sandbox, &streams, &lines);
    assert_eq!(names(&sandbox), people([(1234, "Ada"), (5678, "Ada"), (91011, "Ada")]));
    let states = outcome.states();
    for (stream, number) in streams.iter().zip([1234, 5678, 91011]) {
        let own = states.iter().find(|state| state["stream"]["stream_descriptor"] == stream.descriptor());
        let own = own.unwrap();
        assert_eq!(own["stream"]["stream_state"]["at"], number);
        assert_eq!(own["destinationStats"]["recordCount"], 1.0);
    }
}

#[test]
fn test_funky_characters() {
    let plain = |name: &str| Stream::new(name).fields(json!({ "email": text() }));
    let mut streams: Vec<Stream> = [
        "streamWithCamelCase",
        "stream_with_underscores",
        "STREAM_WITH_ALL_CAPS",
        "CapitalCase",
        "stream_with_spécial_character",
        "stream_name_with_operator+1",
        "1stream_with_a_leading_number",
        "c'est une belle histoire,./<>?'\";[]\\:{}|`~!@#$%^&*()_+-=",
    ]
    .map(plain)
    .into();
    // Each with the property that is made for it.
    let fields = [
        ("fieldWithCamelCase", "fieldwithcamelcase"),
        ("field_with_underscore", "field_with_underscore"),
        ("FIELD_WITH_ALL_CAPS", "field_with_all_caps"),
        ("field_with_spécial_character", "field_with_special_character"),
        ("field_name_with_operator+1", "field_name_with_operator_1"),
        ("field_name_with_numbers_123", "field_name_with_numbers_123"),
        ("1field_with_a_leading_number", "field_1field_with_a_leading_number"),
        ("order", "order"),
        ("ProperCase", "propercase"),
        ("Foo.Bar", "foo_bar"),
    ];
    let mut schema = json!({ "email": text() });
    for (field, _) in fields {
        schema[field] = text();
    }
    streams.push(Stream::new("stream_with_edge_case_field_names_and_values").fields(schema));
    streams.push(plain("streamWithSpecialCharactersInNamespace").namespace(Some("test_spøcial")));
    streams.push(plain("streamWithOperatorInNamespace").namespace(Some("test_operator-1")));

    let sandbox = sandbox();
    let row = |stream: &Stream, number: u32| {
        let mut data: Value = stream.fields.clone();
        for value in data.as_object_mut().unwrap().values_mut() {
            *value = json!("foo\nbar");
        }
        data["email"] = json!(address(number));
        stream.record(data) + &stream.checkpoint(&json!({ "at": number }), 1.0)
    };
    let lines: String = streams.iter().zip(0..).map(|(stream, number)| row(stream, number)).collect();
    // Twice: what was made the first time is found the second time.
    for round in 1..=2 {
        let connector = connector(&sandbox, &streams).set("unknown_fields", "create");
        let outcome = run_to_its_end(&connector, &streams, &lines);
        let mut answered: Vec<Value> =
            outcome.states().into_iter().map(|mut state| state["stream"].take()).collect();
        answered.sort_by_key(|state| state["stream_state"]["at"].as_u64());
        let sent: Vec<Value> = streams
            .iter()
            .zip(0..)
            .map(|(stream, at)| json!({ "stream_descriptor": stream.descriptor(), "stream_state": { "at": at } }))
            .collect();
        assert_eq!(answered, sent);
        assert_eq!(outcome.logs("property created").len(), if round == 1 { fields.len() } else { 0 });
    }
    assert_eq!(sandbox.contacts().len(), streams.len());
    let edge = sandbox.contact(&address(8)).unwrap();
    for (field, property) in fields {
        assert_eq!(edge.property(property), Some("foo\nbar"), "{field}");
    }
}

#[test]
fn test_funky_characters_dedup() {
    const END: &str = "~!@#$%^&*()`[]{}|;':\",./<>?";
    let sandbox = sandbox();
    let named = |name: &str| format!("{name}{END}");
    let mut stream = Stream::new("test_stream").fields(json!({
        named("id"): text(), named("updated_at"): { "type": "string", "format": "date-time" }, named("name"): text(),
    }));
    stream.primary_key = json!([[named("id")]]);
    let mappings = json!([
        { "stream": "test20261123abcd.test_stream", "field": named("id"), "property": "email" },
        { "field": named("name"), "property": "firstname" },
    ]);
    let row = |name: &str| {
        stream.record(json!({
            named("id"): address(1), named("updated_at"): "2000-01-01T00:00:00Z", named("name"): name,
        }))
    };
    let streams = [stream.clone()];
    let connector = connector(&sandbox, &streams).set("field_mappings", mappings);
    run_to_its_end(&connector, &streams, &(row("Alice1") + &row("Alice2")));
    assert_eq!(names(&sandbox), people([(1, "Alice2")]));
}

/// Rows of one key become one. What HubSpot keeps is the row that came last; nothing is deleted, so rows that the source marks
/// as deleted are rejected and the contact stays as it was.
#[test]
fn test_dedup() {
    let sandbox = sandbox();
    let mut stream = Stream::new("test_stream").generation(42, 0);
    stream.fields = json!({
        "email": text(), "updated_at": { "type": "string", "format": "date-time" }, "firstname": text(),
        "_ab_cdc_deleted_at": { "type": ["null", "string"], "format": "date-time" },
    });
    stream.cursor = vec!["updated_at"];
    let row = |number: u32, at: &str, name: &str| {
        let data = json!({ "email": address(number), "updated_at": at, "firstname": name, "_ab_cdc_deleted_at": null });
        stream.record(data)
    };
    let deletion = |number: u32, at: &str| {
        let data = json!({ "email": address(number), "updated_at": at, "_ab_cdc_deleted_at": "1970-01-01T00:00:00Z" });
        stream.record(data)
    };
    let streams = [stream.clone()];
    let lines = row(200, "2000-01-01T00:00:00Z", "Alice1")
        + &row(200, "2000-01-01T00:01:00Z", "Alice2")
        + &stream.record(
            json!({ "email": address(201), "updated_at": "2000-01-01T00:02:00Z", "firstname": "Bob1" }),
        )
        + &stream.checkpoint(&json!(1), 3.0);
    let outcome = run_sync(&sandbox, &streams, &lines);
    assert_eq!(outcome.counts(), [(3.0, 0.0)]);
    assert_eq!(names(&sandbox), people([(200, "Alice2"), (201, "Bob1")]));

    let lines = row(200, "2000-01-02T00:00:00Z", "Alice3")
        + &row(201, "2000-01-02T00:00:00Z", "Bob2")
        + &deletion(201, "2000-01-02T00:01:00Z")
        + &row(202, "2000-01-02T00:00:00Z", "Charlie1")
        + &deletion(202, "2000-01-02T00:01:00Z")
        + &deletion(203, "2000-01-02T00:01:00Z")
        + &stream.checkpoint(&json!(2), 6.0);
    let outcome = run_sync(&sandbox, &streams, &lines);
    assert_eq!(outcome.counts(), [(6.0, 0.0)]);
    assert_eq!(names(&sandbox), people([(200, "Alice3"), (201, "Bob2"), (202, "Charlie1")]));
    assert_eq!(outcome.logs("test_stream reason=deleted_in_source count=3").len(), 1, "{:#?}", outcome.lines);
}

#[test]
fn test_dedup_no_cursor() {
    let sandbox = sandbox();
    let streams = [Stream::new("test_stream")];
    for name in ["a", "b"] {
        run_sync(&sandbox, &streams, &streams[0].person(1234, name));
    }
    assert_eq!(names(&sandbox), people([(1234, "b")]));
}

/// The last arrival wins, whatever the cursor says.
#[test]
fn test_dedup_change_cursor() {
    let sandbox = sandbox();
    for (cursor, at) in [("cursor1", 2), ("cursor2", 1)] {
        let mut stream = Stream::new("test_stream").generation(42, 0);
        stream.fields[cursor] = json!({ "type": "integer" });
        stream.cursor = vec![cursor];
        let mut data = json!({ "email": address(1), "firstname": cursor });
        data[cursor] = json!(at);
        let line = stream.record(data);
        run_sync(&sandbox, &[stream], &line);
    }
    assert_eq!(names(&sandbox), people([(1, "cursor2")]));
}

/// The source's key is not the one of HubSpot, so changing it changes nothing.
#[test]
fn test_dedup_change_pk() {
    let sandbox = sandbox();
    for (second, name) in [("id2", "first"), ("id3", "second")] {
        let mut stream = Stream::new("test_stream").generation(42, 0);
        stream.fields["id1"] = json!({ "type": "integer" });
        stream.fields[second] = json!({ "type": "integer" });
        stream.primary_key = json!([["id1"], [second]]);
        let line = stream.record(json!({ "email": address(1), "id1": 1, second: 200, "firstname": name }));
        run_sync(&sandbox, &[stream], &line);
    }
    assert_eq!(names(&sandbox), people([(1, "second")]));
}

#[test]
fn test_many_streams_completion() {
    let sandbox = sandbox();
    let streams: Vec<Stream> =
        (0..=20).map(|number| Stream::new(&format!("test_stream_{number}")).generation(42, 42)).collect();
    let lines: String =
        streams.iter().zip(0..).map(|(stream, number)| stream.person(number, "Ada")).collect();
    let outcome = run_sync(&sandbox, &streams, &lines);
    assert_eq!(sandbox.contacts().len(), 21);
    assert!(outcome.summary().contains(" read=21 created=21 "), "{}", outcome.summary());
}

#[test]
fn test_no_data() {
    let sandbox = sandbox();
    let outcome = run_sync(&sandbox, &[Stream::new("test_stream")], "");
    assert!(outcome.state_lines().is_empty());
    assert!(sandbox.contacts().is_empty());
}

#[test]
fn test_clear() {
    let sandbox = sandbox();
    let stream = Stream::new("test_stream");
    run_sync(&sandbox, std::slice::from_ref(&stream), &stream.person(1, "Ada"));
    let global = json!({
        "type": "GLOBAL", "global": { "stream_states": [] }, "sourceStats": { "recordCount": 0.0 },
    });
    // What platforms ask for, with and without refreshes: no records, and states that have to come back.
    for mode in ["append", "overwrite", "append_dedup"] {
        let cleared = [Stream { mode, ..stream.generation(1, 1) }];
        let lines = line("STATE", "state", &global) + &cleared[0].checkpoint(&json!(null), 0.0);
        let outcome = run_sync(&sandbox, &cleared, &lines.repeat(2));
        assert_eq!(outcome.counts(), [(0.0, 0.0); 4]);
        assert_eq!(outcome.logs("stay").len(), 1, "{:#?}", outcome.lines);
        assert_eq!(names(&sandbox), people([(1, "Ada")]), "contacts are never deleted");
    }
}

/// One state for all streams, one of which is not in the catalog: the records of each stream count into it.
#[test]
fn test_cdc_state_types() {
    let sandbox = sandbox();
    let streams = ["test_stream", "test_stream_2", "test_stream_3"].map(Stream::new);
    let states: Vec<Value> = streams
        .iter()
        .map(|stream| json!({ "stream_descriptor": stream.descriptor(), "stream_state": { "a": "state" } }))
        .chain([json!({ "stream_descriptor": { "name": "stream-not-present-in-catalog", "namespace": "n" }, "stream_state": {} })])
        .collect();
    let global = |id: u64, records: f64| {
        json!({
            "type": "GLOBAL", "global": { "shared_state": { "shared": "state" }, "stream_states": states },
            "sourceStats": { "recordCount": records }, "id": id, "partition_id": "outer_partition",
        })
    };
    let [one, two, three] = &streams;
    let lines = one.person(1, "a")
        + &two.person(2, "b")
        + &two.person(3, "c")
        + &three.person(4, "d")
        + &line("STATE", "state", &global(1, 4.0))
        + &one.person(5, "e")
        + &two.person(6, "f")
        + &three.person(7, "g")
        + &line("STATE", "state", &global(2, 3.0));
    let outcome = run_sync(&sandbox, &streams, &lines);
    let mut expected = [global(1, 4.0), global(2, 3.0)];
    for (state, count) in expected.iter_mut().zip([4.0, 3.0]) {
        state["destinationStats"] = json!({ "recordCount": count, "rejectedRecordCount": 0.0 });
    }
    assert_eq!(outcome.states(), expected);
    assert!(outcome.lines.iter().all(|line| !is_state(line) || line.contains("partition_id")));
    assert_eq!(sandbox.contacts().len(), 7);
}
