//! The control routes, the record of requests, and the handle.

use std::time::Duration;

use hubspot_sandbox::{Fault, Limits, RequestRecord, Sandbox, Settings, What};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::*;

#[tokio::test]
async fn settings_are_shown_and_changed_over_http() {
    let (sandbox, client) = start(Settings::default());
    let path = "/_sandbox/settings";
    let send =
        async |method: Method, body: Value| client.try_send(method, path, body.to_string()).await.unwrap();
    let shown: Settings = serde_json::from_str(&client.get(path).await.text).unwrap();
    assert_eq!(shown, Settings::default());
    let patched = send(
        Method::PATCH,
        json!({ "faults": [{ "what": { "status": { "status": 503 } }, "when": { "times": 1 } }] }),
    );
    assert_eq!(patched.await.status, 200);
    assert_eq!(sandbox.settings().faults, [Fault::new(What::status(503)).times(1)]);
    assert_eq!(client.get(&DETAILS).await.status, 503);
    assert_eq!(client.get(&DETAILS).await.status, 200);
    assert_eq!(send(Method::PUT, json!({ "limits": { "tier": "enterprise" } })).await.status, 200);
    assert!(sandbox.settings().faults.is_empty());
    assert_eq!(client.get(&DETAILS).await.header("x-hubspot-ratelimit-max"), Some("190"));
    let refused = send(Method::PATCH, json!({ "limitz": {} })).await;
    assert_eq!(refused.status, 400);
    assert!(refused.text.contains("limitz"));
    assert_eq!(sandbox.requests().len(), 3, "control requests are not recorded");
    assert_eq!(client.get("/_sandbox/nonsense").await.status, 404);
}

#[tokio::test]
async fn every_fault_survives_json() {
    let settings = Settings {
        faults: vec![
            Fault::new(What::rate_limited()).requests([1, 2]).named("full"),
            Fault::new(What::conflict()).email("a@example.com").skip(1).after_write(),
            Fault::new(What::CloseUnread).from_request(3).to_request(4),
            Fault::new(What::Json { status: 418, body: json!([1]) }).probability(0.5),
            Fault::new(What::SlowBody { chunks: 2, pause_ms: 1 }).min_inputs(2),
        ],
        ..Settings::default()
    };
    let text = serde_json::to_string(&settings).unwrap();
    assert_eq!(serde_json::from_str::<Settings>(&text).unwrap(), settings);
    assert_eq!(serde_json::from_str::<Settings>("{}").unwrap(), Settings::default());
}

#[tokio::test]
async fn contacts_and_requests_are_shown_over_http() {
    let (sandbox, client) = start(Settings::default());
    let seeds = json!([{ "email": "b@example.com", "properties": { "city": "X" } }]);
    assert_eq!(client.post("/_sandbox/contacts", &seeds).await.status, 200);
    client.upsert_one("a@example.com", &json!({ "city": "Y" })).await;
    let contacts = client.get("/_sandbox/contacts").await.json();
    assert_eq!(contacts[0]["email"], "a@example.com");
    assert_eq!(contacts[1]["properties"]["city"], "X");
    assert_eq!(contacts.as_array().unwrap().len(), sandbox.contacts().len());
    let requests = client.get("/_sandbox/requests").await.json();
    assert_eq!(requests[0]["number"], 1);
    assert_eq!(requests[0]["method"], "POST");
    assert_eq!(requests[0]["path"], *UPSERT);
    assert_eq!(requests[0]["status"], 200);
    assert_eq!(requests[0]["keys"], json!(["a@example.com"]));
}

#[tokio::test]
async fn bodies_are_kept_for_the_first_requests() {
    let (sandbox, client) = start(Settings { recorded_bodies: 1, ..Settings::default() });
    client.upsert(&people(1)).await;
    client.upsert(&people(1)).await;
    let records = sandbox.requests();
    assert_eq!(records[0].json().unwrap()["inputs"][0]["properties"]["firstname"], "P1");
    assert_eq!(records[1].body, None);
}

#[tokio::test]
async fn its_health_is_told_without_a_token_and_not_recorded() {
    let (sandbox, client) = start(Settings::default());
    let answer = client.with_authorization("nobody").get("/health").await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "status": "ok" })));
    assert!(sandbox.requests().is_empty());
}

#[tokio::test]
async fn a_reset_leads_back_to_the_start() {
    let started = Settings {
        seed: 5,
        seed_contacts: 2,
        faults: vec![Fault::new(What::status(503)).path("/details").times(1)],
        limits: Limits { max: Some(5), window_ms: 600_000, ..Limits::default() },
        ..Settings::default()
    };
    let (sandbox, client) = start(started.clone());
    let run = async || {
        assert_eq!(client.get(&DETAILS).await.status, 503, "the fault counts from the start");
        let detail = client.get(&DETAILS).await;
        assert_eq!(detail.header("x-hubspot-ratelimit-remaining"), Some("3"), "the window is empty");
        let new = json!({
            "name": "pet", "label": "Pet", "type": "string", "fieldType": "text", "groupName": "contactinformation",
        });
        assert_eq!(client.post(&PROPERTIES, &new).await.status, 201, "the property is unknown");
        let answer = client.upsert(&people(3)).await;
        assert_eq!(sandbox.contacts().len(), 5);
        assert_eq!(sandbox.requests().last().unwrap().number, 4);
        answer.emails()
    };
    let first = run().await;
    sandbox.update(|settings| settings.limits.enforced = false);
    sandbox.seed_contacts(7);
    let answer = client.post("/_sandbox/reset", &json!({})).await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    assert_eq!(sandbox.settings(), started);
    assert!(sandbox.requests().is_empty());
    let addresses: Vec<String> = sandbox.contacts().into_iter().map(|contact| contact.email).collect();
    assert_eq!(addresses, ["seed-000001@example.com", "seed-000002@example.com"]);
    assert_eq!(run().await, first);
}

#[tokio::test]
async fn older_requests_are_dropped_and_counted() {
    let (sandbox, client) = start(Settings::default());
    let dropped = async || {
        let answer = client.get("/_sandbox/requests").await;
        let first = answer.json()[0]["number"].as_u64();
        (answer.header("x-sandbox-dropped-requests").unwrap().parse().unwrap(), first)
    };
    client.get("/first").await;
    assert_eq!((dropped().await, sandbox.dropped_requests()), ((0, Some(1)), 0));
    send_at_once(&sandbox, RequestRecord::KEPT + 1);
    assert_eq!((dropped().await, sandbox.dropped_requests()), ((2, Some(3)), 2));
    assert_eq!(sandbox.requests().len(), RequestRecord::KEPT);
}

/// Sends so many requests on one connection, without waiting for each answer, and reads all answers.
fn send_at_once(sandbox: &Sandbox, count: usize) {
    use std::io::{Read, Write};
    let address = sandbox.base_url().strip_prefix("http://").unwrap().to_owned();
    let mut answers = std::net::TcpStream::connect(address).unwrap();
    let mut requests = answers.try_clone().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let usual = "GET /next HTTP/1.1\r\nhost: x\r\n\r\n".repeat(count - 1);
            let last = "GET /last HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
            requests.write_all((usual + last).as_bytes()).unwrap();
        });
        answers.read_to_end(&mut Vec::new()).unwrap();
    });
}

#[tokio::test]
async fn the_list_of_routes_is_the_routers() {
    let (_sandbox, client) =
        start(Settings { limits: Limits { enforced: false, ..Limits::default() }, ..Settings::default() });
    let routes = client.get("/_sandbox/routes").await.json();
    let routes = routes.as_array().unwrap();
    assert_eq!(routes.len(), 14 * 3 + 3 + 1 + 9);
    for route in routes {
        let path = route["path"].as_str().unwrap().replace("{object}", "contacts").replace("{name}", "email");
        let method = Method::from_bytes(route["method"].as_str().unwrap().as_bytes()).unwrap();
        let answer = client.try_send(method, &path, "{}".to_owned()).await.unwrap();
        assert_eq!(answer.header("x-sandbox-hint"), None, "{route}");
        assert!(!matches!(answer.status, 404 | 405), "{route}");
    }
}

#[test]
fn it_can_be_waited_for_without_a_runtime_and_stops_when_dropped() {
    let sandbox = Sandbox::start(Settings::default()).unwrap();
    let address = sandbox.base_url().strip_prefix("http://").unwrap().to_owned();
    let request = |path: &str| {
        use std::io::{Read, Write};
        let mut stream = std::net::TcpStream::connect(&address)?;
        write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        std::io::Result::Ok(answer)
    };
    assert!(!sandbox.wait_for_requests(1, Duration::from_millis(1), |_| true));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            assert!(request("/a").unwrap().starts_with("HTTP/1.1 404"));
            assert!(request("/b").unwrap().starts_with("HTTP/1.1 404"));
        });
        let wanted = |record: &hubspot_sandbox::RequestRecord| record.path == "/b" && record.finished;
        assert!(sandbox.wait_for_requests(1, Duration::from_secs(20), wanted));
    });
    drop(sandbox);
    assert!(request("/c").is_err());
}
