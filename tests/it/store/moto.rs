//! The client against a real server of S3, which checks signatures and permissions. `tests/store/run` starts it.

use std::{
    env, fs,
    io::Read as _,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use destination_hubspot::rejects::store::error::{ProbeDoubt, StoreError, StoreRefusal};
use object_store::{
    ObjectStoreExt as _,
    aws::{AmazonS3, AmazonS3Builder},
    path::Path,
};
use serde_json::{Value, json};

use super::{
    environment, object, people,
    proxy::{Passage, Proxy},
    store, sync, try_store,
};
use crate::support::{people as rows, sandbox, state};

/// What `tests/store/server.py` has made: the address, the bucket, and the key pairs of users.
fn server() -> Value {
    let file = env::var("OBJECT_STORE").expect("tests/store/run sets it");
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

/// The settings of a user of the server, in a folder of the test's own.
fn settings(user: &str, folder: &str) -> Value {
    let server = server();
    json!({
        "storage_type": "S3", "s3_bucket_name": server["bucket"], "s3_bucket_region": server["region"],
        "s3_endpoint": server["endpoint"], "bucket_path": folder,
        "access_key_id": server["users"][user]["access_key_id"],
        "secret_access_key": server["users"][user]["secret_access_key"],
    })
}

/// The bucket, as somebody sees it who may do everything.
fn bucket() -> AmazonS3 {
    let server = server();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let owner = &server["users"]["owner"];
    AmazonS3Builder::new()
        .with_access_key_id(text(&owner["access_key_id"]))
        .with_secret_access_key(text(&owner["secret_access_key"]))
        .with_bucket_name(text(&server["bucket"]))
        .with_region(text(&server["region"]))
        .with_endpoint(text(&server["endpoint"]))
        .with_allow_http(true)
        .build()
        .unwrap()
}

/// The objects below a folder: keys and contents.
async fn objects(folder: &str) -> Vec<(String, Vec<u8>)> {
    let bucket = bucket();
    // One level below the other: listing needs no more than this.
    let mut folders = vec![Path::from(folder)];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        let listed = object_store::ObjectStore::list_with_delimiter(&bucket, Some(&folder)).await.unwrap();
        folders.extend(listed.common_prefixes);
        for object in listed.objects {
            let content = bucket.get(&object.location).await.unwrap().bytes().await.unwrap();
            found.push((object.location.to_string(), content.to_vec()));
        }
    }
    found.sort();
    found
}

#[tokio::test]
#[ignore = "needs the server of tests/store/run"]
async fn what_is_put_can_be_read() {
    let store = store(&settings("owner", "read-back"));
    let mut stream = people();
    stream.name = "Größe / 1".to_owned();
    let large = "x".repeat(4 * 1024 * 1024) + "\n";
    store.put(&stream, object(0, "{\"a\":\"ü\"}\n")).await.unwrap();
    store.put(&stream, object(1, &large)).await.unwrap();
    let objects = objects("read-back").await;
    let folder = "read-back/7/public/Gr%C3%B6%C3%9Fe%20%2F%201/";
    assert!(objects.iter().all(|(key, _)| key.starts_with(folder)), "{:?}", objects[0].0);
    let contents: Vec<_> = objects.into_iter().map(|(_, content)| content).collect();
    assert_eq!(contents, ["{\"a\":\"ü\"}\n".as_bytes(), large.as_bytes()]);
}

#[tokio::test]
#[ignore = "needs the server of tests/store/run"]
async fn what_is_compressed_can_be_read() {
    let mut settings = settings("writer", "compressed");
    settings["compression"] = json!({ "compression_type": "GZIP" });
    store(&settings).put(&people(), object(0, "one\ntwo\n")).await.unwrap();
    let objects = objects("compressed").await;
    assert!(objects.len() == 1 && objects[0].0.ends_with(".jsonl.gz"), "{objects:?}");
    let mut read = String::new();
    flate2::read::GzDecoder::new(objects[0].1.as_slice()).read_to_string(&mut read).unwrap();
    assert_eq!(read, "one\ntwo\n");
}

#[tokio::test]
#[ignore = "needs the server of tests/store/run"]
async fn answers_that_are_lost_neither_lose_nor_repeat_an_object() {
    let endpoint = server()["endpoint"].as_str().unwrap().trim_start_matches("http://").to_owned();
    let proxy = Proxy::start(&endpoint, |number| match number % 3 {
        0 => Passage::WithoutAnswer,
        1 => Passage::Late(Duration::from_millis(200)),
        _ => Passage::Whole,
    });
    let mut settings = settings("writer", "lost");
    settings["s3_endpoint"] = json!(proxy.address());
    // A busy machine must not make the patience end.
    let patient = |name: &str| {
        environment(name).map(|value| if name.ends_with("SCALE") { "0.5".to_owned() } else { value })
    };
    let store = try_store(&settings, patient).unwrap();
    for number in 0..9 {
        store.put(&people(), object(number, &format!("{number}\n"))).await.unwrap();
    }
    let mut contents: Vec<_> = objects("lost").await.into_iter().map(|(_, content)| content).collect();
    contents.sort();
    assert_eq!(contents, (0..9).map(|number| format!("{number}\n").into_bytes()).collect::<Vec<_>>());
    assert!(proxy.exchanges.load(Ordering::Relaxed) > 9, "nothing was repeated");
}

#[tokio::test]
#[ignore = "needs the server of tests/store/run"]
async fn a_right_to_write_is_enough_and_needed() {
    let owner = store(&settings("owner", "probe")).probe().await;
    assert_eq!(owner, Ok(Vec::new()));
    let writer = store(&settings("writer", "probe")).probe().await.unwrap();
    assert!(matches!(writer[..], [ProbeDoubt::NotRead { .. }, ProbeDoubt::NotDeleted { .. }]), "{writer:?}");
    let reader = store(&settings("reader", "probe")).probe().await;
    assert!(
        matches!(reader, Err(StoreError::Refused { refusal: StoreRefusal::Forbidden, .. })),
        "{reader:?}"
    );
}

#[tokio::test]
#[ignore = "needs the server of tests/store/run"]
async fn what_is_wrong_is_named() {
    let refused = async |change: fn(&mut Value)| {
        let mut settings = settings("owner", "wrong");
        change(&mut settings);
        store(&settings).put(&people(), object(0, "one\n")).await.unwrap_err()
    };
    let error = refused(|settings| settings["access_key_id"] = json!("AKIA0000000000000000")).await;
    assert!(matches!(error, StoreError::Refused { refusal: StoreRefusal::UnknownKey, .. }), "{error:?}");
    let error = refused(|settings| settings["secret_access_key"] = json!("another")).await;
    assert!(matches!(error, StoreError::Refused { refusal: StoreRefusal::WrongSecret, .. }), "{error:?}");
    let error = refused(|settings| settings["s3_bucket_name"] = json!("another")).await;
    assert!(matches!(error, StoreError::Refused { refusal: StoreRefusal::Bucket, .. }), "{error:?}");
    assert!(objects("wrong").await.is_empty());
}

/// Each of 200 syncs is killed at a moment by chance, after at least one state and one rejected row: the rejected rows before the
/// last state that came out are all in the bucket.
#[test]
#[ignore = "needs the server of tests/store/run"]
fn a_sync_that_is_killed_has_kept_what_it_acknowledged() {
    const RUNS: usize = 200;
    let endpoint = server()["endpoint"].as_str().unwrap().trim_start_matches("http://").to_owned();
    let address =
        Proxy::start(&endpoint, |_| Passage::Late(Duration::from_millis(fastrand::u64(..2_000)))).address();
    let (next, further) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                while let run @ ..RUNS = next.fetch_add(1, Ordering::Relaxed) {
                    further.fetch_add(usize::from(kill_one(run, &address) > 3), Ordering::Relaxed);
                }
            });
        }
    });
    let further = further.into_inner();
    assert!((RUNS / 20..RUNS).contains(&further), "{further} syncs got further than their first states");
}

/// Gives the last state that came out.
fn kill_one(run: usize, address: &str) -> u64 {
    let folder = format!("killed/{run}");
    let mut settings = settings("writer", &folder);
    settings["s3_endpoint"] = json!(address);
    let sandbox = sandbox();
    // Time for the store to be slow in.
    let mut running = sync::connector(&sandbox, &settings).unscaled().start("write");
    // Each state has one rejected row before it, of the same number.
    let step = |number: u64| {
        let place = u32::try_from(number).unwrap();
        rows(place..place + 1) + &sync::rejected(usize::try_from(number).unwrap()) + &state(number)
    };
    running.send(&(1..=3).map(step).collect::<String>());
    running.wait_for_state(1);
    running.send(&(4..=30).map(step).collect::<String>());
    thread::sleep(Duration::from_millis(fastrand::u64(..2_500)));
    running.signal("KILL");
    let acknowledged = running.wait().state_ids().into_iter().max().unwrap();
    let kept = tokio::runtime::Runtime::new().unwrap().block_on(objects(&folder));
    let kept = sync::addresses(kept.iter().map(|(_, content)| content));
    for number in 1..=acknowledged {
        assert!(
            kept.contains(&format!("nobody {number}")),
            "run {run}: {number} of {acknowledged}, {kept:?}"
        );
    }
    acknowledged
}
