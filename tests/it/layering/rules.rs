//! What breaks a rule of the layering, as sentences that name the place.

use std::collections::{BTreeMap, BTreeSet};

use super::paths::{Crate, Module};

/// Names that have no place in a path of a pure module, at whatever position.
const IMPURE_NAMES: &[&str] = &["tokio", "reqwest", "Instant", "SystemTime", "fastrand", "tracing", "fs"];

/// The type of a moment, which a pure module may take but not make: `Instant::now` is another path.
const MOMENT: &[&str] = &["tokio", "time", "Instant"];

const MAX_LINES: usize = 500;

/// Which rooms there are below a module of a crate, and what each may use of the others.
pub(super) struct Rooms {
    pub(super) folder: &'static str,
    /// The module whose rooms these are; empty for the crate itself.
    pub(super) below: &'static str,
    /// Rooms and what they use are path prefixes below that module. A file belongs to the longest that fits.
    pub(super) may_use: &'static [(&'static str, &'static [&'static str])],
    /// Every room may use these, but for themselves.
    pub(super) open_to_all: &'static [&'static str],
}

pub(super) fn arrow_violations(krate: &Crate, rooms: &Rooms) -> Vec<String> {
    let mut violations = Vec::new();
    let base = segments(rooms.below);
    for file in krate.production().filter(|file| !file.is_root() && file.module != base) {
        let Some(inside) = file.module.strip_prefix(base.as_slice()) else { continue };
        let Some((from, allowed)) = rooms.room_of(inside) else {
            violations.push(format!("{}: `{}` is not in the table", file.path, inside.join("::")));
            continue;
        };
        for arrow in krate.arrows(file) {
            let Some(to) = arrow.to.strip_prefix(base.as_slice()) else { continue };
            let is_same_room = rooms.room_of(to).is_some_and(|(room, _)| room == from);
            let is_open = !rooms.open_to_all.contains(&from)
                && rooms.open_to_all.iter().any(|open| starts_with(to, open));
            if !is_same_room && !is_open && !allowed.iter().any(|name| starts_with(to, name)) {
                let to = if to.is_empty() { "what all of it is in".to_owned() } else { to.join("::") };
                let (path, line) = (&file.path, arrow.line);
                violations.push(format!("{path}:{line}: `{from}` may not use `{to}`, only {allowed:?}"));
            }
        }
    }
    violations
}

impl Rooms {
    /// The room of a module below the one whose rooms these are, and what it may use.
    fn room_of(&self, module: &[String]) -> Option<(&'static str, &'static [&'static str])> {
        let fitting = self.may_use.iter().filter(|(room, _)| starts_with(module, room));
        fitting.max_by_key(|(room, _)| room.len()).copied()
    }
}

pub(super) fn purity_violations(krate: &Crate, pure: &[&str]) -> Vec<String> {
    let mut violations = Vec::new();
    for file in krate.production().filter(|file| pure.iter().any(|pure| starts_with(&file.module, pure))) {
        for (path, line) in krate.foreign_paths(file) {
            if path != MOMENT && path.iter().any(|name| IMPURE_NAMES.contains(&name.as_str())) {
                violations.push(format!("{}:{line}: `{}` in a pure module", file.path, path.join("::")));
            }
        }
    }
    violations
}

pub(super) fn unsaid_purity(krate: &Crate, pure: &[&str]) -> Vec<String> {
    let mut violations = Vec::new();
    for file in krate.production() {
        let header = file.header();
        if header.contains("Pure") && !pure.iter().any(|pure| starts_with(&file.module, pure)) {
            violations.push(format!("{} says that it is pure, and is not in the table", file.path));
        }
        let is_silent = !header.to_lowercase().contains("pure");
        if is_silent && pure.contains(&file.module.join("::").as_str()) {
            violations.push(format!("{} is pure by the table, and does not say so", file.path));
        }
    }
    violations
}

/// Files that reach each other: their paths, sorted, and the arrows among them. A module that re-exports what is below it
/// does not use it.
pub(super) fn circles(krate: &Crate) -> BTreeMap<Vec<String>, Vec<String>> {
    let mut uses = BTreeMap::<&Module, BTreeSet<Module>>::new();
    let mut places = BTreeMap::new();
    for file in krate.production() {
        let mut targets = BTreeSet::new();
        for arrow in krate.arrows(file) {
            if !(arrow.is_reexport && arrow.to.starts_with(&file.module)) {
                places.entry((&file.module, arrow.to.clone())).or_insert(arrow.line);
                targets.insert(arrow.to);
            }
        }
        uses.insert(&file.module, targets);
    }
    let reached: BTreeMap<&Module, _> = uses.keys().map(|&from| (from, reached(&uses, from))).collect();
    let paths: BTreeMap<&Module, &str> =
        krate.files.iter().map(|file| (&file.module, file.path.as_str())).collect();
    let mut circles = BTreeMap::<Vec<String>, Vec<String>>::new();
    for (&from, reached_here) in &reached {
        let is_in_circle = |other: &&Module| reached.get(other).is_some_and(|back| back.contains(from));
        let circle: BTreeSet<&Module> = reached_here.iter().filter(is_in_circle).collect();
        if circle.is_empty() {
            continue;
        }
        let mut files: Vec<String> = circle.iter().map(|module| paths[module].to_owned()).collect();
        files.sort();
        let inside = uses[from].iter().filter(|to| circle.contains(to));
        let told = |to: &Module| format!("{}:{} → {}", paths[from], places[&(from, to.clone())], paths[to]);
        circles.entry(files).or_default().extend(inside.map(told));
    }
    circles
}

/// All that a module uses, and what that uses, and so on.
fn reached(uses: &BTreeMap<&Module, BTreeSet<Module>>, from: &Module) -> BTreeSet<Module> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from];
    while let Some(next) = open.pop() {
        for to in uses.get(next).into_iter().flatten() {
            if reached.insert(to.clone()) {
                open.push(to);
            }
        }
    }
    reached
}

pub(super) fn circle_violations(found: &BTreeMap<Vec<String>, Vec<String>>) -> Vec<String> {
    found
        .iter()
        .map(|(files, arrows)| format!("a circle: {files:?}\n    {}", arrows.join("\n    ")))
        .collect()
}

pub(super) fn missing_modules(krate: &Crate, rooms: &Rooms) -> Vec<String> {
    let base = segments(rooms.below);
    let names = rooms.may_use.iter().flat_map(|(room, used)| std::iter::once(room).chain(*used));
    let is_there = |name: &str| {
        let mut inside = krate.files.iter().filter_map(|file| file.module.strip_prefix(base.as_slice()));
        inside.any(|module| starts_with(module, name))
    };
    names
        .filter(|name| !is_there(name))
        .map(|name| format!("no file holds module `{name}`: the table is out of date"))
        .collect()
}

pub(super) fn form_violations(krate: &Crate) -> Vec<String> {
    let mut violations = Vec::new();
    for file in &krate.files {
        if file.header().is_empty() {
            violations.push(format!("{}: a file starts with `//!`", file.path));
        }
        let lines = file.text.lines().count();
        if lines >= MAX_LINES {
            violations.push(format!("{}: {lines} lines with the tests inside, at most 499", file.path));
        }
    }
    violations
}

/// Whether `path` lies at or below `prefix`, which is written with `::`.
fn starts_with(path: &[String], prefix: &str) -> bool {
    path.starts_with(&segments(prefix))
}

fn segments(path: &str) -> Vec<String> {
    path.split("::").filter(|segment| !segment.is_empty()).map(str::to_owned).collect()
}
