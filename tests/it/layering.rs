//! Holds the source to the arrows of `docs/ARCHITECTURE.md`: which module may use which, where no clock and no
//! network may appear, and how a file starts and how long it gets.
//!
//! It reads text, not types: comments and literals are blanked, the rest is cut into tokens, and every `use` tree
//! and every inline path that starts with `crate`, `self` or `super` becomes an arrow between top-level modules.
//! It does not expand macros, follow `#[path]`, or see through re-exports; a path that names an item of the crate
//! root instead of a module is refused, so that a re-export there cannot hide an arrow.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// What each top-level module may use. An entry is a path prefix below the crate root.
const MAY_USE: &[(&str, &[&str])] = &[
    ("cli", &["command", "sync", "hubspot", "mapping", "config", "protocol", "io"]),
    ("command", &["sync", "hubspot", "mapping", "config", "protocol", "io"]),
    ("sync", &["mapping", "hubspot", "config", "protocol", "io"]),
    ("mapping", &["hubspot::model", "config", "protocol"]),
    ("hubspot", &["config"]),
    ("io", &["protocol"]),
    ("protocol", &[]),
    ("config", &[]),
    ("logging", &["io", "protocol"]),
    ("error", &[]),
    ("text", &[]),
];

/// Any module may use these, except that `error` uses nothing at all.
const OPEN_TO_ALL: &[&str] = &["error", "logging", "text"];

/// Modules that take data and moments, and return decisions.
const PURE: &[&str] = &[
    "text",
    "protocol",
    "config",
    "mapping",
    "sync::account",
    "sync::alias",
    "sync::batch",
    "sync::fate",
    "sync::isolate",
    "sync::known",
    "sync::ledger",
    "sync::lifecycle",
    "sync::outcome",
    "sync::refusal",
    "sync::rules",
    "sync::slot",
    "hubspot::retry",
];

/// Names that have no place in a pure module.
const IMPURE_NAMES: &[&str] = &["tokio", "reqwest", "Instant", "SystemTime", "fastrand", "tracing", "fs"];

const MAX_LINES: usize = 500;

#[test]
fn modules_use_only_what_the_table_allows() {
    report(&arrow_violations(&sources("src")));
}

#[test]
fn pure_modules_know_no_clock_and_no_network() {
    report(&purity_violations(&sources("src")));
}

#[test]
fn every_module_of_the_tables_exists() {
    report(&missing_modules(&sources("src")));
}

#[test]
fn files_open_with_their_responsibility_and_stay_short() {
    let mut files = sources("src");
    files.extend(sources("sandbox/src"));
    files.extend(sources("examples"));
    report(&form_violations(&files));
}

// ---- The rules ----------------------------------------------------------------------------------------------

/// A source file: its path below the source folder, with `/`, and its text.
struct Source {
    folder: &'static str,
    path: String,
    text: String,
}

impl Source {
    /// The module path of the file: `sync/batch.rs` is `[sync, batch]`, `sync/mod.rs` is `[sync]`, a root is `[]`.
    fn module(&self) -> Vec<String> {
        let mut module: Vec<String> =
            self.path.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
        if module.last().is_some_and(|name| name == "mod") || self.is_root() {
            module.pop();
        }
        module
    }

    fn is_root(&self) -> bool {
        self.path == "main.rs" || self.path == "lib.rs"
    }

    /// Whether the whole file is a test module: `tests.rs`, `…_tests.rs`, or a file in a folder of such a name.
    fn is_test(&self) -> bool {
        let mut parts = self.path.trim_end_matches(".rs").split('/');
        parts.any(|part| part == "tests" || part.ends_with("_tests"))
    }

    fn place(&self, line: usize) -> String {
        format!("{}/{}:{line}", self.folder, self.path)
    }
}

fn arrow_violations(files: &[Source]) -> Vec<String> {
    let mut violations = Vec::new();
    for file in files.iter().filter(|file| !file.is_root()) {
        let module = file.module();
        let Some(from) = module.first() else { continue };
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| name == from) else {
            violations.push(format!("{}: module `{from}` is not in the table", file.place(1)));
            continue;
        };
        for arrow in arrows(&tokens(&blank_comments_and_literals(&file.text)), &module) {
            let open = from != "error" && OPEN_TO_ALL.iter().any(|name| starts_with(&arrow.to, name));
            if !open && !allowed.iter().any(|name| starts_with(&arrow.to, name)) {
                let to = if arrow.to.is_empty() { "the whole crate".to_owned() } else { arrow.to.join("::") };
                let place = file.place(arrow.line);
                violations.push(format!("{place}: `{from}` may not use `{to}`, only {allowed:?}"));
            }
        }
    }
    violations
}

fn purity_violations(files: &[Source]) -> Vec<String> {
    let mut violations = Vec::new();
    for file in files.iter().filter(|file| !file.is_test()) {
        let module = file.module();
        if !PURE.iter().any(|pure| starts_with(&module, pure)) {
            continue;
        }
        let all = tokens(&blank_comments_and_literals(&file.text));
        for token in without_test_modules(&all).0 {
            if IMPURE_NAMES.contains(&token.text.as_str()) {
                let place = file.place(token.line);
                violations.push(format!("{place}: `{}` in a pure module", token.text));
            }
        }
    }
    violations
}

fn missing_modules(files: &[Source]) -> Vec<String> {
    let modules: Vec<Vec<String>> = files.iter().map(Source::module).collect();
    let top_level = MAY_USE.iter().map(|(name, _)| name);
    let pure_below = PURE.iter().filter(|name| name.contains("::"));
    top_level
        .chain(pure_below)
        .filter(|name| !modules.iter().any(|module| starts_with(module, name)))
        .map(|name| format!("no file holds module `{name}`: the table is out of date"))
        .collect()
}

fn form_violations(files: &[Source]) -> Vec<String> {
    let mut violations = Vec::new();
    for file in files {
        if !file.text.starts_with("//!") {
            violations.push(format!("{}: a file starts with `//!`", file.place(1)));
        }
        let (_, test_lines) = without_test_modules(&tokens(&blank_comments_and_literals(&file.text)));
        let lines = file.text.lines().count() - test_lines;
        if !file.is_test() && lines >= MAX_LINES {
            violations.push(format!("{}: {lines} lines without tests, at most 499", file.place(1)));
        }
    }
    violations
}

/// Whether `path` lies at or below `prefix`, which is written with `::`.
fn starts_with(path: &[String], prefix: &str) -> bool {
    let mut segments = path.iter();
    prefix.split("::").all(|wanted| segments.next().is_some_and(|segment| segment == wanted))
}

fn report(violations: &[String]) {
    let mut text = String::new();
    for violation in violations {
        write!(text, "\n  {violation}").expect("writing to a String succeeds");
    }
    assert!(violations.is_empty(), "{} violation(s):{text}", violations.len());
}

fn sources(folder: &'static str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found = Vec::new();
    collect(folder, &root, "", &mut found);
    assert!(!found.is_empty(), "no source file under {folder}");
    found
}

fn collect(folder: &'static str, directory: &Path, prefix: &str, found: &mut Vec<Source>) {
    let entries = fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    for entry in entries {
        let entry = entry.unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        if path.is_dir() {
            collect(folder, &path, &format!("{prefix}{name}/"), found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text =
                fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            found.push(Source { folder, path: format!("{prefix}{name}"), text });
        }
    }
}

// ---- From text to tokens ------------------------------------------------------------------------------------

/// Replaces comments, strings and character literals by blanks; lines stay where they are.
fn blank_comments_and_literals(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(rest) = chars.get(at..)
        && let Some(&first) = rest.first()
    {
        let length = match rest {
            ['/', '/', ..] => line_comment(rest),
            ['/', '*', ..] => block_comment(rest),
            ['"', ..] => quoted(rest, '"'),
            // Not a lifetime: an escape, or one character and the closing quote.
            ['\'', '\\', ..] | ['\'', _, '\'', ..] => quoted(rest, '\''),
            ['r' | 'b' | 'c', ..] if !code.ends_with(is_word) => raw_string(rest),
            _ => 0,
        };
        if length == 0 {
            code.push(first);
            at += 1;
        } else {
            code.extend(rest.iter().take(length).map(|&char| if char == '\n' { '\n' } else { ' ' }));
            at += length;
        }
    }
    code
}

fn is_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

fn line_comment(rest: &[char]) -> usize {
    rest.iter().position(|&char| char == '\n').unwrap_or(rest.len())
}

/// The length of a block comment; they nest.
fn block_comment(rest: &[char]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    loop {
        match rest.get(at..) {
            Some(['/', '*', ..]) => (depth, at) = (depth + 1, at + 2),
            Some(['*', '/', ..]) if depth == 1 => return at + 2,
            Some(['*', '/', ..]) => (depth, at) = (depth - 1, at + 2),
            Some([_, ..]) => at += 1,
            _ => return rest.len(),
        }
    }
}

/// The length of a literal between two `quote`s, with backslash escapes.
fn quoted(rest: &[char], quote: char) -> usize {
    let mut at = 1;
    while let Some(&char) = rest.get(at) {
        match char {
            '\\' => at += 2,
            _ if char == quote => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// The length of `r"…"`, `r#"…"#`, `br"…"` or `cr"…"`; 0 when it is something else.
fn raw_string(rest: &[char]) -> usize {
    let letters = match rest {
        ['r', ..] => 1,
        ['b' | 'c', 'r', ..] => 2,
        _ => return 0,
    };
    let hashes = rest.iter().skip(letters).take_while(|&&char| char == '#').count();
    let start = letters + hashes;
    if rest.get(start) != Some(&'"') {
        return 0;
    }
    let mut end = vec!['"'];
    end.extend(std::iter::repeat_n('#', hashes));
    let body = rest.get(start + 1..).unwrap_or_default();
    body.windows(end.len())
        .position(|window| window == end)
        .map_or(rest.len(), |at| start + 1 + at + end.len())
}

/// A word, `::`, or one other character that is not a blank.
struct Token {
    text: String,
    line: usize,
}

fn tokens(code: &str) -> Vec<Token> {
    let mut found: Vec<Token> = Vec::new();
    let mut line = 1;
    let mut chars = code.chars().peekable();
    while let Some(char) = chars.next() {
        let mut text = char.to_string();
        if char == '\n' {
            line += 1;
        }
        if char.is_whitespace() {
            continue;
        }
        if is_word(char) {
            while let Some(next) = chars.next_if(|&next| is_word(next)) {
                text.push(next);
            }
            // `r#type` is the name `type`.
            if text == "r" && chars.next_if_eq(&'#').is_some() {
                continue;
            }
        } else if char == ':' {
            text.extend(chars.next_if_eq(&':'));
        }
        found.push(Token { text, line });
    }
    found
}

fn word_at(tokens: &[Token], at: usize) -> &str {
    tokens.get(at).map_or("", |token| token.text.as_str())
}

fn matches_at(tokens: &[Token], at: usize, wanted: &[&str]) -> bool {
    wanted.iter().enumerate().all(|(offset, text)| word_at(tokens, at + offset) == *text)
}

/// Leaves out each `#[cfg(test)] mod name { … }`, and counts the lines that these cover.
fn without_test_modules(tokens: &[Token]) -> (Vec<&Token>, usize) {
    let mut kept = Vec::with_capacity(tokens.len());
    let (mut test_lines, mut skip_to) = (0, 0);
    for (at, token) in tokens.iter().enumerate() {
        if at < skip_to {
            continue;
        }
        if let Some(end) = test_module_end(tokens, at) {
            let last_line = tokens.get(end - 1).map_or(token.line, |last| last.line);
            test_lines += last_line + 1 - token.line;
            skip_to = end;
        } else {
            kept.push(token);
        }
    }
    (kept, test_lines)
}

/// Where the test module that starts at `at` ends, if one starts there.
fn test_module_end(tokens: &[Token], start: usize) -> Option<usize> {
    const CFG_TEST: &[&str] = &["#", "[", "cfg", "(", "test", ")", "]"];
    if !matches_at(tokens, start, CFG_TEST) {
        return None;
    }
    let mut at = start + CFG_TEST.len();
    while matches_at(tokens, at, &["#", "["]) {
        at = closing(tokens, at + 1, "[", "]");
    }
    (word_at(tokens, at) == "mod" && word_at(tokens, at + 2) == "{")
        .then(|| closing(tokens, at + 2, "{", "}"))
}

/// The index behind the bracket that closes the one at `at`.
fn closing(tokens: &[Token], mut at: usize, open: &str, close: &str) -> usize {
    let mut depth = 0_usize;
    while at < tokens.len() {
        let word = word_at(tokens, at);
        at += 1;
        if word == open {
            depth += 1;
        } else if word == close {
            depth -= 1;
            if depth == 0 {
                break;
            }
        }
    }
    at
}

// ---- From tokens to arrows ----------------------------------------------------------------------------------

/// A path from a module to another top-level module, or to an item of the crate root.
struct Arrow {
    to: Vec<String>,
    line: usize,
}

/// All arrows that leave the top-level module of the file whose module path is `file_module`.
fn arrows(tokens: &[Token], file_module: &[String]) -> Vec<Arrow> {
    let mut found = Vec::new();
    // One entry for each open brace; inline modules have a name.
    let mut scopes: Vec<Option<String>> = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let mut paths = Vec::new();
        match token.text.as_str() {
            "mod" if word_at(tokens, at + 2) == "{" => {
                scopes.push(Some(word_at(tokens, at + 1).to_owned()));
                at += 3;
            }
            "{" => {
                scopes.push(None);
                at += 1;
            }
            "}" => {
                scopes.pop();
                at += 1;
            }
            // `use<'a>` in a return type captures lifetimes.
            "use" if word_at(tokens, at + 1) != "<" => {
                at = use_tree(tokens, at + 1, &[], &mut paths);
            }
            "crate" | "self" | "super" if word_at(tokens, at + 1) == "::" => {
                let (path, end) = inline_path(tokens, at);
                paths.push((path, token.line));
                at = end;
            }
            _ => at += 1,
        }
        let mut module = file_module.to_vec();
        module.extend(scopes.iter().flatten().cloned());
        for (path, line) in paths {
            if let Some(to) = resolve(&path, &module)
                && to.first() != file_module.first()
            {
                found.push(Arrow { to, line });
            }
        }
    }
    found
}

/// Flattens the `use` tree at `at` into whole paths; returns the index behind it.
fn use_tree(
    tokens: &[Token],
    mut at: usize,
    prefix: &[String],
    paths: &mut Vec<(Vec<String>, usize)>,
) -> usize {
    let mut path = prefix.to_vec();
    while let Some(token) = tokens.get(at) {
        match token.text.as_str() {
            "::" => at += 1,
            "{" => {
                at += 1;
                while !matches!(word_at(tokens, at), "}" | "") {
                    let is_comma = word_at(tokens, at) == ",";
                    at = if is_comma { at + 1 } else { use_tree(tokens, at, &path, paths) };
                }
                return at + 1;
            }
            word => {
                // `a::{self}` is `a`.
                if word != "self" || path.is_empty() {
                    path.push(word.to_owned());
                }
                at += 1;
                if word_at(tokens, at) == "::" {
                    continue;
                }
                paths.push((path, token.line));
                return if word_at(tokens, at) == "as" { at + 2 } else { at };
            }
        }
    }
    at
}

/// The path that starts at `at`, and the index behind it.
fn inline_path(tokens: &[Token], mut at: usize) -> (Vec<String>, usize) {
    let mut path = vec![word_at(tokens, at).to_owned()];
    while word_at(tokens, at + 1) == "::" && word_at(tokens, at + 2).starts_with(is_word) {
        at += 2;
        path.push(word_at(tokens, at).to_owned());
    }
    (path, at + 1)
}

/// The path below the crate root, or `None` for one that starts at another crate or at a name in scope.
fn resolve(path: &[String], module: &[String]) -> Option<Vec<String>> {
    let mut base = match path.first()?.as_str() {
        "crate" => Vec::new(),
        "self" | "super" => module.to_vec(),
        _ => return None,
    };
    for segment in path {
        match segment.as_str() {
            "crate" | "self" => {}
            "super" => drop(base.pop()?),
            name => base.push(name.to_owned()),
        }
    }
    Some(base)
}

// ---- The scanner itself -------------------------------------------------------------------------------------

fn file(path: &str, text: &str) -> Source {
    Source { folder: "src", path: path.to_owned(), text: text.to_owned() }
}

/// The arrows of one file, as text.
fn arrows_of(path: &str, text: &str) -> Vec<String> {
    let source = file(path, text);
    arrows(&tokens(&blank_comments_and_literals(text)), &source.module())
        .into_iter()
        .map(|arrow| arrow.to.join("::"))
        .collect()
}

#[test]
fn arrows_are_found_in_use_trees_and_inline_paths() {
    let cases: &[(&str, &str, &[&str])] = &[
        ("mapping/mod.rs", "use crate::sync::batch::Batch;", &["sync::batch::Batch"]),
        (
            "mapping/mod.rs",
            "use crate::{hubspot::{model, client as c}, io};",
            &["hubspot::model", "hubspot::client", "io"],
        ),
        (
            "mapping/mod.rs",
            "pub(crate) use crate::hubspot::{self, model::*};",
            &["hubspot", "hubspot::model::*"],
        ),
        ("mapping/mod.rs", "use crate::{\n    config::{\n  Raw,\n },\n};", &["config::Raw"]),
        ("mapping/plan.rs", "fn f(x: &crate::sync::Ledger) {}", &["sync::Ledger"]),
        ("mapping/plan.rs", "let x = crate :: io :: f::<u8>();", &["io::f"]),
        ("mapping/plan.rs", "macro_rules! m { () => { $crate::sync::f() } }", &["sync::f"]),
        ("mapping/plan.rs", "use super::super::sync::Ledger;", &["sync::Ledger"]),
        ("mapping/mod.rs", "use super::sync::{Ledger, batch};", &["sync::Ledger", "sync::batch"]),
        ("mapping/mod.rs", "fn f() { super::sync::go() }", &["sync::go"]),
        ("cli.rs", "mod inner { use super::super::sync::X; }", &["sync::X"]),
        ("cli.rs", "mod inner { fn f() {} } use super::sync::X;", &["sync::X"]),
        ("mapping/mod.rs", "use crate::r#io::X;", &["io::X"]),
        ("mapping/mod.rs", "use crate as root;", &[""]),
        ("mapping/mod.rs", "use crate::*;", &["*"]),
        ("mapping/mod.rs", "fn f<'a>(x: &'a str) -> crate::io::X<'a> {}", &["io::X"]),
        ("mapping/mod.rs", "fn f() -> impl Sized + use<> { crate::io::X }", &["io::X"]),
        ("mapping/mod.rs", r#"let x = '"'; crate::io::f('\''); let y = "";"#, &["io::f"]),
        ("mapping/mod.rs", r##"let x = r#"a " b"#; crate::io::f();"##, &["io::f"]),
        ("mapping/mod.rs", "/* a /* b */ c */ crate::io::f(); // d", &["io::f"]),
    ];
    for (path, text, expected) in cases {
        assert_eq!(arrows_of(path, text), *expected, "{path}: {text}");
    }
}

#[test]
fn what_is_no_arrow_is_left_alone() {
    let cases: &[(&str, &str)] = &[
        ("mapping/mod.rs", "// use crate::sync::Batch;\n/// [`crate::sync`]\n//! crate::sync::x"),
        ("mapping/mod.rs", "/* use crate::sync::Batch; */"),
        ("mapping/mod.rs", r#"let x = "use crate::sync::Batch;"; let y = "\" crate::sync::x";"#),
        ("mapping/mod.rs", r###"let x = r##"crate::sync::x "# crate::sync::y"##;"###),
        ("mapping/mod.rs", r#"let x = br"crate::sync::x\"; let y = c"crate::sync::y";"#),
        ("mapping/mod.rs", "pub(crate) fn f(self) {} pub(super) struct S;"),
        ("mapping/mod.rs", "use std::sync::Arc; use tokio::{io, sync::mpsc}; use ::io::X;"),
        ("mapping/mod.rs", "use crate::mapping::plan::Plan; use self::plan::Plan; use plan::Plan;"),
        ("mapping/plan.rs", "use super::{Mapping, record::Record}; fn f() { super::g() }"),
        ("mapping/plan.rs", "mod tests { use super::*; use super::super::Mapping; }"),
        ("cli.rs", "mod tests { use super::*; }"),
    ];
    for (path, text) in cases {
        assert_eq!(arrows_of(path, text), Vec::<String>::new(), "{path}: {text}");
    }
}

#[test]
fn the_table_decides() {
    let cases: &[(&str, &str, bool)] = &[
        (
            "command/write.rs",
            "use crate::{sync, hubspot, mapping, config, protocol, io, error, logging};",
            true,
        ),
        ("command/write.rs", "use crate::cli::Args;", false),
        ("cli.rs", "use crate::command::write; use crate::config::Config;", true),
        ("sync/mod.rs", "use crate::hubspot::client::Client; use crate::mapping::Plan;", true),
        ("sync/mod.rs", "use crate::command::write;", false),
        ("mapping/mod.rs", "use crate::hubspot::model::ContactInput;", true),
        ("mapping/mod.rs", "use crate::hubspot::{model, client::Client};", false),
        ("mapping/mod.rs", "use crate::hubspot;", false),
        ("mapping/mod.rs", "use crate::hubspot::models::X;", false),
        ("hubspot/client.rs", "use crate::config::AccessToken; use crate::error::Error;", true),
        ("hubspot/client.rs", "use crate::protocol::Message;", false),
        ("protocol/emit.rs", "use crate::error::Failure;", true),
        ("protocol/emit.rs", "fn f(x: crate::config::X) {}", false),
        ("config/mod.rs", "use super::protocol::X;", false),
        ("io/output.rs", "use crate::protocol::emit;", true),
        ("io/output.rs", "use crate::sync::Report;", false),
        ("logging.rs", "use crate::{io::output, protocol, error};", true),
        ("logging.rs", "use crate::config::Config;", false),
        ("error.rs", "use std::fmt;", true),
        ("error.rs", "use crate::logging::x;", false),
        ("error.rs", "use crate::protocol::x;", false),
        ("util.rs", "", false),
        ("config/mod.rs", "use crate::Something;", false),
        ("config/mod.rs", "use crate as root;", false),
        ("config/mod.rs", "use crate::*;", false),
        ("main.rs", "use crate::anything;", true),
        ("lib.rs", "pub use sync::Report; use crate::sync;", true),
    ];
    for (path, text, fine) in cases {
        let violations = arrow_violations(&[file(path, text)]);
        assert_eq!(violations.is_empty(), *fine, "{path}: {text}: {violations:?}");
    }
}

#[test]
fn a_violation_names_its_place() {
    let violations = arrow_violations(&[file("config/raw.rs", "//! x\n\nuse crate::{\n    io,\n};\n")]);
    assert_eq!(violations, ["src/config/raw.rs:4: `config` may not use `io`, only []"]);
}

#[test]
fn clocks_and_network_are_found_in_pure_modules() {
    let cases: &[(&str, &str, bool)] = &[
        ("protocol/message.rs", "use std::time::Duration;", true),
        ("sync/batch.rs", "use std::time::{Duration, Instant};", false),
        ("sync/batch/fold.rs", "fn f(now: tokio::time::Instant) {}", false),
        ("sync/ledger.rs", "fn f() -> std::time::SystemTime {}", false),
        ("hubspot/retry.rs", "fn f(x: &reqwest::Response) {}", false),
        ("hubspot/client.rs", "use tokio::time::Instant;", true),
        ("sync/dispatch.rs", "use tokio::task::JoinSet;", true),
        ("mapping/mod.rs", "// tokio\nconst X: &str = \"reqwest Instant\";", true),
        ("mapping/mod.rs", "#[cfg(test)]\nmod tests {\n #[tokio::test] async fn f() {}\n}\n", true),
        ("mapping/mod.rs", "#[cfg(test)]\n#[expect(x)]\nmod tests { use tokio::x; }", true),
        ("mapping/mod.rs", "#[cfg(test)]\nmod tests { }\nuse tokio::x;", false),
        ("mapping/mod.rs", "#[cfg(test)]\nmod tests;\nuse tokio::x;", false),
        ("mapping/mod.rs", "#[cfg(feature)]\nmod tests { use tokio::x; }", false),
        ("mapping/tests.rs", "use tokio::time::Instant;", true),
    ];
    for (path, text, fine) in cases {
        let violations = purity_violations(&[file(path, text)]);
        assert_eq!(violations.is_empty(), *fine, "{path}: {text}: {violations:?}");
    }
}

#[test]
fn a_module_that_vanished_is_noticed() {
    let missing = missing_modules(&[file("protocol/mod.rs", ""), file("sync/batch.rs", "")]);
    assert!(missing.iter().any(|text| text.contains("`sync::ledger`")), "{missing:?}");
    assert!(
        !missing.iter().any(|text| text.contains("`sync`") || text.contains("`protocol`")),
        "{missing:?}"
    );
}

#[test]
fn a_file_without_purpose_or_end_is_found() {
    let line = "fn f() {}\n";
    let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", line.repeat(600));
    let cases: &[(&str, String, bool)] = &[
        ("a.rs", "//! What it does.\n".to_owned(), true),
        ("a.rs", "\n//! Too late.\n".to_owned(), false),
        ("a.rs", "/// Not of the file.\nfn f() {}".to_owned(), false),
        ("a.rs", format!("//! x\n{}", line.repeat(498)), true),
        ("a.rs", format!("//! x\n{}", line.repeat(499)), false),
        ("a.rs", format!("//! x\n{}{tests}", line.repeat(498)), true),
        ("a.rs", format!("//! x\n{}{tests}", line.repeat(499)), false),
        ("a/tests.rs", format!("//! x\n{}", line.repeat(900)), true),
        ("a/spec_tests.rs", format!("//! x\n{}", line.repeat(900)), true),
        ("a/contests.rs", format!("//! x\n{}", line.repeat(900)), false),
    ];
    for (path, text, fine) in cases {
        let violations = form_violations(&[file(path, text)]);
        assert_eq!(violations.is_empty(), *fine, "{path}: {violations:?}");
    }
}
