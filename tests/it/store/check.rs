//! `check` with a store, run as a process: what it tries, what it says, and what it leaves alone.

use hubspot_sandbox::tokens;
use serde_json::json;

use super::{
    KEY, SECRET,
    server::{Fault, Server, TEXT},
    settings,
};
use crate::support::{Connector, Outcome, sandbox};

fn assert_no_secret(outcome: &Outcome) {
    let printed = format!("{}{}", outcome.lines.join("\n"), outcome.stderr);
    for secret in [KEY, SECRET, TEXT, tokens::FULL] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

#[test]
fn a_check_writes_an_object_and_deletes_it() {
    let (sandbox, server) = (sandbox(), Server::start());
    let connector = Connector::new(&sandbox)
        .set("object_storage_config", settings(&server.address()))
        .variable("HUBSPOT_ALLOW_PRIVATE_ENDPOINTS", "1");
    let outcome = connector.check();
    outcome.assert_success();
    let (status, message) = outcome.connection_status();
    assert_eq!(status, "SUCCEEDED", "{message}");
    assert!(message.ends_with(" Rejected rows can be written to the bucket `rejects`."), "{message}");
    let methods: Vec<String> = server.requests().into_iter().map(|request| request.method).collect();
    assert_eq!(methods, ["PUT", "GET", "DELETE"]);
    assert!(server.objects().is_empty());
    assert_no_secret(&outcome);

    server.fault("DELETE", [Fault::Refuse { status: 403, code: "AccessDenied" }]);
    let outcome = connector.check();
    assert_eq!(outcome.connection_status().0, "SUCCEEDED");
    assert_eq!(outcome.logs("stays in the object store").len(), 1);
    assert_no_secret(&outcome);
}

#[test]
fn a_check_fails_where_the_store_refuses_or_is_not_permitted() {
    let (sandbox, server) = (sandbox(), Server::start());
    let connector = || Connector::new(&sandbox).set("object_storage_config", settings(&server.address()));
    server.fault("PUT", [Fault::Refuse { status: 403, code: "AccessDenied" }]);
    let outcome = connector().variable("HUBSPOT_ALLOW_PRIVATE_ENDPOINTS", "1").check();
    let (status, message) = outcome.connection_status();
    assert!(status == "FAILED" && message.contains("`s3:PutObject`"), "{message}");
    assert_no_secret(&outcome);

    let asked = sandbox.requests().len();
    let (status, message) = connector().check().connection_status();
    assert!(status == "FAILED" && message.contains("must begin with https://"), "{message}");
    assert_eq!((sandbox.requests().len(), server.requests().len()), (asked, 1), "nobody is asked");
}

#[test]
fn the_store_is_asked_only_after_hubspot() {
    let (sandbox, server) = (sandbox(), Server::start());
    let outcome = Connector::new(&sandbox)
        .set("access_token", "pat-na1-wrong")
        .set("object_storage_config", settings(&server.address()))
        .variable("HUBSPOT_ALLOW_PRIVATE_ENDPOINTS", "1")
        .check();
    assert_eq!(outcome.connection_status().0, "FAILED");
    assert!(server.requests().is_empty());
}

/// Every variable that programs of Amazon's look at, each leading to a trap.
#[test]
fn no_identity_of_the_machine_is_used() {
    let (sandbox, server, trap) = (sandbox(), Server::start(), Server::start());
    let connector = Connector::new(&sandbox)
        .set("object_storage_config", settings(&server.address()))
        .variable("HUBSPOT_ALLOW_PRIVATE_ENDPOINTS", "1");
    let address = trap.address();
    let variables = [
        ("AWS_ACCESS_KEY_ID", "AKIAOTHER"),
        ("AWS_SECRET_ACCESS_KEY", "other"),
        ("AWS_SESSION_TOKEN", "other"),
        ("AWS_REGION", "us-west-2"),
        ("AWS_DEFAULT_REGION", "us-west-2"),
        ("AWS_BUCKET", "other"),
        ("AWS_PROFILE", "other"),
        ("AWS_ROLE_ARN", "arn:aws:iam::1:role/other"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "/dev/null"),
        ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/credentials"),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/dev/null"),
        ("AWS_ALLOW_HTTP", "true"),
        ("AWS_SKIP_SIGNATURE", "true"),
        ("AWS_S3_EXPRESS", "true"),
        ("AWS_REQUEST_PAYER", "true"),
        ("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "true"),
    ];
    let addresses = [
        "AWS_ENDPOINT",
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_S3",
        "AWS_ENDPOINT_URL_STS",
        "AWS_METADATA_ENDPOINT",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_PROXY_URL",
        // Stores on this machine are spoken to directly, so that this is no way out either.
        "HTTP_PROXY",
        "http_proxy",
    ];
    let connector =
        variables.iter().fold(connector, |connector, (name, value)| connector.variable(name, value));
    let connector = addresses.iter().fold(connector, |connector, name| connector.variable(name, &address));
    let outcome = connector.check();
    assert_eq!(outcome.connection_status().0, "SUCCEEDED", "{:?}", outcome.lines);
    assert!(trap.requests().is_empty(), "{:?}", trap.requests());
    for request in server.requests() {
        assert!(request.headers["authorization"].contains(&format!("Credential={KEY}/")), "{request:?}");
        assert!(request.path.starts_with("/rejects/hubspot/rejected/"), "{request:?}");
    }

    // Nor is it where the keys are missing.
    let mut without_keys = settings(&server.address());
    without_keys["access_key_id"] = json!("");
    without_keys["secret_access_key"] = json!("");
    without_keys["role_arn"] = json!("arn:aws:iam::1:role/x");
    let outcome = connector.set("object_storage_config", without_keys).check();
    let (status, message) = outcome.connection_status();
    assert!(status == "FAILED" && message.contains("key pair"), "{message}");
    assert!(trap.requests().is_empty());
}
