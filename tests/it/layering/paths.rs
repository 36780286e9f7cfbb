//! Which paths the production code of a crate names, and which file each of them means.
//!
//! `syn` reads the source, so what counts as a `use`, a path or a module under `cfg(test)` is what the compiler takes for
//! one. The arguments of macros are searched as tokens. Imports and re-exports are followed to the file that has the item.
//! Not here: what is allowed. Not followed: globs, `#[path]`, what a macro expands to, methods (they name no file).

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path as FilePath,
};

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use syn::{
    Attribute, Item, UseTree, Visibility,
    visit::{self, Visit},
};

/// A module path below the crate root: `sync/batch.rs` is `[sync, batch]`, the root is `[]`.
pub(super) type Module = Vec<String>;

/// A chain of re-exports is not longer than this.
const LONGEST_CHAIN: u8 = 8;

/// All source files of one crate.
pub(super) struct Crate {
    pub(super) folder: String,
    pub(super) files: Vec<File>,
    /// Of each module, inline ones included, the module that its file is.
    file_of: BTreeMap<Module, Module>,
    /// Modules that are compiled for tests alone.
    test_modules: BTreeSet<Module>,
    /// What each name that a module imports stands for, as it is written.
    imports: BTreeMap<(Module, String), Vec<String>>,
}

pub(super) struct File {
    /// With the folder of the crate, and `/`.
    pub(super) path: String,
    pub(super) text: String,
    pub(super) module: Module,
    mentions: Vec<Mention>,
}

/// A path as it is written.
struct Mention {
    /// The module it stands in.
    module: Module,
    segments: Vec<String>,
    line: usize,
    is_reexport: bool,
}

/// A path to another file of the same crate.
pub(super) struct Arrow {
    pub(super) to: Module,
    pub(super) line: usize,
    pub(super) is_reexport: bool,
}

impl Crate {
    /// Reads every file below a folder of this repository.
    pub(super) fn read(folder: &str) -> Self {
        let root = FilePath::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let mut sources = Vec::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                    sources.push((name, fs::read_to_string(&path).unwrap()));
                }
            }
        }
        assert!(!sources.is_empty(), "no source file under {folder}");
        sources.sort();
        Self::of(folder, sources.iter().map(|(name, text)| (name.as_str(), text.as_str())))
    }

    /// A crate of these files, named by their paths below its folder.
    pub(super) fn of<'a>(folder: &str, sources: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut files = Vec::new();
        let mut file_of = BTreeMap::new();
        let mut test_modules = BTreeSet::new();
        let mut imports = BTreeMap::new();
        for (name, text) in sources {
            let path = format!("{folder}/{name}");
            let syntax = syn::parse_file(text).unwrap_or_else(|error| panic!("{path}: {error}"));
            let module = module_of(name);
            let mut reader = Reader { module: module.clone(), ..Reader::default() };
            reader.visit_file(&syntax);
            reader.inline_modules.push(module.clone());
            file_of.extend(reader.inline_modules.into_iter().map(|inner| (inner, module.clone())));
            test_modules.extend(reader.test_modules);
            imports.extend(reader.imports);
            files.push(File { path, text: text.to_owned(), module, mentions: reader.mentions });
        }
        Self { folder: folder.to_owned(), files, file_of, test_modules, imports }
    }

    /// Whether a file is compiled for tests alone.
    pub(super) fn is_test(&self, file: &File) -> bool {
        (1..=file.module.len()).any(|length| self.test_modules.contains(&file.module[..length]))
    }

    /// The files that are no tests.
    pub(super) fn production(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| !self.is_test(file))
    }

    /// What a file uses of other files of its crate.
    pub(super) fn arrows(&self, file: &File) -> Vec<Arrow> {
        let arrow = |mention: &Mention| {
            let path = self.below_root(&mention.module, &mention.segments, LONGEST_CHAIN)?;
            let to = self.owner(&path, LONGEST_CHAIN);
            (to != file.module).then_some(Arrow { to, line: mention.line, is_reexport: mention.is_reexport })
        };
        file.mentions.iter().filter_map(arrow).collect()
    }

    /// The paths of a file to other crates, written out, each with its line.
    pub(super) fn foreign_paths(&self, file: &File) -> Vec<(Vec<String>, usize)> {
        let foreign = |mention: &Mention| {
            let (module, segments) = (&mention.module, &mention.segments);
            if self.below_root(module, segments, LONGEST_CHAIN).is_some() {
                return None;
            }
            let path = match self.imports.get(&(module.clone(), segments[0].clone())) {
                Some(imported) => [imported, &segments[1..]].concat(),
                // A variable, or what this file declares itself.
                None if segments.len() == 1 => return None,
                None => segments.clone(),
            };
            Some((path, mention.line))
        };
        file.mentions.iter().filter_map(foreign).collect()
    }

    /// The path below the crate root, or nothing for one that starts at another crate or at a name of the file itself.
    fn below_root(&self, module: &[String], segments: &[String], chain: u8) -> Option<Vec<String>> {
        let (first, rest) = segments.split_first()?;
        match first.as_str() {
            "crate" => return Some(rest.to_vec()),
            "self" | "super" if rest.is_empty() => return None,
            "self" => return Some([module, rest].concat()),
            "super" => {
                let parent = &module[..module.len().checked_sub(1)?];
                let is_further_up = rest[0] == "super" && rest.len() > 1;
                return if is_further_up {
                    self.below_root(parent, rest, chain)
                } else {
                    Some([parent, rest].concat())
                };
            }
            _ => {}
        }
        if let Some(imported) = self.imports.get(&(module.to_vec(), first.clone())) {
            let path = [imported, rest].concat();
            // `use tokio;` stands for itself.
            return if chain > 0 && path != segments {
                self.below_root(module, &path, chain - 1)
            } else {
                None
            };
        }
        let child = [module, std::slice::from_ref(first)].concat();
        (!rest.is_empty() && self.file_of.contains_key(&child)).then(|| [module, segments].concat())
    }

    /// The file that has the item at a path below the root.
    fn owner(&self, path: &[String], chain: u8) -> Module {
        let mut module = Vec::new();
        for (at, segment) in path.iter().enumerate() {
            let child = [module.as_slice(), std::slice::from_ref(segment)].concat();
            if self.file_of.contains_key(&child) {
                module = child;
                continue;
            }
            if chain > 0
                && let Some(imported) = self.imports.get(&(module.clone(), segment.clone()))
                && let Some(path_of_it) = self.below_root(&module, imported, chain - 1)
            {
                return self.owner(&[&path_of_it, &path[at + 1..]].concat(), chain - 1);
            }
            break;
        }
        self.file_of.get(&module).cloned().unwrap_or(module)
    }
}

impl File {
    /// The lines of `//!` that it starts with.
    pub(super) fn header(&self) -> String {
        self.text.lines().take_while(|line| line.starts_with("//!")).collect::<Vec<_>>().join("\n")
    }

    /// Whether it starts a crate: `lib.rs`, and the `main.rs` of a program.
    pub(super) fn is_root(&self) -> bool {
        self.module.is_empty() || self.module == ["main"]
    }
}

fn module_of(name: &str) -> Module {
    let mut module: Module = name.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    let is_first_of_its_folder = match module.last().map(String::as_str) {
        Some("mod") => true,
        Some("main") => module.len() > 1,
        _ => module == ["lib"],
    };
    if is_first_of_its_folder {
        module.pop();
    }
    module
}

/// Walks over one file.
#[derive(Default)]
struct Reader {
    module: Module,
    mentions: Vec<Mention>,
    imports: BTreeMap<(Module, String), Vec<String>>,
    inline_modules: Vec<Module>,
    test_modules: BTreeSet<Module>,
}

impl Reader {
    fn mention(&mut self, segments: Vec<String>, line: usize, is_reexport: bool) {
        self.mentions.push(Mention { module: self.module.clone(), segments, line, is_reexport });
    }

    /// Takes a `use` tree apart.
    fn import(&mut self, tree: &UseTree, prefix: &[String], is_reexport: bool) {
        let joined = |ident: &Ident| [prefix, &[name_of(ident)]].concat();
        let (ident, alias) = match tree {
            UseTree::Path(path) => return self.import(&path.tree, &joined(&path.ident), is_reexport),
            UseTree::Group(group) => {
                group.items.iter().for_each(|item| self.import(item, prefix, is_reexport));
                return;
            }
            UseTree::Glob(glob) => {
                // What it brings cannot be followed, so it counts as a use of what it names.
                return self.mention(
                    [prefix, &["*".to_owned()]].concat(),
                    line_of(glob.star_token.span),
                    false,
                );
            }
            UseTree::Name(name) => (&name.ident, &name.ident),
            UseTree::Rename(rename) => (&rename.ident, &rename.rename),
        };
        // `a::{self}` is `a`.
        let is_self = ident == "self" && !prefix.is_empty();
        let path = if is_self { prefix.to_vec() } else { joined(ident) };
        let alias = if alias == "self" { path.last().cloned().unwrap_or_default() } else { name_of(alias) };
        self.imports.insert((self.module.clone(), alias), path.clone());
        self.mention(path, line_of(ident.span()), is_reexport);
    }

    /// Finds paths among the arguments of a macro: names with `::` between them.
    fn search(&mut self, tokens: TokenStream) {
        let mut path = Vec::new();
        let mut line = 0;
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.end_path(&mut path, line);
                        line = line_of(ident.span());
                    }
                    path.push(name_of(&ident));
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                other => {
                    self.end_path(&mut path, line);
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.search(group.stream());
                    }
                }
            }
        }
        self.end_path(&mut path, line);
    }

    /// A name alone may be anything, and is no path.
    fn end_path(&mut self, path: &mut Vec<String>, line: usize) {
        let path = std::mem::take(path);
        if path.len() > 1 {
            self.mention(path, line, false);
        }
    }
}

impl Visit<'_> for Reader {
    fn visit_item(&mut self, item: &Item) {
        if !is_for_tests(item) {
            return visit::visit_item(self, item);
        }
        if let Item::Mod(module) = item {
            self.test_modules.insert([self.module.as_slice(), &[name_of(&module.ident)]].concat());
        }
    }

    fn visit_item_mod(&mut self, item: &syn::ItemMod) {
        self.module.push(name_of(&item.ident));
        if item.content.is_some() {
            self.inline_modules.push(self.module.clone());
        }
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &syn::ItemUse) {
        let is_reexport = !matches!(item.vis, Visibility::Inherited);
        // `::io` is another crate, whatever modules there are.
        let prefix: &[String] = if item.leading_colon.is_some() { &[String::new()] } else { &[] };
        self.import(&item.tree, prefix, is_reexport);
    }

    fn visit_path(&mut self, path: &syn::Path) {
        let names = path.segments.iter().map(|segment| name_of(&segment.ident));
        let segments = path.leading_colon.map(|_| String::new()).into_iter().chain(names).collect();
        self.mention(segments, line_of(path.segments[0].ident.span()), false);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &syn::Macro) {
        self.search(call.tokens.clone());
        visit::visit_macro(self, call);
    }

    /// Its name alone: its arguments are another language.
    fn visit_attribute(&mut self, attribute: &Attribute) {
        self.visit_path(attribute.path());
    }

    /// `pub(super)` uses nothing.
    fn visit_vis_restricted(&mut self, _: &syn::VisRestricted) {}
}

fn line_of(span: Span) -> usize {
    span.start().line
}

/// A name without the `r#` that makes a keyword one.
fn name_of(ident: &Ident) -> String {
    ident.to_string().trim_start_matches("r#").to_owned()
}

/// Whether an item is there under `cfg(test)` only.
pub(super) fn is_for_tests(item: &Item) -> bool {
    let (Item::Const(syn::ItemConst { attrs, .. })
    | Item::Fn(syn::ItemFn { attrs, .. })
    | Item::Impl(syn::ItemImpl { attrs, .. })
    | Item::Mod(syn::ItemMod { attrs, .. })
    | Item::Struct(syn::ItemStruct { attrs, .. })
    | Item::Use(syn::ItemUse { attrs, .. })) = item
    else {
        return false;
    };
    attrs.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|condition| condition.is_ident("test"))
    })
}
