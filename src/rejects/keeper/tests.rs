//! Tests of the keeper with folders: what is written where, and which states may go out. What an object store adds is tested
//! against a real one (`tests/it/store/`).

use std::fs;

use serde_json::{Value, value::RawValue};

use super::*;
use crate::{mapping::reason::Code, report::fate::Rejection};

fn stream() -> StreamId {
    StreamId::new("users", None)
}

const NOW: Duration = Duration::from_secs(1);

fn ticket(number: u64) -> Ticket {
    Ticket { stream: 0, interval: 0, among_first: false, number, line: number }
}

fn row() -> Row {
    let record = r#"{"stream":"users","data":{"id":7,"email":"a@x.com"},"emitted_at":1}"#.to_owned();
    Row { record: RawValue::from_string(record).unwrap(), sent_again: None }
}

/// The folders `rejected` and `results`, in a directory of their own.
fn keeper() -> (tempfile::TempDir, Keeper) {
    let parent = tempfile::tempdir().unwrap();
    let (rejected, results) = (parent.path().join("rejected"), parent.path().join("results"));
    let folders = Folders::open(Some(&rejected), None, Some(&results)).unwrap();
    let facts = StreamFacts { primary_key: vec![vec!["id".to_owned()]], sync_id: None };
    (parent, Keeper::new(folders, None, Duration::ZERO, HashMap::from([(stream(), facts)])))
}

fn lines(folder: &std::path::Path) -> Vec<Value> {
    let files = fs::read_dir(folder).unwrap().map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    files
        .flat_map(|text| text.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>())
        .collect()
}

fn reject(keeper: &mut Keeper, number: u64) {
    let reason = Reason::of(Code::InvalidEmail);
    let (at, now) = (Timestamp::UNIX_EPOCH, NOW);
    keeper.not_written(ticket(number), &stream(), &row(), (&reason, None), at, now);
    let fate = Fate::Rejected(Rejection::from(reason));
    keeper.result(ticket(number), &stream(), Some(&row()), &fate, None);
}

#[test]
fn what_is_kept_is_on_the_disk_before_a_state_goes_out() {
    let (parent, mut keeper) = keeper();
    assert!(keeper.needs_rows() && keeper.needs_record_ids() && !keeper.keeps_left_out());
    reject(&mut keeper, 1);
    keeper.result(ticket(2), &stream(), Some(&row()), &Fate::Created, Some("42"));
    keeper.hold("first".to_owned());
    reject(&mut keeper, 3);
    keeper.hold("second".to_owned());
    assert_eq!(keeper.release(NOW).unwrap(), ["first", "second"]);
    assert_eq!(keeper.release(NOW).unwrap(), [] as [String; 0]);
    let rejected = lines(&parent.path().join("rejected"));
    assert_eq!(rejected.iter().map(|line| &line["rejection"]["stream_record"]).collect::<Vec<_>>(), [1, 3]);
    let results = lines(&parent.path().join("results"));
    let told: Vec<_> =
        results.iter().map(|line| (line["fate"].as_str().unwrap(), &line["record_id"])).collect();
    assert_eq!(told, [("rejected", &Value::Null), ("created", &"42".into()), ("rejected", &Value::Null)]);
    assert!(results.iter().all(|line| line["primary_key"] == serde_json::json!([7])));
}

#[test]
fn after_a_row_that_could_not_be_kept_no_state_goes_out() {
    let (parent, mut keeper) = keeper();
    let folder = parent.path().join("rejected");
    // A file in its place: the folder can neither be written in nor made again.
    fs::remove_dir(&folder).unwrap();
    fs::write(&folder, "").unwrap();
    keeper.hold("before".to_owned());
    assert_eq!(keeper.release(NOW).unwrap(), ["before"]);
    reject(&mut keeper, 1);
    keeper.hold("after".to_owned());
    for _ in 0..2 {
        assert!(matches!(keeper.release(NOW), Err(KeepError::Row { argument: "--rejected", .. })));
    }
    assert!(keeper.finish(Duration::ZERO).is_err());
}

#[test]
fn without_a_place_nothing_is_asked_for_and_states_go_at_once() {
    let mut keeper = Keeper::default();
    assert!(!keeper.needs_rows() && !keeper.needs_record_ids() && !keeper.keeps_left_out());
    reject(&mut keeper, 1);
    keeper.hold("state".to_owned());
    assert_eq!(keeper.release(NOW).unwrap(), ["state"]);
    assert_eq!(keeper.deadline(), None);
}

#[test]
fn folders_are_saved_once_in_an_interval_and_states_wait_for_it() {
    let parent = tempfile::tempdir().unwrap();
    let folders = Folders::open(Some(&parent.path().join("rejected")), None, None).unwrap();
    let interval = Duration::from_secs(4);
    let mut keeper = Keeper::new(folders, None, interval, HashMap::new());
    let moment = Duration::from_millis;
    for (now, state, out) in
        [(0, "a", &["a"][..]), (100, "b", &[]), (999, "c", &[]), (1_000, "d", &["b", "c", "d"])]
    {
        reject(&mut keeper, now);
        keeper.hold(state.to_owned());
        assert_eq!(keeper.release(moment(now)).unwrap(), out, "{now}");
        assert_eq!(keeper.deadline(), out.is_empty().then(|| moment(1_000)));
    }
    // Nothing has to be saved for a state before which no line came.
    keeper.hold("e".to_owned());
    assert_eq!(keeper.release(moment(1_001)).unwrap(), ["e"]);
    reject(&mut keeper, 5);
    keeper.hold("f".to_owned());
    keeper.finish(moment(1_002)).unwrap();
    assert_eq!(keeper.release(moment(1_002)).unwrap(), ["f"]);
}
