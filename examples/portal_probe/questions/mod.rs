//! The questions, in the order in which they are asked.

mod account;
mod contact;
mod refusal;
mod result;
mod twice;

use crate::{Arguments, portal::Portal, verdict::Verdict, wire::Failed};

/// A question to the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    Results,
    PartialSuccess,
    DuplicateCase,
    TwoAddresses,
    EmptyInputs,
    EmptyProperties,
    LifecycleBackward,
    ArchivedAddress,
    Gdpr,
    Limits,
    RetryAfter,
}

impl Question {
    /// Asked in every version.
    const OF_EACH_VERSION: [Self; 8] = [
        Self::Results,
        Self::PartialSuccess,
        Self::DuplicateCase,
        Self::TwoAddresses,
        Self::EmptyInputs,
        Self::EmptyProperties,
        Self::LifecycleBackward,
        Self::ArchivedAddress,
    ];

    /// What is asked of a version. What concerns the account, whatever the version, is asked of the first.
    pub(crate) fn of_version(arguments: &Arguments, is_first: bool) -> Vec<Self> {
        let mut questions = Self::OF_EACH_VERSION.to_vec();
        let further = [
            (Self::Gdpr, arguments.gdpr),
            (Self::Limits, is_first),
            (Self::RetryAfter, is_first && arguments.provoke_limit),
        ];
        questions.extend(further.into_iter().filter(|(_, wanted)| *wanted).map(|(question, _)| question));
        questions
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Results => {
                "Do results repeat trace ids, do they keep the order, which stage has a new contact?"
            }
            Self::PartialSuccess => "Do trace ids give partial success?",
            Self::DuplicateCase => "Are two ids that differ in case only the same id?",
            Self::TwoAddresses => "What if two addresses of one contact are in one batch?",
            Self::EmptyInputs => "What is an upsert without inputs answered?",
            Self::EmptyProperties => "What is an input without properties answered?",
            Self::LifecycleBackward => "What becomes of a step back in the lifecycle?",
            Self::ArchivedAddress => "What does an upsert do with the address of an archived contact?",
            Self::Gdpr => "What does an upsert do with an address that was deleted for GDPR?",
            Self::Limits => "Which limits do the headers state?",
            Self::RetryAfter => "Does a 429 say how long to wait?",
        }
    }

    pub(crate) async fn ask(self, portal: Portal<'_>) -> Result<Vec<Verdict>, Failed> {
        match self {
            Self::Results => result::results(portal).await,
            Self::PartialSuccess => refusal::partial_success(portal).await,
            Self::DuplicateCase => twice::duplicate_case(portal).await,
            Self::TwoAddresses => twice::two_addresses(portal).await,
            Self::EmptyInputs => refusal::empty_inputs(portal).await,
            Self::EmptyProperties => refusal::empty_properties(portal).await,
            Self::LifecycleBackward => contact::lifecycle_backward(portal).await,
            Self::ArchivedAddress => contact::archived_address(portal).await,
            Self::Gdpr => contact::gdpr(portal).await,
            Self::Limits => Ok(account::limits(portal)),
            Self::RetryAfter => account::retry_after(portal).await,
        }
    }
}
