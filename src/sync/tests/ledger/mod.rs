//! The ledger: which states are due, in which order, with which counts, and when a stream is wrongly set up. Here: what
//! these tests share.

mod all_rejected;
mod properties;
mod share;
mod states;

use serde_json::{Value, json};

use crate::{
    mapping::reason::{Code, Reason},
    protocol::message::StreamId,
    report::fate::{Fate, Ticket},
    sync::ledger::Ledger,
};

fn stream_id(stream: usize) -> StreamId {
    StreamId::new(&format!("s{stream}"), None)
}

fn rejected(code: Code) -> Fate {
    Fate::Rejected(Reason::of(code).into())
}

/// A rejection that says that the stream is wrongly set up.
fn refused() -> Fate {
    rejected(Code::NoEmailField)
}

/// One that does not.
fn without_address() -> Fate {
    rejected(Code::MissingEmail)
}

fn skipped() -> Fate {
    Fate::Skipped(Reason::of(Code::DeletedInSource))
}

/// The `state` object of the `number`-th state. `None`: it covers all streams.
fn object(number: usize, stream: Option<usize>) -> Value {
    match stream {
        Some(stream) => {
            json!({ "type": "STREAM", "id": number, "stream": { "stream_descriptor": { "name": format!("s{stream}") } } })
        }
        None if number.is_multiple_of(2) => json!({ "type": "GLOBAL", "id": number, "global": {} }),
        None => json!({ "id": number, "data": {} }),
    }
}

/// A state that went out: its number, the records written and those rejected.
type Out = (usize, u64, u64);

fn read(line: &str) -> Out {
    let message: Value = serde_json::from_str(line).unwrap();
    let count = |name: &str| {
        let text = message["state"]["destinationStats"][name].to_string();
        text.strip_suffix(".0").expect("a count with a decimal point").parse().unwrap()
    };
    let number = usize::try_from(message["state"]["id"].as_u64().unwrap()).unwrap();
    (number, count("recordCount"), count("rejectedRecordCount"))
}

fn take(ledger: &mut Ledger) -> Vec<Out> {
    ledger.take_due().iter().map(|line| read(line)).collect()
}

/// Opens so many records of a stream.
fn open(ledger: &mut Ledger, stream: usize, many: u64) -> Vec<Ticket> {
    let index = ledger.stream(&stream_id(stream));
    (0..many).map(|line| ledger.open(index, line)).collect()
}

fn settle_all(ledger: &mut Ledger, tickets: Vec<Ticket>, fate: &Fate) {
    for ticket in tickets {
        ledger.settle(ticket, fate);
    }
}
