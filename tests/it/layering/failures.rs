//! A `Failure` is made of a layer's own error, in an `impl From<…> for Failure` without a wildcard arm, and nowhere else.
//!
//! So each failure is a variant, which the test of the user's page walks. Not here: what the page says.

use syn::{
    Attribute, Pat,
    spanned::Spanned,
    visit::{self, Visit},
};

use super::paths::Crate;

/// The functions that make a failure, by its kind.
const KINDS: &[&str] = &["config", "transient", "system"];

/// Where the type is defined.
const HOME: &str = "error.rs";

pub(super) fn failure_violations(krate: &Crate) -> Vec<String> {
    let home = format!("{}/{HOME}", krate.folder);
    let mut violations = Vec::new();
    for file in krate.production().filter(|file| file.path != home) {
        let syntax = syn::parse_file(&file.text).unwrap_or_else(|error| panic!("{}: {error}", file.path));
        let mut reader = Reader::default();
        reader.visit_file(&syntax);
        let found = reader.violations.into_iter();
        violations.extend(found.map(|(line, what)| format!("{}:{line}: {what}", file.path)));
    }
    violations
}

/// Walks over one file.
#[derive(Default)]
struct Reader {
    is_border: bool,
    violations: Vec<(usize, &'static str)>,
}

impl Reader {
    fn report(&mut self, place: &impl Spanned, what: &'static str) {
        self.violations.push((place.span().start().line, what));
    }
}

impl Visit<'_> for Reader {
    fn visit_item_mod(&mut self, module: &syn::ItemMod) {
        if !is_for_tests(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_impl(&mut self, item: &syn::ItemImpl) {
        let is_from = item.trait_.as_ref().is_some_and(|(path, _)| ends_with(path, "From"));
        let of_failure = matches!(&*item.self_ty, syn::Type::Path(of) if ends_with(&of.path, "Failure"));
        let outside = std::mem::replace(&mut self.is_border, is_from && of_failure);
        visit::visit_item_impl(self, item);
        self.is_border = outside;
    }

    fn visit_expr_path(&mut self, path: &syn::ExprPath) {
        let names: Vec<String> = path.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if let [.., of, kind] = names.as_slice()
            && of == "Failure"
            && KINDS.contains(&kind.as_str())
            && !self.is_border
        {
            self.report(path, "a failure is made of an error of the layer, by `From`");
        }
    }

    fn visit_expr_struct(&mut self, literal: &syn::ExprStruct) {
        if ends_with(&literal.path, "Failure") {
            self.report(literal, "a failure is made by the functions of its type");
        }
        visit::visit_expr_struct(self, literal);
    }

    fn visit_arm(&mut self, arm: &syn::Arm) {
        if self.is_border && matches!(arm.pat, Pat::Wild(_) | Pat::Ident(_)) {
            self.report(arm, "the kind of a failure is said of each variant, not of all others");
        }
        visit::visit_arm(self, arm);
    }
}

fn ends_with(path: &syn::Path, name: &str) -> bool {
    path.segments.last().is_some_and(|segment| segment.ident == name)
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|condition| condition.is_ident("test"))
    })
}

#[test]
fn failures_made_elsewhere_are_found() {
    let violations = |code| failure_violations(&Crate::of("src", [("sync/run.rs", code)]));
    let fine = "impl From<E> for Failure { fn from(e: E) -> Self { match e { E::A => Self::config(e.to_string()) } } } \
                fn f() -> Result<(), Failure> { Err(E::A.into()) } \
                #[cfg(test)] mod tests { fn f() { Failure::config(\"x\"); } }";
    assert_eq!(violations(fine), [] as [String; 0]);
    for wrong in [
        "fn f() -> Failure { Failure::config(\"x\") }",
        "fn f(x: E) -> Result<(), Failure> { x.map_err(crate::error::Failure::system) }",
        "impl E { fn f(self) -> Failure { Failure::transient(\"x\") } }",
        "impl From<E> for Other { fn from(e: E) -> Self { Self(Failure::config(\"x\")) } }",
        "fn f() -> Failure { Failure { message: String::new() } }",
        "impl From<E> for Failure { fn from(e: E) -> Self { match e { E::A => Self::config(\"x\"), _ => Self::system(\"x\") } } }",
        "impl From<E> for Failure { fn from(e: E) -> Self { match e { other => Self::system(\"x\") } } }",
    ] {
        assert_eq!(violations(wrong).len(), 1, "{wrong}");
    }
    let home = Crate::of("src", [("error.rs", "fn f() -> Failure { Failure { } }")]);
    assert_eq!(failure_violations(&home), [] as [String; 0]);
}
