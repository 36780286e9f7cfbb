//! What each answer of HubSpot means: for the contacts, for the fates of the records, for the states, for the requests
//! that it costs, and for the end of the sync.

use hubspot_sandbox::{
    BodyKind, ConditionalProperty, Fault, Language, Policy, RetryAfter, SameContactInputs, Sandbox, Seed,
    Settings, StatusAnswer, What, tokens,
};
use serde_json::{Value, json};

use super::{
    model::{UPSERT, always, faulty_sandbox, once, reasons, refusal, roomy_sandbox, stored, sums_of_success},
    support::{Connector, Outcome, email_of, people, record, state, upserts, wait_for_upsert_of},
};

/// The address of one of [`people`].
fn email(number: u32) -> String {
    email_of("users", number)
}

/// Writes so many people, with a state behind them.
fn write_people(sandbox: &Sandbox, count: u32) -> Outcome {
    Connector::new(sandbox).write(&(people(0..count) + &state(1)))
}

/// Asserts that a fault cost nothing but requests: all of three people are written.
#[track_caller]
fn assert_survived(sandbox: &Sandbox, upserts_needed: usize) -> Outcome {
    let outcome = write_people(sandbox, 3);
    let sums = sums_of_success(&outcome, sandbox);
    assert_eq!((sums.written(), sums.rejected), (3, 0), "{sums:?}");
    assert_eq!(sandbox.contacts().len(), 3);
    assert_eq!(outcome.counts(), [(3.0, 0.0)]);
    assert_eq!(upserts(sandbox), upserts_needed);
    outcome
}

/// Asserts that three people cannot be written, and that their state is kept back. Gives the message.
#[track_caller]
fn assert_fatal(sandbox: &Sandbox, failure_type: &str, upserts_spent: usize) -> String {
    let outcome = write_people(sandbox, 3);
    let message = outcome.assert_failure(failure_type);
    assert_eq!(outcome.states(), [] as [Value; 0]);
    assert_eq!(upserts(sandbox), upserts_spent, "{:#?}", outcome.lines);
    message
}

/// Milliseconds between the arrival of one upsert and of the next.
fn gap_ms(sandbox: &Sandbox) -> u64 {
    let requests = sandbox.requests_to(UPSERT);
    requests[1].at_ms - requests[0].at_ms
}

// A 2xx with errors.

#[test]
fn one_bad_record_in_a_batch_is_rejected_and_the_others_are_written() {
    for grouped in [false, true] {
        let sandbox = roomy_sandbox(|settings| settings.group_errors = grouped);
        let bad = record(json!({ "email": "ada@example.invalid", "firstname": "Ada" }));
        let outcome = Connector::new(&sandbox).write(&(people(0..4) + &bad + &state(1)));
        assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [4, 0, 0, 1]);
        assert_eq!(reasons(&outcome), "invalid_email: 1");
        assert_eq!(outcome.counts(), [(4.0, 1.0)]);
        assert_eq!(sandbox.contacts().len(), 4);
        assert_eq!(upserts(&sandbox), 1);
    }
}

#[test]
fn an_error_that_names_several_trace_ids_rejects_each_of_them() {
    let sandbox = roomy_sandbox(|settings| settings.group_errors = true);
    let bad: String =
        (90..93).map(|number| record(json!({ "email": email(number), "lastname": "https://x" }))).collect();
    let connector = Connector::new(&sandbox).set("invalid_values", "reject_record");
    let outcome = connector.write(&(people(0..4) + &bad + &state(1)));
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [4, 0, 0, 3]);
    assert_eq!(reasons(&outcome), "invalid_value(lastname): 3");
    assert_eq!(sandbox.contacts().len(), 4);
    assert_eq!(upserts(&sandbox), 1);
}

#[test]
fn a_refused_value_is_left_out_and_the_rest_of_the_record_is_written() {
    let sandbox = roomy_sandbox(|_| ());
    sandbox.seed_contact(Seed::new("ada@example.com").property("lastname", "Lovelace"));
    let bad = record(json!({ "email": "ada@example.com", "firstname": "Ada", "lastname": "https://x" }));
    let outcome = Connector::new(&sandbox).write(&(people(0..4) + &bad + &state(1)));
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [4, 1, 0, 0]);
    assert_eq!(stored(&sandbox, "ada@example.com", "firstname").as_deref(), Some("Ada"));
    assert_eq!(stored(&sandbox, "ada@example.com", "lastname").as_deref(), Some("Lovelace"));
    assert_eq!(outcome.logs("values left out").len(), 1, "{:#?}", outcome.lines);
    assert!(outcome.logs("values left out")[0].contains("invalid_value(lastname)"));
    assert_eq!(upserts(&sandbox), 2);
}

#[test]
fn an_error_without_a_trace_id_is_traced_by_asking_again() {
    let lasting = Fault::new(What::ErrorWithoutTraceId).email(email(1));
    let sandbox = faulty_sandbox(lasting.clone());
    let outcome = write_people(&sandbox, 5);
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [4, 0, 0, 1]);
    assert_eq!(reasons(&outcome), "refused_by_hubspot: 1");
    assert!(sandbox.contact(&email(1)).is_none());
    assert_eq!(upserts(&sandbox), 2);

    let sandbox = faulty_sandbox(lasting.times(1));
    let outcome = write_people(&sandbox, 5);
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [5, 0, 0, 0]);
    assert_eq!(upserts(&sandbox), 2);
}

#[test]
fn created_and_updated_are_told_apart_in_any_order_with_or_without_echoed_trace_ids() {
    for (echoed, shuffled) in [(false, false), (false, true), (true, false), (true, true)] {
        let sandbox = roomy_sandbox(|settings| {
            settings.echo_trace_ids = echoed;
            settings.shuffle_results = shuffled;
        });
        for number in 0..30 {
            sandbox.seed_contact(Seed::new(email(number)));
        }
        // Known by their second addresses only: HubSpot answers with the first ones.
        for number in 30..33 {
            sandbox.seed_contact(Seed::new(format!("first-{number}@example.com")).secondary(email(number)));
        }
        let outcome = write_people(&sandbox, 100);
        assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [67, 33, 0, 0]);
        assert_eq!(upserts(&sandbox), 1);
        assert_eq!(sandbox.contacts().len(), 100);
        for number in 0..100 {
            assert_eq!(stored(&sandbox, &email(number), "firstname"), Some(format!("Name {number}")));
        }
        assert_eq!(sandbox.contact(&email(30)).unwrap().email, "first-30@example.com");
    }
}

#[test]
fn a_conflict_that_passes_costs_one_request_and_one_that_lasts_the_record() {
    let conflict = What::Conflict { existing_id: false, whole_batch: false };
    let exists = What::AlreadyExists { whole_batch: false };
    let unknown = What::Category { category: "SOMETHING_NEW".to_owned(), whole_batch: false };
    for (what, reason) in [
        (What::conflict(), "conflict: 1"),
        (conflict, "conflict: 1"),
        (exists, "conflict: 1"),
        (unknown, "refused_by_hubspot: 1"),
    ] {
        let fault = Fault::new(what).email(email(2));
        let sandbox = faulty_sandbox(fault.clone().times(1));
        let outcome = write_people(&sandbox, 5);
        assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [5, 0, 0, 0]);
        assert_eq!(stored(&sandbox, &email(2), "firstname").as_deref(), Some("Name 2"));
        assert_eq!(upserts(&sandbox), 2);

        let sandbox = faulty_sandbox(fault);
        let outcome = write_people(&sandbox, 5);
        assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [4, 0, 0, 1]);
        assert_eq!(reasons(&outcome), reason);
        assert_eq!(outcome.counts(), [(4.0, 1.0)]);
        assert!(sandbox.contact(&email(2)).is_none());
        assert_eq!(upserts(&sandbox), 2);
    }
}

#[test]
fn a_validation_error_without_a_property_is_final_at_once() {
    let what = What::Category { category: "VALIDATION_ERROR".to_owned(), whole_batch: false };
    let sandbox = faulty_sandbox(Fault::new(what).email(email(2)));
    let outcome = write_people(&sandbox, 5);
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [4, 0, 0, 1]);
    assert_eq!(reasons(&outcome), "refused_by_hubspot: 1");
    assert_eq!(upserts(&sandbox), 1);
}

#[test]
fn a_required_property_rejects_the_record_and_names_the_way_round() {
    let with_rules = |settings: &mut Settings| {
        settings.required_properties = vec!["customer_number".to_owned()];
        settings.conditional_properties = vec![ConditionalProperty {
            when: "hs_lead_status".to_owned(),
            is: "OPEN".to_owned(),
            require: "jobtitle".to_owned(),
        }];
    };
    let input = record(json!({ "email": "ada@example.com", "firstname": "Ada", "customer_number": "1" }))
        + &record(json!({ "email": "bob@example.com", "firstname": "Bob" }))
        + &record(json!({ "email": "eve@example.com", "customer_number": "3", "hs_lead_status": "OPEN" }))
        + &state(1);
    let sandbox = roomy_sandbox(with_rules);
    let outcome = Connector::new(&sandbox).write(&input);
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [1, 0, 0, 2]);
    assert_eq!(
        reasons(&outcome),
        "missing_required_property(customer_number): 1, missing_required_property(jobtitle): 1"
    );
    let told = outcome.logs("rejected records");
    assert!(told.iter().all(|line| line.contains("api_version: v3")), "{told:#?}");
    assert_eq!(upserts(&sandbox), 1);

    let sandbox = roomy_sandbox(with_rules);
    let outcome = Connector::new(&sandbox).set("api_version", "v3").write(&input);
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [3, 0, 0, 0]);
}

#[test]
fn an_input_that_an_answer_forgets_is_asked_about_again_three_times_in_all() {
    let fault = Fault::new(What::Unaccounted).email(email(3));
    let sandbox = faulty_sandbox(fault.clone().times(1));
    let outcome = write_people(&sandbox, 5);
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [5, 0, 0, 0]);
    assert_eq!(upserts(&sandbox), 2);
    assert_eq!(sandbox.requests_to(UPSERT)[1].keys, [email(3)]);

    let sandbox = faulty_sandbox(fault);
    let outcome = write_people(&sandbox, 5);
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [4, 0, 0, 1]);
    assert_eq!(reasons(&outcome), "not_confirmed: 1");
    assert_eq!(outcome.counts(), [(4.0, 1.0)]);
    assert_eq!(upserts(&sandbox), 3);
}

#[test]
fn an_input_written_but_forgotten_counts_once() {
    let sandbox = faulty_sandbox(Fault::new(What::Unaccounted).email(email(3)).after_write().times(1));
    let outcome = write_people(&sandbox, 5);
    // Created or updated: the answer that knew is lost.
    assert_eq!(sums_of_success(&outcome, &sandbox).written(), 5);
    assert_eq!(sandbox.contacts().len(), 5);
    assert_eq!(upserts(&sandbox), 2);
}

// A 2xx that says nothing.

#[test]
fn an_empty_or_unreadable_success_is_asked_for_again() {
    for what in
        [What::EmptyResults, What::EmptyBody, What::NotJson, What::Json { status: 202, body: json!([1]) }]
    {
        assert_survived(&once(what), 2);
    }
}

#[test]
fn a_batch_that_is_never_accounted_for_ends_the_sync_after_three_requests() {
    for what in [What::EmptyResults, What::EmptyBody, What::NotJson] {
        let message = assert_fatal(&always(what), "transient_error", 3);
        assert!(message.contains("three times"), "{message}");
    }
}

#[test]
fn a_success_that_stays_empty_although_it_wrote_is_no_success() {
    let sandbox = faulty_sandbox(Fault::new(What::EmptyResults).after_write());
    assert_fatal(&sandbox, "transient_error", 3);
    assert_eq!(sandbox.contacts().len(), 3);
}

#[test]
fn a_single_record_that_is_never_accounted_for_is_rejected_after_three_requests() {
    let sandbox = faulty_sandbox(Fault::new(What::EmptyResults).skip(1));
    let mut running = Connector::new(&sandbox).start("write");
    running.send(&(people(0..2) + &state(1)));
    running.wait_for_state(1);
    running.send(&(people(7..8) + &state(2)));
    let outcome = running.finish();
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [2, 0, 0, 1]);
    assert_eq!(reasons(&outcome), "not_confirmed: 1");
    assert_eq!(outcome.counts(), [(2.0, 0.0), (0.0, 1.0)]);
    assert_eq!(upserts(&sandbox), 4);
}

#[test]
fn every_2xx_with_results_is_a_success() {
    for status in [200, 201, 202, 207] {
        let results: Vec<Value> =
            (0..3).map(|number| json!({ "new": true, "properties": { "email": email(number) } })).collect();
        let sandbox = once(What::Json { status, body: json!({ "results": results }) });
        let outcome = write_people(&sandbox, 3);
        assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [3, 0, 0, 0]);
        assert_eq!(upserts(&sandbox), 1);
    }
}

// No answer, or half of one.

#[test]
fn a_lost_cut_or_late_answer_is_asked_for_again_and_writes_nothing_twice() {
    let late = What::Delay { ms: 600_000, jitter_ms: 0, before_write: false };
    let stuck = What::SlowBody { chunks: 3, pause_ms: 600_000 };
    for what in [What::CloseUnread, What::LoseAnswer, What::CutBody, late, stuck] {
        let sandbox = once(what);
        let outcome = assert_survived(&sandbox, 2);
        assert_eq!(outcome.logs("will ask again").len(), 1, "{:#?}", outcome.lines);
        for number in 0..3 {
            assert_eq!(stored(&sandbox, &email(number), "firstname"), Some(format!("Name {number}")));
        }
    }
}

#[test]
fn an_answer_that_drips_is_read_to_its_end() {
    assert_survived(&once(What::SlowBody { chunks: 8, pause_ms: 5 }), 1);
}

#[test]
fn an_oversized_answer_is_asked_for_in_halves() {
    let sandbox = once(What::Oversized { bytes: 17 * 1024 * 1024 });
    let outcome = write_people(&sandbox, 100);
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [100, 0, 0, 0]);
    let sizes: Vec<usize> = sandbox.requests_to(UPSERT).iter().map(|request| request.input_count).collect();
    assert_eq!(sizes, [100, 50, 50]);
}

#[test]
fn an_oversized_answer_to_one_record_says_nothing_about_the_record() {
    let sandbox =
        faulty_sandbox(Fault::new(What::Oversized { bytes: 17 * 1024 * 1024 }).after_write().times(1));
    let outcome = write_people(&sandbox, 1);
    let sums = sums_of_success(&outcome, &sandbox);
    assert_eq!((sums.written(), sums.rejected), (1, 0), "{}", reasons(&outcome));
    assert_eq!(sandbox.contacts().len(), 1);
}

#[test]
fn hubspot_going_away_for_good_ends_the_sync() {
    let sandbox = roomy_sandbox(|_| ());
    let mut running = Connector::new(&sandbox).start("write");
    running.send(&(people(0..3) + &state(1)));
    running.wait_for_state(1);
    drop(sandbox);
    running.send(&(people(3..6) + &state(2)));
    let outcome = running.finish();
    let message = outcome.assert_failure("transient_error");
    assert!(
        message.contains("no connection could be made to http://127.0.0.1:")
            && message.contains("in 10 attempts"),
        "{message}"
    );
    assert_eq!(outcome.state_ids(), [1]);
}

#[test]
fn hubspot_coming_back_is_found_again() {
    let sandbox = roomy_sandbox(|_| ());
    let settings = Settings {
        port: sandbox.base_url().rsplit(':').next().unwrap().parse().unwrap(),
        ..sandbox.settings()
    };
    // Slower repetitions than elsewhere: the last one must not be over before the second sandbox listens.
    let mut running = Connector::new(&sandbox).variable("HUBSPOT_DELAY_SCALE", "0.1").start("write");
    running.send(&(people(0..3) + &state(1)));
    running.wait_for_state(1);
    drop(sandbox);
    running.send(&(people(3..6) + &state(2)));
    running.wait_for(|line| line.contains("will ask again"));
    let sandbox = Sandbox::start(settings).unwrap();
    let outcome = running.finish();
    outcome.assert_success();
    assert_eq!(outcome.counts(), [(3.0, 0.0), (3.0, 0.0)]);
    assert_eq!(sandbox.contacts().len(), 3);
}

// Refusals of a whole batch.

#[test]
fn a_refusal_that_names_the_property_takes_out_just_its_holders() {
    let bad = record(json!({ "email": "ada@example.com", "firstname": "Ada", "lastname": "https://x" }));
    let input = people(0..50) + &bad + &people(50..99) + &state(1);

    let sandbox = roomy_sandbox(|settings| settings.partial_success = false);
    let outcome = Connector::new(&sandbox).write(&input);
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [100, 0, 0, 0]);
    assert_eq!(stored(&sandbox, "ada@example.com", "lastname"), None);
    assert_eq!(stored(&sandbox, "ada@example.com", "firstname").as_deref(), Some("Ada"));
    assert!(upserts(&sandbox) <= 4, "{}", upserts(&sandbox));

    let sandbox = roomy_sandbox(|settings| settings.partial_success = false);
    let outcome = Connector::new(&sandbox).set("invalid_values", "reject_record").write(&input);
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [99, 0, 0, 1]);
    assert_eq!(reasons(&outcome), "invalid_value(lastname): 1");
    assert!(upserts(&sandbox) <= 3, "{}", upserts(&sandbox));
}

#[test]
fn a_refusal_that_names_the_address_takes_out_just_that_record() {
    let bad = record(json!({ "email": "ada@example.invalid", "firstname": "Ada" }));
    let by_id = json!({ "status": "error", "category": "VALIDATION_ERROR", "message": "x", "context": { "ids": [email(7)] } });
    for (sandbox, rejected, all) in [
        (roomy_sandbox(|settings| settings.partial_success = false), 1, 100),
        (once(What::Json { status: 400, body: by_id }), 0, 99),
    ] {
        let extra = if rejected == 1 { bad.as_str() } else { "" };
        let outcome = Connector::new(&sandbox).write(&(people(0..99) + extra + &state(1)));
        let sums = sums_of_success(&outcome, &sandbox);
        assert_eq!((sums.read, sums.created, sums.rejected), (all, 99, rejected));
        assert!(upserts(&sandbox) <= 3, "{}", upserts(&sandbox));
    }
}

#[test]
fn one_bad_record_in_a_hundred_is_found_by_halving() {
    // Seven halvings, two requests each, the whole batch, and what it takes to tell the request itself from its records.
    const MOST: usize = 18;
    let unknown = What::Category { category: "SOMETHING_NEW".to_owned(), whole_batch: true };
    let nothing = What::Category { category: "VALIDATION_ERROR".to_owned(), whole_batch: true };
    let conflict = What::Conflict { existing_id: false, whole_batch: true };
    let exists = What::AlreadyExists { whole_batch: true };
    for (what, reason) in [
        (unknown, "refused_by_hubspot: 1"),
        (nothing, "refused_by_hubspot: 1"),
        (conflict, "conflict: 1"),
        (exists, "conflict: 1"),
    ] {
        for bad in [0, 37, 50, 99] {
            let sandbox = faulty_sandbox(Fault::new(what.clone()).email(email(bad)));
            let outcome = write_people(&sandbox, 100);
            assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [99, 0, 0, 1]);
            assert_eq!(reasons(&outcome), reason);
            assert!(sandbox.contact(&email(bad)).is_none());
            assert!(upserts(&sandbox) <= MOST, "{what:?} for record {bad}: {}", upserts(&sandbox));
        }
    }
}

#[test]
fn a_whole_batch_conflict_that_passes_rejects_nobody() {
    for status in [400, 409] {
        let what = StatusAnswer { category: Some("CONFLICT".to_owned()), ..StatusAnswer::new(status) };
        let sandbox = once(what);
        let outcome = write_people(&sandbox, 100);
        assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [100, 0, 0, 0]);
        assert!(upserts(&sandbox) <= 4, "{}", upserts(&sandbox));
    }
}

#[test]
fn a_batch_written_although_it_was_refused_counts_once() {
    let sandbox = faulty_sandbox(Fault::new(What::status(409)).after_write().times(1));
    let outcome = write_people(&sandbox, 100);
    let sums = sums_of_success(&outcome, &sandbox);
    assert_eq!((sums.written(), sums.rejected), (100, 0));
    assert_eq!(sandbox.contacts().len(), 100);
}

#[test]
fn many_bad_records_without_partial_success_leave_the_good_ones_written() {
    let sandbox = roomy_sandbox(|settings| settings.partial_success = false);
    let mut input = String::new();
    for number in 0..100 {
        let domain = if number % 9 == 0 { "example.invalid" } else { "example.com" };
        input += &record(json!({ "email": format!("p{number}@{domain}"), "firstname": "Ada" }));
    }
    let outcome = Connector::new(&sandbox).write(&(input + &state(1)));
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [88, 0, 0, 12]);
    assert_eq!(reasons(&outcome), "invalid_email: 12");
    assert_eq!(sandbox.contacts().len(), 88);
    // Halving alone would take about a hundred.
    assert!(upserts(&sandbox) <= 100, "{}", upserts(&sandbox));
}

#[test]
fn a_request_that_is_wrong_whatever_it_holds_ends_the_sync_within_few_requests() {
    for body in [BodyKind::Json, BodyKind::Html, BodyKind::Empty] {
        let sandbox = always(StatusAnswer { body, ..StatusAnswer::new(400) });
        let outcome = write_people(&sandbox, 100);
        let message = outcome.assert_failure("system_error");
        assert!(message.contains("status 400"), "{message}");
        assert_eq!(outcome.states(), [] as [Value; 0]);
        assert!(upserts(&sandbox) <= 3, "{}", upserts(&sandbox));
    }
}

#[test]
fn records_that_are_only_taken_one_by_one_are_written_one_by_one() {
    let sandbox = faulty_sandbox(Fault::new(What::status(400)).min_inputs(2));
    let outcome = write_people(&sandbox, 16);
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [16, 0, 0, 0]);
    assert!(upserts(&sandbox) <= 2 * 16, "{}", upserts(&sandbox));
}

#[test]
fn localised_messages_change_nothing() {
    let input = people(0..60)
        + &record(json!({ "email": "ada@example.invalid", "firstname": "Ada" }))
        + &record(
            json!({ "email": "bob@example.com", "firstname": "Bob", "lastname": "https://x", "company": "B" }),
        )
        + &record(json!({ "email": "eve@example.com", "lastname": "ftp://x" }))
        + &state(1);
    for partial in [true, false] {
        let run = |language: Language| {
            let sandbox = roomy_sandbox(|settings| {
                settings.partial_success = partial;
                settings.language = language;
                settings.shuffle_results = false;
                settings.missing_properties = vec![];
                settings.faults = vec![
                    Fault::new(What::MissingProperties { names: vec!["company".to_owned()] }).path(UPSERT),
                ];
            });
            let outcome = Connector::new(&sandbox).write(&input);
            let sums = sums_of_success(&outcome, &sandbox);
            let contacts: Vec<_> = sandbox
                .contacts()
                .iter()
                .map(|contact| (contact.email.clone(), contact.own_properties()))
                .collect();
            let left_out: Vec<String> = outcome
                .logs("left out")
                .iter()
                .map(|line| line.split(" correlation_id").next().unwrap().to_owned())
                .collect();
            (sums, reasons(&outcome), left_out, contacts)
        };
        let english = run(Language::English);
        assert_eq!(english.0.fates(), [62, 0, 0, 1]);
        assert_eq!(english.1, "invalid_email: 1");
        assert_eq!(run(Language::Portuguese), english);
    }
}

// Properties that HubSpot takes from nobody.

#[test]
fn a_property_that_vanishes_is_learned_once_and_left_out() {
    for (partial, echoed) in [(true, false), (true, true), (false, false)] {
        let sandbox = roomy_sandbox(|settings| {
            settings.partial_success = partial;
            settings.echo_trace_ids = echoed;
        });
        let employees = |numbers: std::ops::Range<u32>| -> String {
            let employee =
                |number: u32| json!({ "email": email(number), "company": "Analytical", "firstname": "Ada" });
            numbers.map(|number| record(employee(number))).collect()
        };
        let mut running = Connector::new(&sandbox).in_earnest().start("write");
        running.send(&(employees(0..100) + &state(1)));
        running.wait_for_state(1);
        sandbox.update(|settings| settings.missing_properties = vec!["company".to_owned()]);
        running.send(&(employees(100..200) + &state(2)));
        running.wait_for_state(2);
        running.send(&(employees(200..1_200) + &state(3)));
        let outcome = running.finish();
        assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [1_200, 0, 0, 0]);
        assert_eq!(stored(&sandbox, &email(99), "company").as_deref(), Some("Analytical"));
        assert_eq!(stored(&sandbox, &email(100), "company"), None);
        assert_eq!(stored(&sandbox, &email(1_199), "firstname").as_deref(), Some("Ada"));
        let warnings = outcome.logs("property left out for the rest of the sync");
        assert_eq!(warnings.len(), 1, "{:#?}", outcome.lines);
        assert!(warnings[0].contains("property=company reason=unknown_property"), "{warnings:?}");
        // One more than without the accident.
        assert_eq!(upserts(&sandbox), 13);
    }
}

#[test]
fn a_property_that_becomes_read_only_is_learned_once_and_left_out() {
    let body = refusal("READ_ONLY_VALUE", &["company", "made_up"]);
    let sandbox = once(What::Json { status: 400, body });
    let mut running = Connector::new(&sandbox).start("write");
    running.send(&record(json!({ "email": email(0), "company": "Analytical", "firstname": "Ada" })));
    running.send(&state(1));
    running.wait_for_state(1);
    running.send(&record(json!({ "email": email(1), "company": "Analytical", "firstname": "Bob" })));
    running.send(&state(2));
    let outcome = running.finish();
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [2, 0, 0, 0]);
    assert_eq!(stored(&sandbox, &email(0), "company"), None);
    assert_eq!(stored(&sandbox, &email(1), "company"), None);
    assert_eq!(stored(&sandbox, &email(1), "firstname").as_deref(), Some("Bob"));
    let warnings = outcome.logs("property left out for the rest of the sync");
    assert_eq!(warnings.len(), 1, "{:#?}", outcome.lines);
    assert!(warnings[0].contains("property=company reason=read_only_property"), "{warnings:?}");
    // A name that was not sent is not repeated: it could be anything.
    assert!(!outcome.lines.concat().contains("made_up"));
    assert_eq!(upserts(&sandbox), 3);
}

// Statuses.

#[test]
fn what_may_pass_is_asked_for_again() {
    for status in [408, 423, 425, 477, 500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 599] {
        let sandbox = once(StatusAnswer::new(status));
        assert_survived(&sandbox, 2);
    }
    for status in [403, 408, 429, 500, 502, 503, 504, 524] {
        assert_survived(&once(What::html(status)), 2);
        assert_survived(&once(What::bare(status)), 2);
    }
}

#[test]
fn an_answer_that_wrote_in_spite_of_its_status_is_harmless() {
    for status in [500, 504, 524] {
        let sandbox = faulty_sandbox(Fault::new(What::html(status)).after_write().times(1));
        assert_survived(&sandbox, 2);
    }
}

#[test]
fn a_lock_gets_its_two_seconds() {
    let sandbox = once(What::status(423));
    assert_survived(&sandbox, 2);
    // The tests' delays are a hundredth.
    assert!(gap_ms(&sandbox) >= 20, "{}", gap_ms(&sandbox));
}

#[test]
fn repetitions_are_bounded() {
    for (what, words) in [(What::html(503), "status 503"), (What::CloseUnread, "the connection broke")] {
        let message = assert_fatal(&always(what), "transient_error", 10);
        assert!(message.contains(words) && message.contains("10 attempts"), "{message}");
    }
}

#[test]
fn what_was_settled_before_the_end_is_acknowledged() {
    let sandbox = faulty_sandbox(Fault::new(What::html(502)).skip(1));
    let mut running = Connector::new(&sandbox).start("write");
    running.send(&(people(0..5) + &state(1)));
    running.wait_for_state(1);
    running.send(&(people(5..9) + &state(2)));
    let outcome = running.wait();
    outcome.assert_failure("transient_error");
    assert_eq!(outcome.counts(), [(5.0, 0.0)]);
    assert_eq!(sandbox.contacts().len(), 5);
}

#[test]
fn a_pause_that_is_asked_for_is_kept() {
    let limited = |policy, retry_after| What::RateLimited { policy, retry_after };
    let locked = |retry_after| What::from(StatusAnswer::new(477).retry_after(retry_after));
    let overloaded = |retry_after| What::from(StatusAnswer::new(503).retry_after(retry_after));
    // A hundredth of what HubSpot asks for, or of its window; a date has no parts of seconds.
    for (what, at_least_ms) in [
        (limited(None, None), 100),
        (limited(Some(Policy::TenSecondlyRolling), None), 100),
        (limited(Some(Policy::Secondly), None), 10),
        (limited(Some(Policy::TenSecondlyRolling), Some(RetryAfter::Seconds(20))), 200),
        (limited(Some(Policy::TenSecondlyRolling), Some(RetryAfter::Date(20))), 180),
        (limited(Some(Policy::Secondly), Some(RetryAfter::Text("12.5".to_owned()))), 130),
        (limited(None, Some(RetryAfter::Text("soon".to_owned()))), 100),
        (locked(RetryAfter::Seconds(20)), 200),
        (overloaded(RetryAfter::Seconds(20)), 200),
    ] {
        let sandbox = once(what.clone());
        assert_survived(&sandbox, 2);
        assert!(gap_ms(&sandbox) >= at_least_ms, "{what:?}: {} ms", gap_ms(&sandbox));
    }
}

#[test]
fn a_pause_holds_for_every_request() {
    let pause = What::RateLimited { policy: None, retry_after: Some(RetryAfter::Seconds(50)) };
    let sandbox = once(pause);
    let mut running = Connector::new(&sandbox).start("write");
    running.send(&people(0..100));
    running.wait_for(|line| line.contains("will ask again"));
    // The pause began before this.
    let limited_at = sandbox.requests_to(UPSERT)[0].at_ms;
    running.send(&(people(100..1_000) + &state(1)));
    let outcome = running.finish();
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [1_000, 0, 0, 0]);
    let requests = sandbox.requests_to(UPSERT);
    assert_eq!(requests.len(), 11);
    assert!(requests.iter().skip(1).all(|request| request.at_ms >= limited_at + 500), "{requests:#?}");
}

#[test]
fn a_rate_limit_without_end_ends_the_sync() {
    // A server that always says "again at once" is not taken at its word either.
    for retry_after in [None, Some(RetryAfter::Seconds(0))] {
        let sandbox = always(What::RateLimited { policy: None, retry_after });
        let connector = Connector::new(&sandbox).variable("HUBSPOT_DELAY_SCALE", "0.001");
        let outcome = connector.write(&(people(0..3) + &state(1)));
        let message = outcome.assert_failure("transient_error");
        assert!(message.contains("the same token"), "{message}");
        assert_eq!(outcome.states(), [] as [Value; 0]);
        assert!(upserts(&sandbox) <= 200, "{}", upserts(&sandbox));
    }
}

#[test]
fn a_pause_that_is_too_long_ends_the_sync() {
    let hour = RetryAfter::Seconds(3_600);
    for what in [
        What::RateLimited { policy: Some(Policy::TenSecondlyRolling), retry_after: Some(hour.clone()) },
        What::from(StatusAnswer::new(477).retry_after(hour.clone())),
        What::from(StatusAnswer::new(503).retry_after(RetryAfter::Date(3_602))),
    ] {
        let message = assert_fatal(&always(what), "transient_error", 1);
        assert!(message.contains("60 minutes") || message.contains("61 minutes"), "{message}");
    }
}

#[test]
fn ten_minutes_are_waited_for() {
    let what = StatusAnswer::new(503).retry_after(RetryAfter::Seconds(600));
    let sandbox = once(what);
    let outcome =
        Connector::new(&sandbox).variable("HUBSPOT_DELAY_SCALE", "0.0005").write(&(people(0..3) + &state(1)));
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [3, 0, 0, 0]);
}

#[test]
fn the_daily_limit_ends_the_sync_and_says_when_it_is_reset() {
    let message = assert_fatal(
        &always(What::RateLimited { policy: Some(Policy::Daily), retry_after: None }),
        "transient_error",
        1,
    );
    assert!(
        message.contains("daily limit") && message.contains("midnight in the account's time zone, in "),
        "{message}"
    );
    let words: Vec<&str> = message.split_whitespace().collect();
    let hours = words.iter().position(|word| *word == "h").and_then(|at| words[at - 1].parse::<u64>().ok());
    assert!(hours.is_some_and(|hours| hours < 24), "{message}");
}

#[test]
fn requests_that_wait_their_turn_are_not_sent_once_the_day_is_used_up() {
    let daily = What::RateLimited { policy: Some(Policy::Daily), retry_after: None };
    let sandbox = roomy_sandbox(|settings| {
        settings.faults = vec![Fault::new(daily).path("batch/upsert")];
        settings.limits.max = Some(10);
        settings.limits.window_ms = 10_000;
    });
    // The limits let ten of these go in the first ten seconds, the questions of the start among them.
    let outcome = Connector::new(&sandbox).write(&people(0..3_000));
    outcome.assert_failure("transient_error");
    let sent = sandbox.requests_to("batch/upsert").len();
    assert!((1..10).contains(&sent), "{sent}");
}

#[test]
fn the_last_two_percent_of_the_day_are_left_to_others() {
    let sandbox = roomy_sandbox(|settings| {
        settings.limits.daily = Some(1_000);
        settings.limits.daily_spent = 970;
        // Few requests are in flight, so that few of them overtake the news.
        settings.limits.max = Some(100);
        settings.limits.window_ms = 60_000;
    });
    let mut running = Connector::new(&sandbox).start("write");
    let mut number = 0;
    // One batch after the other until it ends.
    while number < 30 {
        running.send(&(people(number * 100..number * 100 + 100) + &state(number.into())));
        number += 1;
    }
    let outcome = running.wait();
    let message = outcome.assert_failure("transient_error");
    assert!(message.contains("2 %") && message.contains("midnight"), "{message}");
    let left = 30 - sandbox.requests().len();
    assert!((14..=20).contains(&left), "{left} of the day's 1,000 requests are left");
    // What was written is acknowledged.
    let written = u64::try_from(outcome.states().len()).unwrap();
    assert_eq!(outcome.state_ids(), (0..written).collect::<Vec<u64>>());
    assert_eq!(outcome.states().len(), upserts(&sandbox));
    assert_eq!(sandbox.contacts().len(), upserts(&sandbox) * 100);
}

#[test]
fn a_token_refused_after_it_worked_is_tried_once_more() {
    let sandbox = once(What::status(401));
    assert_survived(&sandbox, 2);
    assert!(gap_ms(&sandbox) >= 20, "{}", gap_ms(&sandbox));
    let message = assert_fatal(&always(What::status(401)), "config_error", 2);
    assert!(message.contains("`access_token`"), "{message}");
}

#[test]
fn a_token_that_expired_is_told_from_one_that_is_wrong() {
    let expired = |since: &str| {
        let context = json!({ "expire time": [since] });
        What::Json {
            status: 401,
            body: json!({ "status": "error", "category": "EXPIRED_AUTHENTICATION", "context": context }),
        }
    };
    let message = assert_fatal(&always(expired("2026-06-21T10:37:52.040Z")), "config_error", 2);
    assert!(message.contains("has expired or was rotated"), "{message}");
    let message = assert_fatal(&always(expired("1970-01-01T00:00:00Z")), "config_error", 2);
    assert!(
        message.contains("does not accept the access token") && !message.contains("expired"),
        "{message}"
    );
}

#[test]
fn a_token_that_never_worked_is_asked_for_once() {
    let sandbox = roomy_sandbox(|_| ());
    let outcome =
        Connector::new(&sandbox).set("access_token", "pat-na1-nobody").write(&(people(0..3) + &state(1)));
    let message = outcome.assert_failure("config_error");
    assert!(message.contains("does not accept the access token"), "{message}");
    assert_eq!(sandbox.requests().len(), 1);
}

#[test]
fn a_missing_scope_is_named() {
    for shape in [hubspot_sandbox::ScopeErrorShape::Current, hubspot_sandbox::ScopeErrorShape::Old] {
        // Where HubSpot lists the scopes, nothing is sent at all: see `settings`.
        let sandbox = roomy_sandbox(|settings| {
            settings.scope_error = shape;
            settings.faults = vec![Fault::new(What::status(404)).path("access-token-info")];
        });
        let outcome = Connector::new(&sandbox)
            .set("access_token", tokens::READ_ONLY)
            .write(&(people(0..3) + &state(1)));
        let message = outcome.assert_failure("config_error");
        assert!(message.contains("`crm.objects.contacts.write`"), "{message}");
        assert_eq!(outcome.states(), [] as [Value; 0]);
        assert_eq!(upserts(&sandbox), 1);
    }
}

#[test]
fn a_path_that_is_gone_names_the_version() {
    for status in [404, 405, 410] {
        for what in [What::status(status), What::html(status)] {
            let message = assert_fatal(&always(what), "config_error", 1);
            assert!(message.contains("`api_version`"), "{message}");
        }
    }
}

#[test]
fn any_other_refusal_is_fatal_at_once() {
    for status in [402, 406, 411, 412, 415, 418, 422, 451] {
        let message = assert_fatal(&always(What::status(status)), "system_error", 1);
        assert!(message.contains(&format!("status {status}")), "{message}");
    }
}

#[test]
fn a_redirect_is_never_followed() {
    for status in [301, 302, 303, 307, 308] {
        let sandbox = always(What::Redirect { status, location: "/redirected".to_owned() });
        let message = assert_fatal(&sandbox, "config_error", 1);
        assert!(message.contains("redirect"), "{message}");
        assert_eq!(sandbox.requests_to("/redirected").len(), 0);
    }
}

#[test]
fn a_request_that_is_too_large_is_halved_until_it_fits() {
    let sandbox = roomy_sandbox(|settings| settings.max_body_bytes = Some(40_000));
    let value = "x".repeat(1_000);
    let mut input: String =
        (0..100).map(|number| record(json!({ "email": email(number), "message": value }))).collect();
    // One that cannot be made any smaller.
    input += &record(json!({ "email": "ada@example.com", "message": "y".repeat(50_000) }));
    let outcome = Connector::new(&sandbox).write(&(input + &state(1)));
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [100, 0, 0, 1]);
    assert_eq!(reasons(&outcome), "too_large: 1");
    assert_eq!(sandbox.contacts().len(), 100);
    let mut sizes: Vec<usize> = sandbox
        .requests_to(UPSERT)
        .iter()
        .map(|request| request.body.as_ref().map_or(0, bytes::Bytes::len))
        .collect();
    sizes.sort_unstable();
    assert!(sizes.len() <= 9, "{sizes:?}");
}

// Two addresses of one contact.

/// A contact with two addresses, and other people around its records, which end with the one that has to win.
fn write_both_addresses(same: SameContactInputs, echoed: bool, records: &[(&str, &str)]) {
    let sandbox = roomy_sandbox(|settings| {
        settings.same_contact_inputs = same;
        settings.echo_trace_ids = echoed;
    });
    sandbox.seed_contact(
        Seed::new("ada@example.com").secondary("countess@example.com").property("firstname", "?"),
    );
    let mut input = people(0..40);
    for (address, name) in records {
        input += &record(json!({ "email": address, "firstname": name, "lastname": format!("of {address}") }));
        input += &people(40..50);
    }
    input += &(people(50..90) + &state(1));
    let outcome = Connector::new(&sandbox).write(&input);
    let sums = sums_of_success(&outcome, &sandbox);
    assert_eq!(sums.rejected, 0, "{same:?} {records:?}");
    assert_eq!(sandbox.contacts().len(), 91);
    let (address, name) = records[records.len() - 1];
    let ada = sandbox.contact("countess@example.com").unwrap();
    assert_eq!(ada.property("firstname"), Some(name), "{same:?}, echoed {echoed}: {records:?}");
    assert_eq!(ada.property("lastname"), Some(format!("of {address}").as_str()), "{same:?}: {records:?}");
    assert_eq!(ada.email, "ada@example.com");
    assert!(upserts(&sandbox) <= 20, "{same:?}: {}", upserts(&sandbox));
}

#[test]
fn of_two_addresses_of_one_contact_in_a_batch_the_last_record_wins() {
    let (ada, countess) = ("ada@example.com", "countess@example.com");
    for same in [
        SameContactInputs::Conflict409,
        SameContactInputs::MergedIntoOneResult,
        SameContactInputs::BothResults,
    ] {
        for echoed in [false, true] {
            write_both_addresses(same, echoed, &[(ada, "Ada 1"), (countess, "Ada 2")]);
            write_both_addresses(same, echoed, &[(countess, "Ada 1"), (ada, "Ada 2")]);
            write_both_addresses(same, echoed, &[(ada, "Ada 1"), (countess, "Ada 2"), (ada, "Ada 3")]);
            write_both_addresses(same, echoed, &[(countess, "Ada 1"), (ada, "Ada 2"), (countess, "Ada 3")]);
        }
    }
}

#[test]
fn a_record_in_flight_is_seen_by_the_server_before_its_state_comes_back() {
    let sandbox = faulty_sandbox(Fault::new(What::html(503)).times(3));
    let mut running = Connector::new(&sandbox).start("write");
    running.send(&(people(0..100) + &state(1)));
    wait_for_upsert_of(&sandbox, &email(0));
    running.wait_for_state(1);
    assert_eq!(sandbox.contacts().len(), 100);
    let outcome = running.finish();
    assert_eq!(sums_of_success(&outcome, &sandbox).retries, 3);
    assert_eq!(upserts(&sandbox), 4);
}
