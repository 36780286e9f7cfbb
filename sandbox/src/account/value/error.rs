//! Why a value was refused: code, words, and the JSON forms.
//!
//! The words follow the account's language; only the codes can be relied upon.

use serde_json::{Value, json};

use crate::{clock, settings::Language};

/// What is wrong with a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    Unknown,
    ReadOnly,
    Calculated,
    InvalidEmail(String),
    Blocklisted,
    NotAnOption { value: String, allowed: Vec<String> },
    NotANumber,
    NotALong(String),
    NotMidnight(i64),
    TooLong(usize),
    ObviouslyNoName,
    Required,
    RequiredBy(String),
}

/// A refused value of a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ValueError {
    name: String,
    wrong: Wrong,
}

impl ValueError {
    pub(crate) fn new(name: &str, wrong: Wrong) -> Self {
        Self { name: name.to_owned(), wrong }
    }

    /// Name of the property.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether this is one of the admin's rules that 2026-09 enforces.
    pub(crate) fn is_requirement(&self) -> bool {
        matches!(self.wrong, Wrong::Required | Wrong::RequiredBy(_))
    }

    /// The code: `errors[].code`, and `error` inside the message. Those of names, lengths
    /// and the blocklist are not on record; the last is that of HubSpot's imports.
    pub(crate) fn code(&self) -> &'static str {
        match self.wrong {
            Wrong::Unknown => "PROPERTY_DOESNT_EXIST",
            Wrong::ReadOnly | Wrong::Calculated => "READ_ONLY_VALUE",
            Wrong::InvalidEmail(_) => "INVALID_EMAIL",
            Wrong::Blocklisted => "GDPR_BLACKLISTED_EMAIL",
            Wrong::NotAnOption { .. } => "INVALID_OPTION",
            Wrong::NotANumber => "INVALID_INTEGER",
            Wrong::NotALong(_) => "INVALID_LONG",
            Wrong::NotMidnight(_) => "INVALID_DATE",
            Wrong::TooLong(_) => "VALUE_TOO_LONG",
            Wrong::ObviouslyNoName => "INVALID_NAME",
            Wrong::Required => "MISSING_REQUIRED_PROPERTY",
            Wrong::RequiredBy(_) => "MISSING_CONDITIONAL_REQUIRED_PROPERTY",
        }
    }

    /// The sentence for people.
    pub(crate) fn message(&self, language: Language) -> String {
        match language {
            Language::English => self.english(),
            Language::Portuguese => self.portuguese(),
        }
    }

    /// The entry of the array inside `message`.
    pub(crate) fn embedded(&self, language: Language, portal_id: u64) -> Value {
        let message = self.message(language);
        json!({
            "isValid": false, "message": message, "error": self.code(), "name": self.name,
            "localizedErrorMessage": message, "portalId": portal_id,
        })
    }

    /// The entry of `errors`.
    pub(crate) fn listed(&self, language: Language) -> Value {
        json!({
            "message": self.message(language), "code": self.code(),
            "context": { "propertyName": [self.name] },
        })
    }

    fn english(&self) -> String {
        let name = &self.name;
        match &self.wrong {
            Wrong::Unknown => format!("Property \"{name}\" does not exist"),
            Wrong::ReadOnly => format!("\"{name}\" is a read only property; its value cannot be set."),
            Wrong::Calculated => format!("\"{name}\" is a calculated property; its value cannot be set"),
            Wrong::InvalidEmail(value) => format!("Email address {value} is invalid"),
            Wrong::Blocklisted => "This email address was deleted for GDPR and cannot be used".to_owned(),
            Wrong::NotAnOption { value, allowed } => {
                format!("{value} was not one of the allowed options: [{}]", allowed.join(", "))
            }
            Wrong::NotANumber => format!("{name} was not a valid number"),
            Wrong::NotALong(value) => format!("{value} was not a valid long."),
            Wrong::NotMidnight(millis) => {
                let (hour, minute, second, fraction) = clock::time_of_day(*millis);
                format!("{millis} is at {hour}:{minute}:{second}.{fraction} UTC, not midnight!")
            }
            Wrong::TooLong(limit) => format!("{name} is longer than {limit} characters"),
            Wrong::ObviouslyNoName => format!("{name} is not a valid name"),
            Wrong::Required => format!("{name} is required and must have a value"),
            Wrong::RequiredBy(other) => format!("{name} is required by the value of {other}"),
        }
    }

    fn portuguese(&self) -> String {
        let name = &self.name;
        match &self.wrong {
            Wrong::Unknown => format!("A propriedade \"{name}\" não existe"),
            Wrong::ReadOnly | Wrong::Calculated => {
                format!("\"{name}\" é uma propriedade somente leitura; seu valor não pode ser definido.")
            }
            Wrong::InvalidEmail(value) => format!("Endereço de e-mail {value} inválido"),
            Wrong::Blocklisted => "Este endereço de e-mail não pode ser usado".to_owned(),
            Wrong::NotAnOption { value, allowed } => {
                format!("{value} não era uma das opções permitidas: [{}]", allowed.join(", "))
            }
            Wrong::NotANumber => format!("{name} não era um número válido"),
            Wrong::NotALong(value) => format!("{value} não era um valor longo válido."),
            Wrong::NotMidnight(millis) => format!("{millis} não é meia-noite em UTC!"),
            Wrong::TooLong(limit) => format!("{name} tem mais de {limit} caracteres"),
            Wrong::ObviouslyNoName => format!("{name} não é um nome válido"),
            Wrong::Required => format!("{name} é obrigatório"),
            Wrong::RequiredBy(other) => format!("{name} é obrigatório devido ao valor de {other}"),
        }
    }
}
