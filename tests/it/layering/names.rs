//! Which production code knows a property of HubSpot's by its name: only what says what objects are, and what the settings
//! mean, may. Code under `cfg(test)` may too. Not here: what a file may use ([`super::rules`]).

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::{
    Attribute, Item, LitStr,
    visit::{self, Visit},
};

use super::paths::{Crate, is_for_tests};

/// The names, as they may stand in code: as texts, and as constants.
const TEXTS: &[&str] = &["email", "lifecyclestage"];
const CONSTANTS: &[&str] = &["EMAIL", "LIFECYCLE_STAGE"];

/// Each place outside of the rooms `knowing` that names one of the properties.
pub(super) fn named_properties(krate: &Crate, knowing: &[&str]) -> Vec<String> {
    let mut violations = Vec::new();
    for file in krate.production() {
        if file.module.first().is_some_and(|room| knowing.contains(&room.as_str())) {
            continue;
        }
        let syntax = syn::parse_file(&file.text).expect("it has been read before");
        let mut names = Names::default();
        names.visit_file(&syntax);
        violations.extend(names.found.iter().map(|(line, name)| format!("{}:{line}: {name}", file.path)));
    }
    violations
}

#[derive(Default)]
struct Names {
    found: Vec<(usize, String)>,
}

impl Names {
    fn text(&mut self, text: &LitStr) {
        if TEXTS.contains(&text.value().as_str()) {
            self.found.push((text.span().start().line, format!("\"{}\"", text.value())));
        }
    }

    fn ident(&mut self, ident: &Ident) {
        if CONSTANTS.iter().any(|constant| ident == constant) {
            self.found.push((ident.span().start().line, ident.to_string()));
        }
    }

    fn tokens(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Ident(ident) => self.ident(&ident),
                TokenTree::Literal(literal) => {
                    if let Ok(text) = syn::parse2::<LitStr>(TokenTree::from(literal).into()) {
                        self.text(&text);
                    }
                }
                TokenTree::Punct(_) => {}
            }
        }
    }
}

impl Visit<'_> for Names {
    fn visit_item(&mut self, item: &Item) {
        if !is_for_tests(item) {
            visit::visit_item(self, item);
        }
    }

    fn visit_attribute(&mut self, _: &Attribute) {}

    fn visit_lit_str(&mut self, text: &LitStr) {
        self.text(text);
    }

    fn visit_ident(&mut self, ident: &Ident) {
        self.ident(ident);
    }

    fn visit_macro(&mut self, call: &syn::Macro) {
        self.tokens(call.tokens.clone());
    }
}

#[test]
fn a_property_is_found_in_code_and_macros_and_not_in_tests_or_words() {
    let found = |text: &str| named_properties(&Crate::of("src", [("sync/a.rs", text)]), &["crm"]).len();
    assert_eq!(found("fn f() -> &'static str { \"email\" }"), 1);
    assert_eq!(found("use crate::crm::property::EMAIL; fn f() { assert!(x == [LIFECYCLE_STAGE]) }"), 2);
    assert_eq!(found("fn f() { json!({ \"lifecyclestage\": 1 }) }"), 1);
    assert_eq!(found("#[cfg(test)] mod tests { const X: &str = \"email\"; }"), 0);
    assert_eq!(found("/// The `email`.\nfn f() { warn!(\"the email of a contact\") }"), 0);
    let knowing = Crate::of("src", [("crm/a.rs", "const EMAIL: &str = \"email\";")]);
    assert_eq!(named_properties(&knowing, &["crm"]), [""; 0]);
}
