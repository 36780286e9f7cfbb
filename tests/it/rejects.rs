//! Rows that are kept: rejected rows, values left out, what became of each row. Not here: what is compared when rows are sent again
//! (`again`).

mod again;

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use super::{
    model::stored,
    support::{Connector, people, record, record_of, sandbox, state},
};

/// A folder that does not exist yet.
fn folder() -> (tempfile::TempDir, PathBuf) {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("kept");
    (parent, path)
}

/// The files of a folder, by their names.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// All lines of the files of a folder.
fn lines(folder: &Path) -> Vec<Value> {
    let texts = files(folder).into_iter().map(|file| fs::read_to_string(file).unwrap());
    let text: String = texts.collect();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn keeping(connector: Connector, argument: &str, folder: &Path) -> Connector {
    connector.arguments(&[argument, folder.to_str().unwrap()])
}

fn kept_in(folder: &Path, argument: &str, input: &str) -> (hubspot_sandbox::Sandbox, Vec<Value>) {
    let sandbox = sandbox();
    let outcome = keeping(Connector::new(&sandbox), argument, folder).write(input);
    assert_eq!(outcome.code, Some(0), "{:#?}", outcome.lines);
    (sandbox, lines(folder))
}

#[test]
fn a_rejected_row_is_kept_as_it_came_with_the_reason() {
    let (_parent, folder) = folder();
    let odd = r#"{"type":"RECORD","record":{"stream":"users","data":{"email":"nobody","n":1.50,"n":2},"emitted_at":1,"x":"\u00e9"}}"#;
    let (_sandbox, kept) = kept_in(&folder, "--rejected", &(people(0..2) + odd + "\n" + &state(1)));
    let [line] = &kept[..] else { panic!("{kept:#?}") };
    let text = fs::read_to_string(&files(&folder)[0]).unwrap();
    assert!(
        text.contains(r#""data":{"email":"nobody","n":1.50,"n":2},"emitted_at":1,"x":"\u00e9"}"#),
        "{text}"
    );
    assert_eq!(line["type"], "RECORD");
    let rejection = &line["rejection"];
    assert_eq!(
        (&rejection["reason"], &rejection["stream_record"], &rejection["attempt"]),
        (&json!("invalid_email"), &json!(3), &json!(1))
    );
    assert!(rejection["at"].as_str().unwrap().ends_with('Z'));
    assert_eq!((mode(&folder), mode(&files(&folder)[0])), (0o700, 0o600));
    let name = files(&folder)[0].file_name().unwrap().to_str().unwrap().to_owned();
    assert!(name.starts_with("users.2") && name.ends_with("Z.jsonl"), "{name}");
}

#[test]
fn each_stream_has_a_file_and_no_name_leads_out_of_the_folder() {
    let (_parent, folder) = folder();
    let input: String =
        ["../a", ".hidden", "a/b", "Ä"].iter().map(|name| record_of(name, json!({ "email": "x" }))).collect();
    kept_in(&folder, "--rejected", &input);
    let names: Vec<String> = files(&folder)
        .iter()
        .map(|file| file.file_name().unwrap().to_str().unwrap().split(".2").next().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["%2E.%2Fa", "%2Ehidden", "%C3%84", "a%2Fb"]);
}

#[test]
fn a_run_without_rejected_rows_leaves_nothing() {
    let (parent, folder) = folder();
    kept_in(&folder, "--rejected", &people(0..3));
    assert!(!folder.exists());
    kept_in(parent.path(), "--rejected", &people(0..3));
    assert_eq!(files(parent.path()), [] as [PathBuf; 0]);
    // Nor does one that fails before its first record.
    let sandbox = sandbox();
    let wrong = Connector::new(&sandbox).set("access_token", "pat-wrong");
    keeping(wrong, "--rejected", &folder).write("").assert_failure("config_error");
    assert!(!folder.exists());
}

#[test]
fn a_folder_that_cannot_be_used_is_a_wrong_argument() {
    let sandbox = sandbox();
    let (parent, folder) = folder();
    let file = parent.path().join("file");
    fs::write(&file, "").unwrap();
    let outcome = keeping(Connector::new(&sandbox), "--rejected", &file).write("");
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.stderr.contains("`--rejected`"), "{}", outcome.stderr);
    fs::create_dir(&folder).unwrap();
    let link = parent.path().join("link");
    symlink(&folder, &link).unwrap();
    let both = keeping(Connector::new(&sandbox), "--rejected", &folder);
    let outcome = keeping(both, "--results", &link).write("");
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.stderr.contains("`--results`") && outcome.stderr.contains("`--rejected`"));
    assert!(sandbox.requests().is_empty());
}

#[test]
fn rejected_rows_that_are_corrected_are_sent_again() {
    let (_parent, first) = folder();
    let odd = |email: &str| record(json!({ "email": email, "firstname": "Ada" }));
    let input = people(0..2) + &odd("nobody") + &odd("no one") + &state(1);
    let (sandbox, _) = kept_in(&first, "--rejected", &input);
    let text = fs::read_to_string(&files(&first)[0]).unwrap();
    let (_parent, second) = folder();
    let corrected = text.replace("nobody", "nobody@example.com");
    let outcome = keeping(Connector::new(&sandbox), "--rejected", &second).write(&corrected);
    assert_eq!(outcome.code, Some(0));
    assert_eq!(stored(&sandbox, "nobody@example.com", "firstname").as_deref(), Some("Ada"));
    let again = lines(&second);
    assert_eq!((again.len(), &again[0]["rejection"]["attempt"]), (1, &json!(2)));
}

/// The longest line that is taken becomes longer by its reason, and is taken again all the same.
#[test]
fn the_longest_row_can_be_sent_again() {
    const LONGEST: usize = 20 << 20;
    let (_parent, first) = folder();
    let of_length = |length| record(json!({ "email": "nobody", "blob": "x".repeat(length) }));
    let row = of_length(LONGEST + 1 - of_length(0).len());
    assert_eq!(row.trim_end().len(), LONGEST);
    let (sandbox, _) = kept_in(&first, "--rejected", &row);
    let text = fs::read_to_string(&files(&first)[0]).unwrap();
    assert!(text.len() > LONGEST);
    let corrected = text.replacen("nobody", "n@x.co", 1);
    Connector::new(&sandbox).write(&corrected).assert_success();
    assert!(sandbox.contact("n@x.co").is_some());
    // A line that is as long without a reason is none that was taken before.
    Connector::new(&sandbox).write(&of_length(LONGEST)).assert_failure("system_error");
}

/// The row is rejected, its contact changed, the row rejected once more, and corrected at last: it is older than the change.
#[test]
fn values_left_out_are_kept_with_the_key_and_can_be_sent() {
    let (_parent, folder) = folder();
    let data = json!({ "email": "ada@example.com", "favourite_number": "seven", "firstname": "Ada" });
    let (sandbox, kept) = kept_in(&folder, "--left-out", &(people(0..2) + &record(data)));
    let [line] = &kept[..] else { panic!("{kept:#?}") };
    assert_eq!(line["record"]["data"], json!({ "email": "ada@example.com", "favourite_number": "seven" }));
    assert_eq!(line["left_out"]["values"][0]["property"], "favourite_number");
    assert_eq!((&line["left_out"]["stream_record"], line.get("rejection")), (&json!(3), None));
    let corrected = fs::read_to_string(&files(&folder)[0]).unwrap().replace("seven", "7");
    let outcome = Connector::new(&sandbox).write(&corrected);
    assert_eq!(outcome.code, Some(0));
    assert_eq!(stored(&sandbox, "ada@example.com", "favourite_number").as_deref(), Some("7"));
}

#[test]
fn a_value_left_out_that_a_later_row_brings_is_not_kept() {
    let (_parent, folder) = folder();
    let row = |number: &str| record(json!({ "email": "ada@example.com", "favourite_number": number }));
    let (sandbox, kept) = kept_in(&folder, "--left-out", &(row("seven") + &row("8") + &people(0..1)));
    assert_eq!(kept, [] as [Value; 0]);
    assert_eq!(stored(&sandbox, "ada@example.com", "favourite_number").as_deref(), Some("8"));
    let (_sandbox, kept) = kept_in(&folder, "--left-out", &(row("8") + &row("seven")));
    assert_eq!(kept.len(), 1);
}

#[test]
fn results_say_of_each_row_what_became_of_it() {
    let (_parent, folder) = folder();
    let sandbox = sandbox();
    let rows = [
        json!({ "id": 1, "email": "a@example.com", "firstname": "Ada" }),
        json!({ "id": 2, "email": "a@example.com", "firstname": "Ben" }),
        json!({ "id": 3, "email": "nobody" }),
        json!({ "id": 4, "email": "b@example.com", "is_deleted": true }),
    ];
    let input: String = rows.into_iter().map(record).collect();
    let connector =
        Connector::new(&sandbox).streams(&[("users", &["id", "email", "firstname", "is_deleted"])]);
    let outcome = keeping(connector, "--results", &folder).write(&input);
    assert_eq!(outcome.code, Some(0));
    let mut results = lines(&folder);
    results.sort_by_key(|line| line["stream_record"].as_u64());
    for line in &mut results {
        let run = line.as_object_mut().unwrap().remove("run").unwrap();
        assert!(run.as_str().unwrap().ends_with('Z'), "{run}");
    }
    let id = sandbox.contact("a@example.com").unwrap().id;
    let line = |number: u64, fate: &str, id: Option<&str>, reason: Option<&str>| {
        json!({ "stream": "users", "stream_record": number, "primary_key": [number], "fate": fate, "record_id": id,
            "reason": reason, "property": null })
    };
    assert_eq!(
        results,
        [
            line(1, "folded", Some(&id), None),
            line(2, "created", Some(&id), None),
            line(3, "rejected", None, Some("invalid_email")),
            line(4, "skipped", None, Some("deleted_in_source")),
        ]
    );
}

#[test]
fn results_name_the_record_that_a_look_up_found() {
    let (_parent, folder) = folder();
    let sandbox = sandbox();
    let id = sandbox.seed_contact(hubspot_sandbox::Seed::new("a@example.com"));
    let outcome = keeping(Connector::new(&sandbox), "--results", &folder)
        .write(&record(json!({ "email": "a@example.com" })));
    assert_eq!(outcome.code, Some(0));
    let [line] = &lines(&folder)[..] else { panic!("one line") };
    assert_eq!((&line["fate"], &line["record_id"]), (&json!("unchanged"), &json!(id)));
}

#[test]
fn a_folder_without_a_parent_is_refused_and_a_report_stays() {
    let (parent, _) = folder();
    let report = parent.path().join("report.json");
    let sandbox = sandbox();
    let with_report = || Connector::new(&sandbox).arguments(&["--report", report.to_str().unwrap()]);
    assert_eq!(with_report().write(&people(0..1)).code, Some(0));
    let before = fs::read_to_string(&report).unwrap();
    let outcome = keeping(with_report(), "--rejected", &parent.path().join("a/b")).write(&people(0..1));
    assert_eq!(outcome.code, Some(2));
    assert_eq!(fs::read_to_string(&report).unwrap(), before);
    assert_eq!(files(parent.path()), [report]);
}

#[test]
fn a_folder_that_another_run_has_removed_is_made_again() {
    let (_parent, folder) = folder();
    let sandbox = sandbox();
    let mut running = keeping(Connector::new(&sandbox), "--rejected", &folder).start("write");
    running.send(&(people(0..1) + &state(1)));
    running.wait_for_state(1);
    fs::remove_dir(&folder).unwrap();
    running.send(&record(json!({ "email": "nobody" })));
    assert_eq!((running.finish().code, lines(&folder).len()), (Some(0), 1));
}

#[test]
fn more_streams_than_files_may_be_open_have_one_file_each() {
    let (_parent, folder) = folder();
    let row =
        |number: u32| record_of(&format!("s{}", number % 200), json!({ "email": format!("x {number}") }));
    let (_sandbox, kept) = kept_in(&folder, "--rejected", &(0..600).map(row).collect::<String>());
    assert_eq!((kept.len(), files(&folder).len()), (600, 200));
}

#[test]
fn a_rejected_row_is_older_than_one_of_its_contact_that_was_written_later() {
    let (_parent, folder) = folder();
    let sandbox = sandbox();
    let refused =
        hubspot_sandbox::What::Category { category: "VALIDATION_ERROR".to_owned(), whole_batch: false };
    sandbox.update(|settings| {
        settings.faults = vec![hubspot_sandbox::Fault::new(refused).email("b@example.com").times(2)];
    });
    let row = |name: &str| record(json!({ "email": "b@example.com", "firstname": name }));
    let outcome = keeping(Connector::new(&sandbox), "--rejected", &folder)
        .write(&(row("Old") + &row("New") + &people(0..1)));
    assert!(outcome.summary().contains(" rejected=1 "), "{}", outcome.summary());
    assert_eq!(stored(&sandbox, "b@example.com", "firstname").as_deref(), Some("New"));
    let again = fs::read_to_string(&files(&folder)[0]).unwrap();
    assert!(again.contains("Old"));
    let outcome = Connector::new(&sandbox).arguments(&["--strict"]).write(&again);
    assert_eq!(outcome.code, Some(3), "skipped as older");
    assert_eq!(stored(&sandbox, "b@example.com", "firstname").as_deref(), Some("New"));
}

#[test]
fn a_state_does_not_go_out_if_a_row_before_it_cannot_be_kept() {
    let (_parent, folder) = folder();
    let sandbox = sandbox();
    let mut running = keeping(Connector::new(&sandbox), "--rejected", &folder).start("write");
    running.send(&(people(0..1) + &state(1)));
    running.wait_for_state(1);
    fs::remove_dir(&folder).unwrap();
    fs::write(&folder, "a file").unwrap();
    running.send(&(record(json!({ "email": "nobody" })) + &state(2)));
    let outcome = running.finish();
    assert!(outcome.assert_failure("config_error").contains("`--rejected`"));
    assert_eq!(outcome.state_ids(), [1]);
}

#[test]
fn rows_that_are_corrected_and_sent_again_leave_what_right_rows_would_have_left() {
    let row = |number: u32, is_right: bool| {
        let email = format!("p{}@example.com", number % 40);
        json!({
            "email": if is_right || !number.is_multiple_of(7) { email } else { format!("nobody {number}") },
            "firstname": format!("Name {}", number % 40),
            "favourite_number": if is_right || !number.is_multiple_of(5) { json!(number % 40) } else { json!("many") },
        })
    };
    // What a script makes of the rows: the address and the number that were meant.
    let correct = |line: &Value| {
        let mut line = line.clone();
        let data = &mut line["record"]["data"];
        let of_text =
            |text: &Value| text.as_str().unwrap().trim_start_matches("nobody ").parse::<u32>().unwrap();
        if data["email"].as_str().unwrap().starts_with("nobody") {
            data["email"] = json!(format!("p{}@example.com", of_text(&data["email"]) % 40));
        }
        if data["favourite_number"] == "many" {
            let email = data["email"].as_str().unwrap();
            let number: u32 = email.trim_start_matches('p').split('@').next().unwrap().parse().unwrap();
            data["favourite_number"] = json!(number);
        }
        format!("{line}\n")
    };
    let left = |sandbox: &hubspot_sandbox::Sandbox| {
        let values = |number: u32| {
            let contact = sandbox.contact(&format!("p{number}@example.com"));
            let value =
                |name: &str| contact.as_ref().and_then(|contact| contact.properties.get(name).cloned());
            ["firstname", "favourite_number"].map(value)
        };
        (0..40).map(values).collect::<Vec<_>>()
    };

    let right = sandbox();
    Connector::new(&right).write(&(0..40).map(|number| record(row(number, true))).collect::<String>());

    let wrong = sandbox();
    let ((_a, rejected), (_b, left_out)) = (folder(), folder());
    let connector = keeping(Connector::new(&wrong), "--rejected", &rejected);
    let outcome = keeping(connector, "--left-out", &left_out)
        .write(&(0..40).map(|number| record(row(number, false))).collect::<String>());
    assert!(outcome.summary().contains(" rejected=6 "), "{}", outcome.summary());
    assert_ne!(left(&wrong), left(&right));
    let again: String = lines(&rejected).iter().chain(&lines(&left_out)).map(correct).collect();
    assert_eq!(Connector::new(&wrong).write(&again).code, Some(0));
    assert_eq!(left(&wrong), left(&right));
}

/// The second row of a contact comes so late that its contact is known by then.
#[test]
fn runs_that_share_a_folder_neither_fail_at_its_making_nor_at_its_removal() {
    let (_parent, folder) = folder();
    let sandboxes: Vec<_> = (0..4).map(|_| sandbox()).collect();
    std::thread::scope(|scope| {
        for sandbox in &sandboxes {
            scope.spawn(|| {
                let outcome = keeping(Connector::new(sandbox), "--rejected", &folder)
                    .write(&record(json!({ "email": "x" })));
                assert_eq!(outcome.code, Some(0), "{:#?}", outcome.lines);
            });
        }
    });
    assert_eq!(lines(&folder).len(), 4);
}

/// Nobody would find rows in a file that was deleted.
#[test]
fn a_file_that_is_deleted_during_the_run_ends_the_sync_before_the_state() {
    let (_parent, folder) = folder();
    let sandbox = sandbox();
    let bad = record(json!({ "email": "x" }));
    let mut running = keeping(Connector::new(&sandbox), "--rejected", &folder).start("write");
    running.send(&(bad.clone() + &people(0..1) + &state(1)));
    running.wait_for_state(1);
    fs::remove_dir_all(&folder).unwrap();
    running.send(&(bad + &state(2)));
    let outcome = running.finish();
    let message = outcome.assert_failure("config_error");
    assert!(message.contains("nobody moves, deletes or locks"), "{message}");
    assert_eq!(outcome.state_ids(), [1]);
}
