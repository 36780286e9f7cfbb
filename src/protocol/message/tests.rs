//! What is read of a line of the protocol, and how a state goes back. Not here: the lines of a stream, in `io/input`.

use proptest::prelude::*;

use super::*;

fn record(line: &str) -> Record<'_> {
    match parse(line.as_bytes()) {
        Ok(Message::Record(record)) => record,
        other => panic!("{line}: {other:?}"),
    }
}

fn state(line: &str) -> State {
    match parse(line.as_bytes()) {
        Ok(Message::State(state)) => state,
        other => panic!("{line}: {other:?}"),
    }
}

fn state_line(object: &str) -> String {
    format!(r#"{{"type":"STATE","state":{object}}}"#)
}

fn acknowledged(object: &str) -> String {
    state(&state_line(object)).acknowledge(StateCounts { written: 98, rejected: 2, ..StateCounts::default() })
}

const COUNTS: &str = r#"{"recordCount":98.0,"rejectedRecordCount":2.0}"#;

#[test]
fn a_record_is_borrowed_and_its_data_untouched() {
    let line = r#"{"type":"RECORD","record":{"namespace":"public","stream":"users","data":{ "n":1e400,"n":2 },"emitted_at":1700000000000}}"#;
    let record = record(line);
    assert!(matches!(record.stream, Cow::Borrowed("users")));
    assert!(matches!(record.namespace, Some(Cow::Borrowed("public"))));
    assert_eq!(record.data.get(), r#"{ "n":1e400,"n":2 }"#);
    assert!(record.is_of(&StreamId::new("users", Some("public"))));
    assert!(!record.is_of(&StreamId::new("users", None)));
    assert_eq!(record.stream_id(), StreamId::new("users", Some("public")));
    assert_eq!(record.stream_id().to_string(), "public.users");
}

#[test]
fn real_senders_are_understood() {
    for line in [
        // All nulls explicit, as PyAirbyte writes them; seconds with a fraction.
        r#"{"type":"RECORD","log":null,"spec":null,"record":{"namespace":null,"stream":"users","data":{},"emitted_at":1795448290.04,"meta":null,"file_reference":null},"state":null,"global_":null,"global_":null}"#,
        // Escaped keys and text, any order, unknown members, an empty namespace.
        r#"{"x":[1e400,{"type":"LOG"}],"record":{"data":{},"stre\u0061m":"us\u0065rs","namespace":"","emitted_at":[{}]},"t\u0079pe":"REC\u004fRD"}"#,
        // Of duplicates the last counts, on every level.
        r#"{"type":"LOG","record":7,"type":"RECORD","record":{"stream":1,"data":[],"stream":"users","data":{"a":1},"data":{}}}"#,
        " {\"type\" : \"RECORD\",\r\"record\" : { \"stream\" : \"users\" , \"data\" : {} } } ",
    ] {
        let record = record(line);
        assert!(record.is_of(&StreamId::new("users", None)), "{line}");
        assert_eq!(record.data.get(), "{}", "{line}");
    }
}

#[test]
fn other_types_are_not_looked_into() {
    let parsed = |kind: &str| {
        let line = format!(r#"{{"type":"{kind}","record":3,"state":[],"log":{{"n":-1e999}}}}"#);
        parse(line.as_bytes()).map(|message| format!("{message:?}"))
    };
    for kind in OTHER_TYPES {
        assert_eq!(parsed(kind).as_deref(), Ok("Ignored"), "{kind}");
    }
    assert_eq!(parsed("NEW_TYPE").as_deref(), Ok("Unknown"), "a type of a later protocol");
    for kind in ["record", "Record", "", " RECORD", "company"] {
        assert_eq!(parsed(kind), Err(Malformed::ForeignType), "{kind}");
    }
    assert!(matches!(parse(b"{\"log\":\"caf\xe9\",\"type\":\"LOG\"}"), Ok(Message::Ignored)));
}

#[test]
fn malformed_lines_say_what_is_wrong_and_not_what_they_hold() {
    use Malformed::*;
    for (line, expected) in [
        ("{\"unparseable", Cut),
        ("", Cut),
        ("secret", NotJson { column: 1 }),
        ("{\"a\":1} secret", NotJson { column: 9 }),
        ("[\"secret\"]", NotAnObject),
        ("\"secret\"", NotAnObject),
        ("1e400", NotJson { column: 5 }),
        ("{}", NoType),
        (r#"{"type":null}"#, NoType),
        (r#"{"type":{"secret":1}}"#, NoType),
        (r#"{"type":"RECORD"}"#, NoRecord),
        (r#"{"type":"RECORD","record":null}"#, NoRecord),
        (r#"{"type":"RECORD","record":"secret"}"#, NoRecord),
        (r#"{"type":"RECORD","record":{"data":{}}}"#, RecordWithoutStream),
        (r#"{"type":"RECORD","record":{"stream":"\ud800","data":{}}}"#, RecordWithoutStream),
        (r#"{"type":"RECORD","record":{"stream":"secret"}}"#, RecordWithoutData),
        (r#"{"type":"RECORD","record":{"stream":"s","data":[]}}"#, RecordWithoutData),
        (r#"{"type":"RECORD","record":{"stream":"s","data":{},"namespace":7}}"#, NamespaceNotText),
        (r#"{"type":"STATE"}"#, NoState),
        (r#"{"type":"STATE","state":"secret"}"#, NoState),
        (r#"{"type":"STATE","state":{"type":"STREAM"}}"#, StateWithoutStream),
        (
            r#"{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{}}}}"#,
            StateWithoutStream,
        ),
    ] {
        let malformed = parse(line.as_bytes()).expect_err(line);
        assert_eq!(malformed, expected, "{line}");
        assert!(!malformed.to_string().contains("secret"));
    }
    assert_eq!(parse(b"{\"type\":\"RECORD\",\"record\":\"\xff\"}").expect_err("bytes"), NotUtf8);
}

#[test]
fn depth_costs_no_stack() {
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let nested = deep(1_000_000);
    let line = format!(
        r#"{{"type":"RECORD","x":{nested},"record":{{"stream":"s","data":{{"a":{nested}}},"meta":{nested}}}}}"#
    );
    assert_eq!(record(&line).data.get().len(), nested.len() + 6);
    assert!(matches!(parse(nested.as_bytes()), Err(Malformed::NotAnObject)));
    let open = format!(r#"{{"type":"STATE","state":{}"#, "{\"a\":".repeat(100_000));
    assert!(matches!(parse(open.as_bytes()), Err(Malformed::Cut)));
    assert!(acknowledged(&format!(r#"{{"data":{nested}}}"#)).contains(&nested));
}

#[test]
fn scopes_are_the_stream_or_everything() {
    let scope = |object: &str| state(&state_line(object)).scope().clone();
    let users = |namespace| StateScope::Stream(StreamId::new("users", namespace));
    assert_eq!(
        scope(r#"{"type":"STREAM","stream":{"stream_descriptor":{"name":"users","namespace":"public"}}}"#),
        users(Some("public"))
    );
    assert_eq!(
        scope(r#"{"stream":{"stream_descriptor":{"namespace":null,"name":"users"}},"type":"STREAM","id":1}"#),
        users(None)
    );
    for object in [
        "{}",
        r#"{"type":"GLOBAL","global":{"shared_state":{},"stream_states":[]}}"#,
        r#"{"type":"LEGACY","data":{}}"#,
        r#"{"type":null,"data":{}}"#,
        r#"{"type":"NEW"}"#,
        r#"{"stream":{"stream_descriptor":{"name":"users"}}}"#,
    ] {
        assert_eq!(scope(object), StateScope::AllStreams, "{object}");
    }
}

#[test]
fn an_acknowledgement_keeps_the_state_and_adds_the_counts() {
    for (object, expected) in [
        ("{}", format!(r#"{{"destinationStats":{COUNTS}}}"#)),
        ("{ }", format!(r#"{{ "destinationStats":{COUNTS}}}"#)),
        ("{\"id\":7 \t}", format!("{{\"id\":7 \t,\"destinationStats\":{COUNTS}}}")),
        (
            r#"{"b":{"destinationStats":null},"a":12345678901234567890.123456789,"id":9,"id":9}"#,
            format!(
                r#"{{"b":{{"destinationStats":null}},"a":12345678901234567890.123456789,"id":9,"id":9,"destinationStats":{COUNTS}}}"#
            ),
        ),
        (r#"{"destinationStats": null ,"id":1}"#, format!(r#"{{"destinationStats": {COUNTS} ,"id":1}}"#)),
        (
            r#"{"destinationStats":{"recordCount":1.0},"id":1,"destination\u0053tats":[2]}"#,
            format!(r#"{{"destinationStats":{COUNTS},"id":1,"destination\u0053tats":{COUNTS}}}"#),
        ),
    ] {
        assert_eq!(acknowledged(object), state_line(&expected));
    }
    let size = state(&state_line(r#"{"id":7}"#)).size();
    assert_eq!(size, r#"{"id":7,"destinationStats":}"#.len());
}

proptest! {
    #[test]
    fn any_state_comes_back_byte_for_byte(
        made in proptest::collection::vec(
            (
                prop_oneof!["\"destinationStats\"", "\"destination\\\\u0053tats\"", "\"[a-z é\\\\\\\\]{0,3}x\"", "\"id\""],
                "[ \t\r]{0,2}",
                prop_oneof!["null", "\\{\\}", "-?[1-9][0-9]{0,30}(\\.[0-9]{1,20})?", "\"[a-z{},é]{0,9}\"", "\\{\"destinationStats\": [12]\\}"],
            ),
            0..6,
        ),
        space in "[ \t\r]{0,2}",
    ) {
        // A key's backslashes must come in pairs, or it would be no JSON.
        let made: Vec<_> = made.into_iter().filter(|(key, ..)| serde_json::from_str::<String>(key).is_ok()).collect();
        let object = |replaced: bool| {
            let members: Vec<String> = made
                .iter()
                .map(|(key, space, value)| {
                    let is_stats = serde_json::from_str::<String>(key).is_ok_and(|key| key == STATS);
                    format!("{key}{space}:{space}{}{space}", if replaced && is_stats { COUNTS } else { value })
                })
                .collect();
            format!("{{{space}{}{space}", members.join(","))
        };
        let (sent, kept) = (object(false), object(true));
        let has_stats = made.iter().any(|(key, ..)| serde_json::from_str::<String>(key).is_ok_and(|key| key == STATS));
        let expected = match (has_stats, made.is_empty()) {
            (true, _) => format!("{kept}}}"),
            (false, true) => format!("{kept}\"destinationStats\":{COUNTS}}}"),
            (false, false) => format!("{kept},\"destinationStats\":{COUNTS}}}"),
        };
        prop_assert_eq!(acknowledged(&format!("{sent}}}")), state_line(&expected));
    }

    #[test]
    fn no_line_is_too_odd(line in proptest::collection::vec(any::<u8>(), 0..60)) {
        prop_assert!(parse(&line).is_err());
    }

    #[test]
    fn no_cut_line_is_taken_for_whole(cut in 0_usize..118) {
        let line = r#"{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"usérs"},"stream_state":{"a":[1]}},"id":1}}"#;
        prop_assert!(matches!(parse(&line.as_bytes()[..cut]), Err(Malformed::Cut | Malformed::NotUtf8)));
    }
}
