//! Contacts of the probe: none stays, and one that does is named.

use std::io::{self, Write};

use hubspot_sandbox::{Fault, Settings, What};
use serde_json::json;

use super::{run, run_into, start, strange, test_account, upsert};
use crate::run::Ending;

#[tokio::test]
async fn a_question_that_fails_leaves_no_contact() {
    let strange_answers = [What::html(503), What::CloseUnread, What::NotJson, What::EmptyBody];
    for (number, what) in (0..upsert::COUNT).zip(strange_answers.iter().cycle()) {
        let run = run(strange(number, what.clone()), &["--api-version", "2026-09"]).await;
        assert_eq!(run.left(), [""; 0], "{number} {what:?}: {}", run.text);
        assert_eq!(run.ending, Ending::Incomplete, "{number} {what:?}: {}", run.text);
        assert!(run.text.contains("? open: "), "{number} {what:?}: {}", run.text);
    }
}

#[tokio::test]
async fn contacts_that_no_answer_told_of_are_found_by_their_addresses() {
    let half_told = What::Json { status: 200, body: json!({ "results": [{ "id": "1", "new": false }] }) };
    for what in [What::LoseAnswer, What::CutBody, half_told] {
        let run = run(strange(upsert::FIRST, what.clone()), &[]).await;
        assert_eq!(run.ending, Ending::Incomplete);
        assert_eq!(run.left(), [""; 0], "{what:?}: {}", run.text);
        assert!(!run.text.contains("May exist") && !run.text.contains("by hand"), "{what:?}: {}", run.text);
    }
}

#[tokio::test]
async fn contacts_that_cannot_be_found_are_named() {
    // The first read proves that the addresses are free, so that nothing but the last one is struck.
    for (status, is_named) in [(400, false), (408, true)] {
        let lost = Fault::new(What::LoseAnswer).path("2026-09/contacts/batch/upsert").times(1);
        let unreadable = Fault::new(What::status(500)).path("batch/read").skip(1);
        let refused = Fault::new(What::status(status)).path("2026-09/contacts/batch/upsert").skip(1).times(1);
        let faults = vec![lost, unreadable, refused];
        let run = run(Settings { faults, ..test_account() }, &["--api-version", "2026-09"]).await;
        assert_eq!(run.ending, Ending::Incomplete);
        let left = run.left();
        assert_eq!(left.len(), 6, "{}", run.text);
        let (_, named) = run.text.split_once("May exist").unwrap();
        for address in left {
            assert!(named.contains(&address), "{}", run.text);
        }
        let count = named.lines().next().unwrap().matches("@example.com").count();
        assert_eq!(count > 6, is_named, "{status}: {}", run.text);
    }
}

#[tokio::test]
async fn the_other_version_archives_what_the_first_cannot() {
    let fault = Fault::new(What::status(404)).path("2026-09/contacts/batch/archive");
    let run = run(Settings { faults: vec![fault], ..test_account() }, &["--api-version", "2026-09"]).await;
    assert_eq!(run.left(), [""; 0], "{}", run.text);
    assert!(!run.text.contains("by hand"), "{}", run.text);
}

#[tokio::test]
async fn an_archive_of_which_a_part_failed_is_not_taken_for_done() {
    // The first is part of a question.
    let what = What::Json { status: 207, body: json!({ "results": [], "numErrors": 1, "errors": [] }) };
    let fault = Fault::new(what).path("batch/archive").skip(1).times(1);
    let run = run(Settings { faults: vec![fault], ..test_account() }, &["--api-version", "2026-09"]).await;
    assert_eq!(run.ending, Ending::Answered, "{}", run.text);
    assert_eq!(run.left(), [""; 0], "{}", run.text);
}

#[tokio::test]
async fn the_reserve_of_the_day_does_not_keep_contacts_from_being_removed() {
    let mut settings = test_account();
    // 2 % of it is 20: the questions of one version end there, and what they have made is removed all the same.
    settings.limits.daily = Some(1_000);
    settings.limits.daily_spent = 965;
    let run = run(settings, &["--api-version", "2026-09"]).await;
    assert_eq!(run.ending, Ending::Incomplete);
    assert!(run.text.contains("requests of the day are used up"), "{}", run.text);
    assert!(!run.text.contains("\n0 contact(s)"), "{}", run.text);
    assert_eq!(run.left(), [""; 0], "{}", run.text);
}

#[tokio::test]
async fn a_refused_merge_leaves_no_contact() {
    for what in [What::status(400), What::LoseAnswer] {
        let fault = Fault::new(what).path("2026-09/contacts/merge");
        let run = run(Settings { faults: vec![fault], ..test_account() }, &[]).await;
        assert_eq!(run.ending, Ending::Incomplete);
        assert_eq!(run.left(), [""; 0], "{}", run.text);
    }
}

#[tokio::test]
async fn what_cannot_be_archived_is_named() {
    let archive = |what| Fault::new(what).path("batch/archive");
    let run_with = |fault| run(Settings { faults: vec![fault], ..test_account() }, &["--api-version", "v3"]);

    let never = run_with(archive(What::status(500))).await;
    assert_eq!(never.ending, Ending::Incomplete);
    assert!(never.text.contains("\n0 contact(s) of this run"), "{}", never.text);
    let (_, named) = never.text.split_once("Could not be archived").unwrap();
    let left = never.sandbox.contacts().into_iter().filter(|contact| contact.email.starts_with("probe-"));
    let ids: Vec<String> = left.map(|contact| contact.id).collect();
    assert!(!ids.is_empty() && ids.iter().all(|id| named.contains(id)), "{}", never.text);

    // The first is part of a question; the second is that of all contacts, after which each is tried by itself.
    let not_together = run_with(archive(What::status(400)).skip(1).times(1)).await;
    assert_eq!(not_together.ending, Ending::Answered, "{}", not_together.text);
    assert_eq!(not_together.left(), [""; 0]);
}

/// An output that is closed after some lines.
struct Closing(usize);

impl Write for Closing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(1).ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_closed_output_leaves_no_contact() {
    let sandbox = start(test_account());
    let before = sandbox.contacts();
    run_into(&sandbox, &[], &mut Closing(20)).await.unwrap_err();
    assert!(!sandbox.requests_to("upsert").is_empty());
    assert_eq!(sandbox.contacts(), before);
}
