//! The rules of the layering, tried on small sources.

use std::collections::BTreeMap;

use super::{
    paths::Crate,
    rules::{
        Rooms, arrow_violations, circle_violations, circles, form_violations, missing_modules,
        purity_violations, unsaid_purity,
    },
};

const SMALL: Rooms = Rooms {
    folder: "src",
    below: "",
    may_use: &[("a", &["b::data"]), ("b", &[]), ("log", &["a"])],
    open_to_all: &["log"],
};

/// A crate with a file for each room of [`SMALL`], and this file.
fn small(path: &str, text: &str) -> Crate {
    let mut files = BTreeMap::from([
        ("lib.rs", "pub use b::data::Data;"),
        ("a/mod.rs", "mod part; mod tests {}"),
        ("a/part.rs", ""),
        ("b/mod.rs", "pub mod client; pub mod data; pub use self::data::Data; pub use client::Client;"),
        ("b/client.rs", ""),
        ("b/data.rs", ""),
        ("log.rs", ""),
    ]);
    files.insert(path, text);
    Crate::of("src", files)
}

#[test]
fn an_arrow_is_found_in_whatever_form_it_is_written() {
    for (path, text) in [
        ("a/mod.rs", "use crate::b::client::Client;"),
        ("a/mod.rs", "use crate::{b::{data, client as c}, log};"),
        ("a/mod.rs", "pub(crate) use crate::b::{self, data::*};"),
        ("a/mod.rs", "use super::b::client;"),
        ("a/part.rs", "use super::super::b::client::{self};"),
        ("a/part.rs", "fn f(x: &crate::b::client::Client) {}"),
        ("a/part.rs", "fn f() -> impl Sized + use<> { crate :: b :: client::f::<u8>() }"),
        ("a/part.rs", "fn f() { format!(\"{}\", [1, crate::b::client::f()]); }"),
        ("a/part.rs", "macro_rules! m { () => { $crate::b::client::f() } }"),
        ("a/part.rs", "mod inner { use super::super::super::b::client; }"),
        ("a/part.rs", "use crate::r#b::r#client;"),
        // By the item of the room above, by one of the root, and by the root itself.
        ("a/part.rs", "use crate::b::Client;"),
        ("a/part.rs", "use crate::Nothing;"),
        ("a/part.rs", "use crate::*;"),
        ("a/part.rs", "use crate as root;"),
        ("a/part.rs", "use crate::b; fn f() { b::client::f() }"),
        ("b/data.rs", "use crate::a;"),
        ("log.rs", "use crate::b::data;"),
        ("other.rs", ""),
    ] {
        let violations = arrow_violations(&small(path, text), &SMALL);
        assert!(!violations.is_empty(), "{path}: {text}");
    }
}

#[test]
fn what_the_table_allows_and_what_is_no_arrow_is_left_alone() {
    for (path, text) in [
        ("a/mod.rs", "use crate::{b::data, log}; use super::b::data::{self, Data};"),
        ("a/part.rs", "use crate::{b::Data, Data as Same}; use super::x; pub(super) struct S;"),
        (
            "a/part.rs",
            "//! crate::b::client\n/// [`crate::b::client`]\nconst X: &str = \"crate::b::client\";",
        ),
        ("a/part.rs", "use std::sync::Arc; use tokio::b::client; use ::b::client as other;"),
        ("a/part.rs", "#[cfg(test)] mod tests { use crate::b::client; } #[cfg(test)] use crate::b;"),
        ("b/data.rs", "fn f() { crate::log::f() }"),
        ("log.rs", "use crate::a;"),
    ] {
        let violations = arrow_violations(&small(path, text), &SMALL);
        assert!(violations.is_empty(), "{path}: {text}: {violations:?}");
    }
    let krate = small("b/mod.rs", "pub mod client; mod data; #[cfg(test)] mod tests;");
    assert!(arrow_violations(&krate, &SMALL).is_empty());
}

#[test]
fn a_violation_names_its_place() {
    let krate = small("b/data.rs", "//! x\n\nuse crate::{\n    a,\n};\n");
    assert_eq!(arrow_violations(&krate, &SMALL), ["src/b/data.rs:4: `b` may not use `a`, only []"]);
}

#[test]
fn rooms_inside_a_room_have_arrows_of_their_own() {
    let inside = Rooms { below: "b", may_use: &[("client", &["data"]), ("data", &[])], ..SMALL };
    let fine = small("b/client.rs", "use super::data::Data; use crate::a;");
    assert!(arrow_violations(&fine, &inside).is_empty());
    for text in ["use super::client;", "use super::Client;", "use super::Unknown;"] {
        assert_eq!(arrow_violations(&small("b/data.rs", text), &inside).len(), 1, "{text}");
    }
}

#[test]
fn clocks_and_network_are_found_in_pure_modules() {
    for (text, is_pure) in [
        ("use std::time::Duration; // tokio\nconst X: &str = \"reqwest Instant\";", true),
        ("use tokio::time::Instant; fn f(now: Instant) {}", true),
        ("fn f(fs: u8, now: tokio::time::Instant) -> u8 { fs }", true),
        ("#[cfg(test)]\n#[expect(x)]\nmod tests { use tokio::x; }", true),
        ("use std::time::{Duration, Instant};", false),
        ("use tokio::time::Instant; fn f() { Instant::now() }", false),
        ("use tokio::time; fn f() { time::sleep(x) }", false),
        ("fn f() -> std::time::SystemTime {}", false),
        ("fn f() { vec![std::fs::read(x)]; tracing::warn!(\"\") }", false),
        ("#[tracing::instrument] fn f() {}", false),
        ("#[cfg(feature)]\nmod tests { use tokio::x; }", false),
        ("#[cfg(test)]\nmod tests;\nuse tokio::x;", false),
    ] {
        assert_eq!(purity_violations(&small("b/data.rs", text), &["b::data"]).is_empty(), is_pure, "{text}");
        assert!(purity_violations(&small("b/data.rs", text), &["a", "b::client"]).is_empty());
    }
}

#[test]
fn purity_that_only_the_file_or_only_the_table_knows_is_found() {
    let krate = Crate::of("src", [("a.rs", "//! A. Pure."), ("b.rs", "//! B."), ("c.rs", "//! Pure data.")]);
    let complaints = |pure: &[&str]| unsaid_purity(&krate, pure).len();
    assert_eq!(complaints(&["a", "c"]), 0);
    assert_eq!(complaints(&["a"]), 1);
    assert_eq!(complaints(&["a", "b", "c"]), 1);
}

/// The files of each circle.
fn circles_of(krate: &Crate) -> Vec<Vec<String>> {
    circles(krate).into_keys().collect()
}

#[test]
fn a_circle_is_found_through_re_exports_and_none_where_a_module_only_re_exports() {
    let circle = |text: &str| circles_of(&small("b/data.rs", text));
    assert_eq!(circle(""), [] as [Vec<String>; 0]);
    // `b` re-exports both; neither needs the other.
    assert_eq!(circle("use super::Client; use crate::log;"), [] as [Vec<String>; 0]);
    let files = |parent, client, data| {
        Crate::of("src", [("b/mod.rs", parent), ("b/client.rs", client), ("b/data.rs", data)])
    };
    let parent = "mod client; mod data; pub use self::{client::Client, data::Data};";
    let found = circles_of(&files(parent, "fn f(x: super::Data) {}", "use crate::b::Client;"));
    assert_eq!(found, [["src/b/client.rs", "src/b/data.rs"]]);
    // A module that has an item of its own, and uses what is below it.
    let found = circles_of(&files("mod client; fn g() { client::f() }", "use super::g;", ""));
    assert_eq!(found, [["src/b/client.rs", "src/b/mod.rs"]]);
    let krate = files("mod client; pub use client::f; fn g() { f() }", "use super::g;", "");
    let found = circles(&krate);
    let arrows =
        vec!["src/b/mod.rs:1 → src/b/client.rs".to_owned(), "src/b/client.rs:1 → src/b/mod.rs".to_owned()];
    let circle = vec!["src/b/client.rs".to_owned(), "src/b/mod.rs".to_owned()];
    assert_eq!(found, BTreeMap::from([(circle, arrows)]));
    assert_eq!(circle_violations(&found).len(), 1);
}

#[test]
fn a_module_that_vanished_is_noticed() {
    let missing = missing_modules(&Crate::of("src", [("a.rs", ""), ("b/mod.rs", "")]), &SMALL);
    assert_eq!(missing.len(), 2, "{missing:?}");
    assert!(missing[0].contains("`b::data`") && missing[1].contains("`log`"), "{missing:?}");
}

#[test]
fn a_file_without_purpose_or_end_is_found() {
    let line = "fn f() {}\n";
    // Four lines.
    let tests = format!("#[cfg(test)]\nmod tests {{\n{line}}}\n");
    for (text, is_fine) in [
        ("//! What it does.\n".to_owned(), true),
        ("\n//! Too late.\n".to_owned(), false),
        ("/// Not of the file.\nfn f() {}".to_owned(), false),
        (format!("//! x\n{}", line.repeat(498)), true),
        (format!("//! x\n{}", line.repeat(499)), false),
        (format!("//! x\n{}{tests}", line.repeat(494)), true),
        (format!("//! x\n{}{tests}", line.repeat(495)), false),
    ] {
        let violations = form_violations(&Crate::of("src", [("a.rs", text.as_str())]));
        assert_eq!(violations.is_empty(), is_fine, "{violations:?}");
    }
}
