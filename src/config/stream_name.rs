//! When the `stream` of an entry means a stream, and how closely. Pure.
//!
//! Not here: what becomes of the entries of other streams.

/// How closely an entry means a stream: where several do, the greatest holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Closeness {
    /// The entry is for every stream.
    Every,
    /// By its name.
    Name,
    /// By its namespace and its name.
    Qualified,
}

/// How closely an entry's `stream` means a stream; `None` if it means another one. A missing namespace and an empty one are
/// the same, and letter case counts.
pub(super) fn closeness(entry: Option<&str>, name: &str, namespace: Option<&str>) -> Option<Closeness> {
    let Some(entry) = entry else { return Some(Closeness::Every) };
    if entry == name {
        return Some(Closeness::Name);
    }
    let prefix = namespace.filter(|text| !text.is_empty())?;
    let rest = entry.strip_prefix(prefix)?.strip_prefix('.')?;
    (rest == name).then_some(Closeness::Qualified)
}

/// Whether the text of an entry, `name` or `namespace.name`, means a stream.
pub fn names_stream(entry: &str, name: &str, namespace: Option<&str>) -> bool {
    closeness(Some(entry), name, namespace).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_named_with_or_without_its_namespace() {
        use Closeness::{Every, Name, Qualified};
        let cases = [
            (None, "users", None, Some(Every)),
            (None, "users", Some("public"), Some(Every)),
            (Some("users"), "users", None, Some(Name)),
            (Some("users"), "users", Some("public"), Some(Name)),
            (Some("public.users"), "users", Some("public"), Some(Qualified)),
            (Some("public.users"), "public.users", None, Some(Name)),
            (Some("a.b.c"), "c", Some("a.b"), Some(Qualified)),
            (Some("a.b.c"), "b.c", Some("a"), Some(Qualified)),
            (Some("public.users"), "users", None, None),
            (Some("public.users"), "users", Some("private"), None),
            (Some(".users"), "users", Some(""), None),
            (Some("publicusers"), "users", Some("public"), None),
            (Some("Users"), "users", None, None),
        ];
        for (entry, name, namespace, expected) in cases {
            assert_eq!(closeness(entry, name, namespace), expected, "{entry:?} for {namespace:?}.{name}");
            if let Some(entry) = entry {
                assert_eq!(names_stream(entry, name, namespace), expected.is_some(), "{entry}");
            }
        }
    }
}
