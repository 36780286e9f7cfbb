//! Which addresses a run may use, and what it has made of them. It decides what is moved to the recycle bin at the end.
//!
//! It knows nothing of HTTP.

use std::{collections::BTreeSet, iter};

/// More than a run uses, and as many as one read can prove to be free.
const ADDRESSES: usize = 100;
/// With 36 possible signs each, no other run ever has the same.
const TAG_LENGTH: usize = 10;

/// The contacts of one run.
#[derive(Debug)]
pub(crate) struct Contacts {
    /// Addresses, the next one last.
    unused: Vec<String>,
    /// Addresses in requests that may have created contacts, in lower case.
    sent: BTreeSet<String>,
    /// Those of them of which no answer has told anything.
    unanswered: BTreeSet<String>,
    /// Ids that HubSpot reported as new to this run, or found under its addresses, and that are not known to be gone.
    made: BTreeSet<String>,
}

impl Contacts {
    /// Random addresses. The domain is reserved, so nobody gets mail; `.test` and the like are refused by HubSpot.
    pub(crate) fn new() -> Self {
        let sign = || char::from_digit(fastrand::u32(..36), 36).unwrap_or('0');
        let tag: String = iter::repeat_with(sign).take(TAG_LENGTH).collect();
        let address = |number| format!("probe-{tag}-{number}@example.com");
        Self {
            unused: (1..=ADDRESSES).rev().map(address).collect(),
            sent: BTreeSet::new(),
            unanswered: BTreeSet::new(),
            made: BTreeSet::new(),
        }
    }

    /// The addresses that nothing was done with.
    pub(crate) fn unused(&self) -> &[String] {
        &self.unused
    }

    /// Takes an address that nothing was done with.
    pub(crate) fn take(&mut self) -> Option<String> {
        self.unused.pop()
    }

    /// Books addresses before they are sent, so that even a request that is broken off is remembered.
    pub(crate) fn sending<'a>(&mut self, addresses: impl Iterator<Item = &'a str>) {
        for address in addresses.map(str::to_lowercase) {
            self.unanswered.insert(address.clone());
            self.sent.insert(address);
        }
    }

    /// The addresses under which contacts of this run may be: all were free before, and nobody else can know them.
    pub(crate) fn sent(&self) -> Vec<String> {
        self.sent.iter().cloned().collect()
    }

    /// Books an answer that tells what became of them.
    pub(crate) fn answered<'a>(&mut self, addresses: impl Iterator<Item = &'a str>) {
        for address in addresses {
            self.unanswered.remove(&address.to_lowercase());
        }
    }

    /// Books a contact that this run has made.
    pub(crate) fn made(&mut self, id: &str) {
        self.made.insert(id.to_owned());
    }

    /// Books that a contact is gone.
    pub(crate) fn gone(&mut self, id: &str) {
        self.made.remove(id);
    }

    /// The ids of what this run has made and not removed.
    pub(crate) fn left(&self) -> Vec<String> {
        self.made.iter().cloned().collect()
    }

    /// The addresses of contacts that may exist without this run knowing their ids.
    pub(crate) fn uncertain(&self) -> Vec<String> {
        self.unanswered.iter().cloned().collect()
    }
}
