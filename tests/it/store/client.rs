//! The client puts each object once, never over another, and says what is refused.

use std::{collections::BTreeSet, io::Read as _, net::TcpListener, time::Duration};

use destination_hubspot::{
    error::{Failure, FailureType},
    rejects::store::error::{ProbeDoubt, StoreError, StoreRefusal, TemporaryFault},
};
use serde_json::json;

use super::{
    KEY, SECRET, environment, object, people,
    server::{Fault, Server, TEXT},
    settings, store, try_store,
};

fn keys(server: &Server, method: &str) -> Vec<String> {
    let requests = server.requests().into_iter().filter(|request| request.method == method);
    requests.map(|request| request.path).collect()
}

#[tokio::test]
async fn an_object_is_put_whole_under_its_name() {
    let server = Server::start();
    let store = store(&settings(&server.address()));
    store.put(&people(), object(0, "one\n")).await.unwrap();
    store.put(&people(), object(1, "two\n")).await.unwrap();
    let objects = server.objects();
    assert_eq!(objects.values().collect::<Vec<_>>(), [b"one\n", b"two\n"]);
    for (path, part) in objects.keys().zip(["_0-", "_1-"]) {
        assert!(path.starts_with("/rejects/hubspot/rejected/7/public/people/20"), "{path}");
        assert!(
            path.contains(part) && path.rsplit_once('.').is_some_and(|(_, last)| last == "jsonl"),
            "{path}"
        );
    }
    for request in server.requests() {
        let header = |name: &str| request.headers.get(name).map(String::as_str).unwrap_or_default();
        assert_eq!((header("if-none-match"), header("content-type")), ("*", "application/x-ndjson"));
        assert!(header("authorization").contains(&format!("Credential={KEY}/")), "{request:?}");
        assert!(header("authorization").contains("/eu-west-1/s3/aws4_request"), "{request:?}");
        assert_eq!(header("x-amz-security-token"), "");
        assert!(header("user-agent").starts_with("destination-hubspot/"));
        assert!(!format!("{:?}", request.headers).contains(SECRET));
    }
}

#[tokio::test]
async fn an_object_can_be_compressed() {
    let server = Server::start();
    let mut settings = settings(&server.address());
    settings["compression"] = json!({ "compression_type": "GZIP" });
    let body = "{\"type\":\"RECORD\"}\n".repeat(1000);
    store(&settings).put(&people(), object(0, &body)).await.unwrap();
    let (path, content) = server.objects().pop_first().unwrap();
    assert!(path.ends_with(".jsonl.gz") && content.len() < body.len() / 10, "{path}: {}", content.len());
    let mut read = String::new();
    flate2::read::GzDecoder::new(content.as_slice()).read_to_string(&mut read).unwrap();
    assert_eq!(read, body);
    assert_eq!(server.requests()[0].headers["content-type"], "application/gzip");
}

#[tokio::test]
async fn a_name_that_another_object_has_is_left_to_it() {
    let server = Server::start();
    let taken = Fault::Refuse { status: 412, code: "PreconditionFailed" };
    server.fault("PUT", [taken.clone(), taken]);
    store(&settings(&server.address())).put(&people(), object(0, "mine\n")).await.unwrap();
    let keys: BTreeSet<String> = keys(&server, "PUT").into_iter().collect();
    assert_eq!(keys.len(), 3, "another name for each attempt: {keys:?}");
    assert_eq!(server.objects().len(), 1);

    let full = Server::start();
    full.always("PUT", Fault::Refuse { status: 412, code: "PreconditionFailed" });
    let error = store(&settings(&full.address())).put(&people(), object(0, "mine\n")).await.unwrap_err();
    assert!(matches!(error, StoreError::GaveUp { last: TemporaryFault::Taken, .. }), "{error:?}");
}

#[tokio::test]
async fn an_object_whose_answer_was_lost_is_found_and_not_written_twice() {
    let server = Server::start();
    server.fault("PUT", [Fault::LoseAnswer]);
    store(&settings(&server.address())).put(&people(), object(0, "one\n")).await.unwrap();
    let keys = keys(&server, "PUT");
    assert!(keys.len() == 2 && keys[0] == keys[1], "{keys:?}");
    assert_eq!(server.objects().into_values().collect::<Vec<_>>(), [b"one\n"]);
}

#[tokio::test]
async fn a_conflict_is_no_proof_that_the_object_is_there() {
    let server = Server::start();
    let conflict = || Fault::Refuse { status: 409, code: "ConditionalRequestConflict" };
    server.fault("PUT", [Fault::LoseRequest, conflict(), conflict()]);
    store(&settings(&server.address())).put(&people(), object(0, "one\n")).await.unwrap();
    assert_eq!((keys(&server, "PUT").len(), server.objects().len()), (4, 1));

    let stuck = Server::start();
    stuck.always("PUT", conflict());
    let error = store(&settings(&stuck.address())).put(&people(), object(0, "one\n")).await.unwrap_err();
    assert!(matches!(error, StoreError::GaveUp { last: TemporaryFault::Status(409), .. }), "{error:?}");
}

#[tokio::test]
async fn what_passes_is_tried_again_and_what_stays_ends_in_time() {
    let server = Server::start();
    let slow_down = Fault::Refuse { status: 503, code: "SlowDown" };
    let late = Fault::Delay(Duration::from_millis(300));
    server.fault("PUT", [slow_down.clone(), Fault::LoseRequest, Fault::Blank, slow_down, late]);
    store(&settings(&server.address())).put(&people(), object(0, "one\n")).await.unwrap();
    assert_eq!((keys(&server, "PUT").len(), server.objects().len()), (5, 1));

    for (fault, expected) in [
        (Fault::Refuse { status: 500, code: "InternalError" }, TemporaryFault::Status(500)),
        (Fault::Refuse { status: 507, code: "XMinioStorageFull" }, TemporaryFault::Full),
        (Fault::Delay(Duration::from_secs(20)), TemporaryFault::Timeout),
        (Fault::LoseRequest, TemporaryFault::Interrupted),
        (Fault::Blank, TemporaryFault::NoStore),
    ] {
        let server = Server::start();
        server.always("PUT", fault);
        let error = store(&settings(&server.address())).put(&people(), object(0, "one\n")).await.unwrap_err();
        assert!(
            matches!(error, StoreError::GaveUp { last, .. } if last == expected),
            "{expected}: {error:?}"
        );
        let failure = Failure::from(error);
        assert_eq!(failure.failure_type, FailureType::Transient);
        assert!(!failure.message.contains(TEXT), "{failure}");
    }
}

#[tokio::test]
async fn a_store_that_is_gone_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = store(&settings(&address)).put(&people(), object(0, "one\n")).await.unwrap_err();
    assert!(matches!(error, StoreError::GaveUp { last: TemporaryFault::Connect, .. }), "{error:?}");
    let said = error.to_string();
    assert!(said.contains(&address) && said.contains("bucket `rejects`"), "{said}");
}

#[tokio::test]
async fn a_refusal_is_told_at_once_with_its_place_and_without_the_stores_text() {
    for (status, code, part) in [
        (403, "InvalidAccessKeyId", "does not know the access key"),
        (403, "SignatureDoesNotMatch", "secret key does not belong"),
        (400, "ExpiredToken", "expired"),
        (403, "RequestTimeTooSkewed", "clock"),
        (403, "AccessDenied", "s3:PutObject"),
        (401, "", "s3:PutObject"),
        (404, "NoSuchBucket", "no such bucket"),
        (301, "PermanentRedirect", "another region"),
        (400, "AuthorizationHeaderMalformed", "another region"),
        (501, "NotImplemented", "If-None-Match"),
    ] {
        let server = Server::start();
        server.always("PUT", Fault::Refuse { status, code });
        let error = store(&settings(&server.address())).put(&people(), object(0, "one\n")).await.unwrap_err();
        let failure = Failure::from(error);
        assert_eq!(failure.failure_type, FailureType::Config, "{failure}");
        let said = failure.message;
        for part in
            [part, "bucket `rejects`", "region `eu-west-1`", &server.address(), "object `hubspot/rejected/7/"]
        {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(!said.contains(TEXT) && !said.contains(SECRET) && !said.contains(KEY), "{said}");
        assert_eq!(server.requests().len(), 1, "{said}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (server, other) = (Server::start(), Server::start());
    server.always("PUT", Fault::Redirect(other.address()));
    let error = store(&settings(&server.address())).put(&people(), object(0, "one\n")).await.unwrap_err();
    assert!(matches!(error, StoreError::Refused { refusal: StoreRefusal::Region, .. }), "{error:?}");
    assert!(other.requests().is_empty());
}

#[test]
fn private_and_plain_endpoints_need_a_permission() {
    let without = |variable: &str| environment(variable).filter(|_| !variable.contains("PRIVATE"));
    for plain in ["http://s3.example.com", "http://127.0.0.1:1"] {
        let refused = try_store(&settings(plain), without).map(drop);
        assert!(matches!(refused, Err(StoreError::PlainHttp { .. })), "{plain}: {refused:?}");
        assert!(try_store(&settings(plain), environment).is_ok());
    }
    for private in
        ["https://localhost:9000", "https://169.254.169.254", "https://[::1]", "https://192.168.0.1"]
    {
        let refused = try_store(&settings(private), without).map(drop);
        assert!(
            matches!(refused, Err(StoreError::Refused { refusal: StoreRefusal::PrivateAddress, .. })),
            "{private}: {refused:?}"
        );
        assert!(try_store(&settings(private), environment).is_ok());
    }
    assert!(try_store(&settings("https://s3.example.com"), without).is_ok());
}

#[tokio::test]
async fn a_probe_writes_reads_and_deletes_and_needs_only_the_first() {
    let server = Server::start();
    assert_eq!(store(&settings(&server.address())).probe().await, Ok(Vec::new()));
    let methods: Vec<String> = server.requests().into_iter().map(|request| request.method).collect();
    assert_eq!(
        (methods.as_slice(), server.objects().len()),
        (&["PUT", "GET", "DELETE"].map(str::to_owned)[..], 0)
    );

    let strict = Server::start();
    let denied = || Fault::Refuse { status: 403, code: "AccessDenied" };
    strict.fault("GET", [denied()]).fault("DELETE", [denied()]);
    let doubts = store(&settings(&strict.address())).probe().await.unwrap();
    assert!(matches!(doubts[..], [ProbeDoubt::NotRead { .. }, ProbeDoubt::NotDeleted { .. }]), "{doubts:?}");
    let left = strict.objects().pop_first().unwrap().0;
    assert!(doubts[1].to_string().contains(left.trim_start_matches("/rejects/")), "{doubts:?}");

    let closed = Server::start();
    closed.fault("PUT", [denied()]);
    let refused = store(&settings(&closed.address())).probe().await;
    assert!(
        matches!(refused, Err(StoreError::Refused { refusal: StoreRefusal::Forbidden, .. })),
        "{refused:?}"
    );
}
