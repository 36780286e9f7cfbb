//! A plain JSON value: text, number or boolean, with its text. Not here: lists and objects.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::{number, text::check_length};
use crate::{config::ValueTable, crm::truth::meaning, mapping::reason::Code, text::trim};

/// A value that is neither a list, nor an object, nor blank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plain {
    /// The text without NUL, which HubSpot cannot store. White space is still there.
    pub(super) text: Box<str>,
    /// It was a number of JSON: its digits are no text that somebody wrote, and no setting changes how they are read.
    pub(super) is_number: bool,
}

impl Plain {
    /// What it says as a yes or a no, in every form that a checkbox takes.
    pub(super) fn said(&self) -> Option<bool> {
        meaning(&self.digits()).map(|meaning| meaning.is_true)
    }

    /// `None` for `null` and for text with nothing to see.
    ///
    /// # Errors
    ///
    /// [`Code::ValueTooLong`] beyond HubSpot's limit, [`Code::InvalidValue`] for text that is no Unicode (a lone half of a
    /// surrogate pair), [`Code::NestedValue`] for a list or an object.
    pub(super) fn of(raw: &RawValue) -> Result<Option<Self>, Code> {
        let json = raw.get();
        match json.as_bytes().first() {
            Some(b'n') => Ok(None),
            Some(b'[' | b'{') => Err(Code::NestedValue),
            Some(b'"') => {
                let text = serde_json::from_str::<String>(json).map_err(|_| Code::InvalidValue)?;
                check_length(&text)?;
                Ok(Self::of_text(&text))
            }
            first => {
                check_length(json)?;
                Ok(Some(Self { text: json.into(), is_number: !matches!(first, Some(b't' | b'f')) }))
            }
        }
    }

    /// A text as a value; `None` if there is nothing to see in it.
    pub(super) fn of_text(text: &str) -> Option<Self> {
        let text = if text.contains('\0') { Cow::Owned(text.replace('\0', "")) } else { Cow::Borrowed(text) };
        (!trim(&text).is_empty()).then(|| Self { text: text.into(), is_number: false })
    }

    /// What a text property gets: a number as plain digits, since an exponent or a `.0` is the source's way to keep it.
    ///
    /// `None` if the digits would be endless.
    pub(super) fn as_text(&self) -> Option<Cow<'_, str>> {
        if !self.is_number {
            return Some(Cow::Borrowed(&self.text));
        }
        match number::number(&self.text) {
            Some(digits) => Some(Cow::Owned(digits.into())),
            None => (!self.text.contains(['e', 'E'])).then_some(Cow::Borrowed(&*self.text)),
        }
    }

    /// The trimmed text, a number of JSON without exponent and `.0`.
    pub(super) fn digits(&self) -> Cow<'_, str> {
        match self.is_number.then(|| number::number(&self.text)).flatten() {
            Some(digits) => Cow::Owned(digits.into()),
            None => Cow::Borrowed(trim(&self.text)),
        }
    }

    /// The whole number that it is in another spelling: `1` for `1.0`, in a text too, and for 1e0 of JSON.
    pub(super) fn whole(&self) -> Option<Box<str>> {
        let text = trim(&self.text);
        if self.is_number {
            return number::number(text);
        }
        let (whole, fraction) = text.split_once('.')?;
        let all_zeros = !fraction.is_empty() && fraction.bytes().all(|digit| digit == b'0');
        (all_zeros && number::is_digits(whole)).then(|| whole.into())
    }

    /// What a table of values makes of it; `None` if the table does not list it.
    pub(super) fn translated(&self, values: &ValueTable) -> Option<Self> {
        let listed = values.get(trim(&self.text)).or_else(|| values.get(&self.whole()?))?;
        Self::of_text(listed)
    }
}
