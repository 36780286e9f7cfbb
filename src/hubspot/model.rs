//! The bodies of HubSpot's API: what is sent, and what is read of an answer.
//!
//! Reading is lenient, because HubSpot asks callers to treat every field of an error as optional and adds fields
//! over time (<https://developers.hubspot.com/docs/api-reference/error-handling>). Not here: what an answer means.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use crate::crm::{self, definition::PropertyDefinition};

/// Text where HubSpot sends text, and nothing where it sends anything else.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text(pub Option<String>);

impl Text {
    pub fn as_deref(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Texts::deserialize(deserializer)?.0.into_iter().next()))
    }
}

/// A text or a list of texts; whatever else stands there is passed over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts(pub Vec<String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextsVisitor)
    }
}

struct TextsVisitor;

impl<'de> Visitor<'de> for TextsVisitor {
    type Value = Texts;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("text, a list of texts, or anything else to pass over")
    }

    fn visit_str<E>(self, text: &str) -> Result<Texts, E> {
        Ok(Texts(vec![text.to_owned()]))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Texts, E> {
        Ok(Texts(vec![number.to_string()]))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Texts, E> {
        Ok(Texts(vec![number.to_string()]))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Texts, E> {
        Ok(Texts(vec![number.to_string()]))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Texts, E> {
        Ok(Texts::default())
    }

    fn visit_unit<E>(self) -> Result<Texts, E> {
        Ok(Texts::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Texts, A::Error> {
        let mut texts = Vec::new();
        while let Some(element) = sequence.next_element::<Self::Value>()? {
            texts.extend(element.0);
        }
        Ok(Texts(texts))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Texts, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Texts::default())
    }
}

/// Reads `null` as the default, which `#[serde(default)]` alone does not.
fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// One contact to create or update.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UpsertInput<'a> {
    pub id: &'a str,
    pub id_property: &'static str,
    /// Unique in its batch. It makes HubSpot judge each input by itself, and names the input in `errors[].context`.
    pub object_write_trace_id: String,
    pub properties: BTreeMap<&'a str, &'a str>,
}

/// The body of a batch upsert.
#[derive(Debug, Serialize)]
pub struct UpsertRequest<'a> {
    pub inputs: Vec<UpsertInput<'a>>,
}

/// The body of a batch read by e-mail address.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadRequest<'a> {
    pub inputs: Vec<ReadInput<'a>>,
    pub id_property: &'static str,
    pub properties: &'a [&'a str],
    /// Marked as required in HubSpot's specification, so it is sent empty.
    pub properties_with_history: [&'static str; 0],
}

/// One contact to read.
#[derive(Debug, Serialize)]
pub struct ReadInput<'a> {
    pub id: &'a str,
}

/// The body of a 2xx answer to a batch request, with or without errors.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BatchAnswer {
    #[serde(deserialize_with = "nullable")]
    pub results: Vec<BatchResult>,
    #[serde(deserialize_with = "nullable")]
    pub errors: Vec<ErrorBody>,
}

/// One contact as HubSpot has it after the request.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BatchResult {
    pub id: Text,
    /// `true`: created, `false`: updated.
    #[serde(deserialize_with = "nullable")]
    pub new: bool,
    pub object_write_trace_id: Text,
    #[serde(deserialize_with = "nullable")]
    pub properties: ResultProperties,
}

/// What is read of a contact's properties; the others are passed over, since an answer may hold a hundred long ones.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ResultProperties {
    pub email: Text,
    pub lifecyclestage: Text,
}

impl ResultProperties {
    /// The lifecycle stage, if the answer names one.
    pub fn stage(&self) -> Option<String> {
        self.lifecyclestage.as_deref().map(str::to_owned)
    }
}

impl BatchResult {
    /// The primary address.
    pub fn address(&self) -> Option<&str> {
        self.properties.email.as_deref()
    }
}

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
    #[serde(deserialize_with = "nullable")]
    pub context: BTreeMap<String, Texts>,
    #[serde(deserialize_with = "nullable")]
    pub errors: Vec<ErrorDetail>,
}

/// One entry of an error's own list.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ErrorDetail {
    pub code: Text,
    #[serde(deserialize_with = "nullable")]
    pub context: BTreeMap<String, Texts>,
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
        serde_json::from_slice(body).ok()
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

    /// The input ids (here: addresses) that this error is about.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.texts("ids").chain(self.texts("id"))
    }

    fn texts<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let own = self.context.get(name).into_iter();
        let of_details = self.errors.iter().filter_map(move |detail| detail.context.get(name));
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
        for detail in &self.errors {
            let code = detail.code.as_deref().filter(|code| is_code(code)).unwrap_or_default();
            let names = detail.context.get("propertyName").map_or(&[][..], |names| &names.0);
            faults.extend(
                names.iter().map(|name| PropertyFault { property: name.clone(), code: code.to_owned() }),
            );
        }
        for embedded in self.embedded_faults() {
            let Some(property) = embedded.name.0 else { continue };
            let code = embedded.error.0.filter(|code| is_code(code)).unwrap_or_default();
            faults.push(PropertyFault { property, code });
        }
        if let Some(names) = self.context.get("propertyName") {
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
            || self.errors.iter().any(|detail| detail.code.as_deref() == Some(code))
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

/// The account that a token belongs to.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Account {
    pub portal_id: Text,
    /// Added to UTC, it gives the account's local time, at whose midnight the daily limit is reset.
    #[serde(deserialize_with = "nullable")]
    pub utc_offset_milliseconds: i64,
}

/// What a private app token or service key may do.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TokenInfo {
    pub scopes: Option<Vec<String>>,
}

/// The definition of a contact property in the account.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Property {
    pub name: String,
    pub label: Text,
    #[serde(rename = "type")]
    pub value_type: Text,
    pub field_type: Text,
    /// What the options refer to, if they are kept elsewhere, e.g. `OWNER`.
    pub referenced_object_type: Text,
    #[serde(deserialize_with = "nullable")]
    pub options: Vec<PropertyOption>,
    #[serde(deserialize_with = "nullable")]
    pub modification_metadata: ModificationMetadata,
}

impl From<Property> for PropertyDefinition {
    fn from(wire: Property) -> Self {
        let text = |text: Text| text.0.unwrap_or_default();
        let option = |option: PropertyOption| crm::definition::PropertyOption {
            value: text(option.value),
            label: text(option.label),
        };
        Self {
            name: wire.name,
            label: text(wire.label),
            value_type: text(wire.value_type),
            field_type: text(wire.field_type),
            referenced_object_type: wire.referenced_object_type.0,
            options: wire.options.into_iter().map(option).collect(),
            read_only: wire.modification_metadata.read_only_value,
        }
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ModificationMetadata {
    #[serde(deserialize_with = "nullable")]
    pub read_only_value: bool,
}

/// One value that an enumeration allows.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct PropertyOption {
    pub label: Text,
    pub value: Text,
}

/// The answer to a creation of several properties.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct CreatedProperties {
    #[serde(deserialize_with = "nullable")]
    pub results: Vec<Property>,
    #[serde(deserialize_with = "nullable")]
    pub errors: Vec<ErrorBody>,
}

/// The body of the property list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct PropertyList {
    #[serde(deserialize_with = "nullable")]
    pub results: Vec<Property>,
}
