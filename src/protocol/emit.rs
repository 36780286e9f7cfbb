//! The lines of our own making: logs, errors, the answers of `check` and `spec`.
//!
//! Each is compact JSON with `type` first, for `PyAirbyte` finds errors by the text `{"type":"TRACE"`; none holds a
//! line break, and no text for people holds what could deceive them. Not here: states, which are answered in [`message`](super::message), and writing.

use super::catalog::DestinationMode;
use serde_json::{Value, json};

use crate::{
    error::Failure,
    text::{escaped, printable},
};

/// How much a log line matters, by the names of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    Fatal,
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl Level {
    /// The name on the wire, which must be in capitals.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fatal => "FATAL",
            Self::Error => "ERROR",
            Self::Warn => "WARN",
            Self::Info => "INFO",
            Self::Debug => "DEBUG",
            Self::Trace => "TRACE",
        }
    }
}

/// A `LOG` message.
pub fn log(level: Level, message: &str) -> String {
    let log = json!({"level": level.as_str(), "message": printable(message)});
    format!(r#"{{"type":"LOG","log":{log}}}"#)
}

/// A `TRACE` message of the type `ERROR`, with the time in milliseconds since 1970.
///
/// The text is there twice: the platform shows `message`, `PyAirbyte` shows `internal_message`.
pub fn trace_error(failure: &Failure, emitted_at_ms: u64) -> String {
    let message = printable(&failure.message);
    let mut error = json!({
        "message": message,
        "internal_message": message,
        "failure_type": failure.failure_type.as_str(),
    });
    if let (Some(stream), Some(error)) = (&failure.stream, error.as_object_mut()) {
        let mut descriptor = json!({"name": stream.name});
        if let (Some(namespace), Some(descriptor)) = (&stream.namespace, descriptor.as_object_mut()) {
            descriptor.insert("namespace".to_owned(), json!(namespace));
        }
        error.insert("stream_descriptor".to_owned(), descriptor);
    }
    // The descriptor is read by programs, so the name in it stays what it is.
    let error = escaped(error.to_string());
    format!(r#"{{"type":"TRACE","trace":{{"type":"ERROR","emitted_at":{emitted_at_ms},"error":{error}}}}}"#)
}

/// A `DESTINATION_CATALOG` message that offers one kind of object, matched by one property.
pub fn destination_catalog(object_name: &str, matching_key: &str, json_schema: &Value) -> String {
    let operation = |mode: DestinationMode| {
        json!({
            "object_name": object_name,
            "sync_mode": mode.as_str(),
            "matching_keys": [[matching_key]],
            "json_schema": json_schema,
        })
    };
    // The member is in snake case, unlike that of a `CONNECTION_STATUS`.
    let catalog = json!({ "operations": DestinationMode::ALL.map(operation) });
    format!(r#"{{"type":"DESTINATION_CATALOG","destination_catalog":{catalog}}}"#)
}

/// A `CONNECTION_STATUS` message: the text of a check that succeeded, or that of one that failed.
pub fn connection_status(outcome: Result<&str, &str>) -> String {
    let (status, message) = match outcome {
        Ok(message) => ("SUCCEEDED", message),
        Err(message) => ("FAILED", message),
    };
    let status = json!({"status": status, "message": printable(message)});
    format!(r#"{{"type":"CONNECTION_STATUS","connectionStatus":{status}}}"#)
}

/// A `SPEC` message that holds the text of `spec.json`, members in their order.
pub fn spec(spec_json: &str) -> String {
    format!(r#"{{"type":"SPEC","spec":{}}}"#, minified(spec_json))
}

/// The same JSON without white space between its parts.
fn minified(json: &str) -> String {
    let mut compact = String::with_capacity(json.len());
    let (mut in_text, mut escaped) = (false, false);
    for character in json.chars() {
        if in_text {
            in_text = escaped || character != '"';
            escaped = character == '\\' && !escaped;
        } else if character.is_ascii_whitespace() {
            continue;
        } else {
            in_text = character == '"';
        }
        compact.push(character);
    }
    compact
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[test]
    fn logs_have_the_level_in_capitals_and_an_escaped_text() {
        assert_eq!(
            log(Level::Warn, "a \"b\"\n\u{1b}[0mc"),
            r#"{"type":"LOG","log":{"level":"WARN","message":"a \"b\" c"}}"#
        );
        assert!(log(Level::Fatal, "").contains("\"FATAL\""));
    }

    #[test]
    fn errors_say_who_can_mend_them_and_which_stream_failed() {
        let failure = Failure::config("no e-mail");
        assert_eq!(
            trace_error(&failure, 1_700_000_000_000),
            r#"{"type":"TRACE","trace":{"type":"ERROR","emitted_at":1700000000000,"error":{"failure_type":"config_error","internal_message":"no e-mail","message":"no e-mail"}}}"#
        );
        let of_users = trace_error(&failure.clone().of_stream("users", Some("public")), 0);
        assert!(
            of_users.contains(r#""stream_descriptor":{"name":"users","namespace":"public"}"#),
            "{of_users}"
        );
        let without_namespace = trace_error(&failure.of_stream("users", None), 0);
        assert!(without_namespace.contains(r#""stream_descriptor":{"name":"users"}"#), "{without_namespace}");
    }

    #[test]
    fn a_check_succeeds_or_fails() {
        assert_eq!(
            connection_status(Err("no token")),
            r#"{"type":"CONNECTION_STATUS","connectionStatus":{"message":"no token","status":"FAILED"}}"#
        );
        assert!(connection_status(Ok("fine")).contains("SUCCEEDED"));
    }

    #[test]
    fn the_spec_keeps_its_order_and_its_texts() {
        assert_eq!(
            spec("{\n  \"b\": \"a \\\" b\\\\\",\n  \"a\" : [ 1, true ]\r\n}\n"),
            r#"{"type":"SPEC","spec":{"b":"a \" b\\","a":[1,true]}}"#
        );
    }

    proptest! {
        #[test]
        fn every_text_is_told_as_far_as_it_is_printable(text in any::<String>()) {
            let line = log(Level::Info, &text);
            prop_assert!(!line.contains('\n'));
            let value: Value = serde_json::from_str(&line).expect("JSON");
            prop_assert_eq!(&value["log"]["message"], &Value::from(printable(&text)));

            let pretty = serde_json::to_string_pretty(&json!({text.as_str(): [text.as_str(), 1]})).expect("JSON");
            prop_assert_eq!(minified(&pretty), json!({text.as_str(): [text.as_str(), 1]}).to_string());
        }
    }
}
