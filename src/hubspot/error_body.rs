//! HubSpot's error bodies: of a 4xx or 5xx answer, and in the answer to a batch. Pure.
//!
//! Not here: what an error means for the request ([`super::retry`]) or for a record.

use serde::Deserialize;

use super::lenient::{List, Members, Object, Text, repaired};

/// An error: the body of a 4xx or 5xx answer, or one entry in a batch answer.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ErrorBody {
    pub category: Text,
    pub sub_category: Text,
    pub correlation_id: Text,
    pub policy_name: Text,
    /// In the language of the account, and may quote values: never branch on its words, never print it.
    pub message: Text,
    pub context: Members,
    pub errors: List<Object<ErrorDetail>>,
}

/// One entry of an error's own list.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ErrorDetail {
    pub code: Text,
    pub context: Members,
}

/// A property that an error names, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PropertyFault {
    pub property: String,
    /// HubSpot's code, such as `PROPERTY_DOESNT_EXIST`; empty if it gave none.
    pub code: String,
}

/// What HubSpot puts, as JSON, into the text of a message about property values.
#[derive(Debug, Deserialize)]
struct EmbeddedFault {
    #[serde(default)]
    name: Text,
    #[serde(default)]
    error: Text,
}

impl ErrorBody {
    /// Reads a body; `None` if it is not the JSON object of an error (a proxy's HTML page, say).
    pub fn parse(body: &[u8]) -> Option<Self> {
        let read = |body: &[u8]| serde_json::from_slice(body).ok();
        read(body).or_else(|| read(&repaired(body)?))
    }

    /// Whether it holds nothing at all, as what stood there was no error.
    pub fn says_nothing(&self) -> bool {
        let texts = [&self.category, &self.sub_category, &self.correlation_id, &self.message];
        texts.iter().all(|text| text.0.is_none()) && self.context.0.is_empty() && self.errors.0.is_empty()
    }

    /// The entries of its own list.
    pub fn details(&self) -> impl Iterator<Item = &ErrorDetail> {
        self.errors.0.iter().map(|detail| &detail.0)
    }

    /// HubSpot does not have what is named.
    pub fn is_not_found(&self) -> bool {
        self.category() == Some("OBJECT_NOT_FOUND")
    }

    /// HubSpot's category if it is one that may be shown: capital letters and underscores, as all known ones.
    pub fn category(&self) -> Option<&str> {
        self.category.as_deref().filter(|text| is_code(text))
    }

    /// The number that HubSpot's support asks for, if it looks like one.
    pub fn correlation_id(&self) -> Option<&str> {
        let harmless =
            |text: &&str| text.len() <= 64 && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
        self.correlation_id.as_deref().filter(harmless)
    }

    /// The trace ids of the inputs that this error is about.
    pub fn trace_ids(&self) -> impl Iterator<Item = &str> {
        self.texts("objectWriteTraceId")
    }

    /// The input ids, which are keys or record ids, that this error is about.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        // Of older answers to updates. An id stands behind the property that it is a value of, as in `…tenant_id:17`.
        let coordinates = self.texts("missingObjectPropertyValueCoordinates");
        let behind_property = coordinates.filter_map(|text| Some(text.rsplit_once(':')?.1));
        self.texts("ids").chain(self.texts("id")).chain(behind_property)
    }

    /// The ids of the records that are in the way of a new one.
    pub fn existing_ids(&self) -> impl Iterator<Item = &str> {
        self.texts("existingId")
    }

    /// The internal names of the properties, of a request to create some, that this error is about.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.context.0.get("name").into_iter().flat_map(|names| names.0.iter().map(String::as_str))
    }

    fn texts<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let own = self.context.0.get(name).into_iter();
        let of_details = self.details().filter_map(move |detail| detail.context.0.get(name));
        own.chain(of_details).flat_map(|texts| texts.0.iter().map(String::as_str))
    }

    /// The scopes of which the call needs any one.
    pub fn required_scopes(&self) -> Vec<String> {
        let mut scopes: Vec<_> =
            self.texts("requiredGranularScopes").filter(|scope| is_scope(scope)).collect();
        scopes.dedup();
        scopes.into_iter().map(str::to_owned).collect()
    }

    /// The properties that this error names: in its own list, in its context, and in the JSON array that the message
    /// holds after its first `[`. `errors[]` may list fewer than the array does.
    pub fn property_faults(&self) -> Vec<PropertyFault> {
        let mut faults = Vec::new();
        for detail in self.details() {
            let code = detail.code.as_deref().filter(|code| is_code(code)).unwrap_or_default();
            let names = detail.context.0.get("propertyName").map_or(&[][..], |names| &names.0);
            faults.extend(
                names.iter().map(|name| PropertyFault { property: name.clone(), code: code.to_owned() }),
            );
        }
        for embedded in self.embedded_faults() {
            let Some(property) = embedded.name.0 else { continue };
            let code = embedded.error.0.filter(|code| is_code(code)).unwrap_or_default();
            faults.push(PropertyFault { property, code });
        }
        if let Some(names) = self.context.0.get("propertyName") {
            let code = self.sub_category.as_deref().filter(|code| is_code(code)).unwrap_or_default();
            let unnamed = names.0.iter().filter(|name| faults.iter().all(|fault| fault.property != **name));
            let further: Vec<_> =
                unnamed.map(|name| PropertyFault { property: name.clone(), code: code.to_owned() }).collect();
            faults.extend(further);
        }
        faults.sort();
        faults.dedup();
        faults
    }

    fn embedded_faults(&self) -> Vec<EmbeddedFault> {
        let message = self.message.as_deref().unwrap_or_default();
        let Some(start) = message.find('[') else { return Vec::new() };
        let array = message.get(start..).unwrap_or_default();
        let mut stream = serde_json::Deserializer::from_str(array).into_iter::<Vec<EmbeddedFault>>();
        stream.next().and_then(Result::ok).unwrap_or_default()
    }

    /// Whether the error, anywhere, carries this code.
    pub fn has_code(&self, code: &str) -> bool {
        self.sub_category.as_deref() == Some(code)
            || self.category.as_deref() == Some(code)
            || self.details().any(|detail| detail.code.as_deref() == Some(code))
            || self.property_faults().iter().any(|fault| fault.code == code)
    }
}

/// Whether a text is a code of HubSpot's, such as `VALIDATION_ERROR`: nothing else of an answer may be shown.
fn is_code(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 80
        && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

fn is_scope(text: &str) -> bool {
    text.len() <= 120 && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}
