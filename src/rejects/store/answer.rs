//! What an answer of the object store means for a request: refused for good, there already, or again. Pure.
//!
//! Not here: how often a request is repeated.

use std::fmt;
use thiserror::Error;

/// What is looked at of an answer, or why there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Status { status: u16, code: Option<Code> },
    None(NoAnswer),
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoAnswer {
    /// The request was not sent.
    Connect,
    /// The server's certificate is not trusted, so that the request was not sent.
    Certificate,
    /// The name of the endpoint leads into a private network, so that the request was not sent.
    PrivateAddress,
    Timeout,
    Interrupted,
}

/// The codes of errors that have a meaning of their own here.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    UnknownKey,
    WrongSecret,
    ExpiredKey,
    Clock,
    Region,
    Bucket,
    /// Another request for the same key is under way.
    Conflict,
    Full,
}

impl Code {
    /// The code in the body of an error, if it is one of these. The body goes no further.
    pub(super) fn of_body(body: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(body);
        let (_, behind) = text.split_once("<Code>")?;
        let (code, _) = behind.split_once("</Code>")?;
        Some(match code.trim() {
            "InvalidAccessKeyId" => Self::UnknownKey,
            "SignatureDoesNotMatch" => Self::WrongSecret,
            "ExpiredToken" | "InvalidToken" | "TokenRefreshRequired" | "ExpiredTokenException" => {
                Self::ExpiredKey
            }
            "RequestTimeTooSkewed" | "RequestExpired" => Self::Clock,
            "AuthorizationHeaderMalformed"
            | "PermanentRedirect"
            | "TemporaryRedirect"
            | "IllegalLocationConstraintException"
            | "InvalidRegion" => Self::Region,
            "NoSuchBucket" | "InvalidBucketName" => Self::Bucket,
            "ConditionalRequestConflict" | "OperationAborted" => Self::Conflict,
            "XMinioStorageFull"
            | "InsufficientStorage"
            | "QuotaExceeded"
            | "XMinioAdminBucketQuotaExceeded" => Self::Full,
            _ => return None,
        })
    }
}

/// Why a store refuses a request, whatever is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum StoreRefusal {
    #[error(
        "The object store does not know the access key. Correct `access_key_id` in `object_storage_config`, and `s3_endpoint` if \
         the store is not Amazon's."
    )]
    UnknownKey,

    #[error(
        "The secret key does not belong to the access key of the object store. Enter both keys of one pair again, in \
         `access_key_id` and `secret_access_key` of `object_storage_config`."
    )]
    WrongSecret,

    #[error(
        "The keys of the object store have expired. Enter a key pair that lasts, in `access_key_id` and `secret_access_key` of \
         `object_storage_config`: temporary keys do not work."
    )]
    ExpiredKey,

    #[error(
        "The object store refuses the request because its time is wrong. Set the clock of this machine right."
    )]
    Clock,

    #[error(
        "The object store does not let this key pair write. Give its user the permission `s3:PutObject` for the bucket and the \
         folder."
    )]
    Forbidden,

    #[error(
        "The object store has no such bucket. Correct `s3_bucket_name` in `object_storage_config`, or create the bucket; see \
         `s3_endpoint` too if the store is not Amazon's."
    )]
    Bucket,

    #[error(
        "The bucket is in another region, or at another endpoint. Correct `s3_bucket_region` and `s3_endpoint` in \
         `object_storage_config`."
    )]
    Region,

    /// The store does not know what is asked for: to create an object only where there is none.
    #[error(
        "The object store cannot create an object only where there is none (status {0}), which is needed so that nothing is \
         ever overwritten. Use a store that knows `If-None-Match` for new objects, and see whether `s3_endpoint` is that of an S3 \
         store."
    )]
    NoCondition(u16),

    #[error(
        "The certificate of the object store is not trusted. Install the package `ca-certificates`, or point SSL_CERT_FILE at a \
         file with the certificate of its issuer."
    )]
    Certificate,

    #[error(
        "The object store is at a private address, which is not permitted. Set HUBSPOT_ALLOW_PRIVATE_ENDPOINTS=1 in the \
         environment if it is meant, else correct `s3_endpoint` in `object_storage_config`."
    )]
    PrivateAddress,
}

/// Why a request did not work this time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TemporaryFault {
    /// No connection could be made.
    Connect,
    /// No answer came in time.
    Timeout,
    /// The connection broke.
    Interrupted,
    /// The store has no room.
    Full,
    /// Another status.
    Status(u16),
    /// A success that is not one of an object store.
    NoStore,
    /// Another object had the name.
    Taken,
}

impl TemporaryFault {
    /// Whether the object may have been written all the same.
    pub(super) fn may_have_landed(self) -> bool {
        match self {
            Self::Connect | Self::Taken => false,
            Self::Timeout | Self::Interrupted | Self::Full | Self::Status(_) | Self::NoStore => true,
        }
    }
}

impl fmt::Display for TemporaryFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect => formatter.write_str("no connection could be made"),
            Self::Timeout => formatter.write_str("no answer came in time"),
            Self::Interrupted => formatter.write_str("the connection broke before the answer came"),
            Self::Full => formatter.write_str("the store says that it is full"),
            Self::Status(status) => write!(formatter, "it answered with status {status}"),
            Self::NoStore => formatter.write_str("the answer is not one of an object store"),
            Self::Taken => formatter.write_str("another object has the name"),
        }
    }
}

/// What follows from an answer that is no success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// There is an object of this name.
    Exists,
    Refused(StoreRefusal),
    Again(TemporaryFault),
}

/// What to make of an answer to a request for a new object. `None` stands for one that was never seen.
pub(super) fn verdict(answer: Option<Answer>) -> Verdict {
    let (status, code) = match answer {
        Some(Answer::Status { status, code }) => (status, code),
        Some(Answer::None(why)) => return of_no_answer(why),
        None => return Verdict::Again(TemporaryFault::Interrupted),
    };
    match code {
        Some(code) => of_code(code, status),
        None => of_status(status),
    }
}

fn of_code(code: Code, status: u16) -> Verdict {
    match code {
        Code::UnknownKey => Verdict::Refused(StoreRefusal::UnknownKey),
        Code::WrongSecret => Verdict::Refused(StoreRefusal::WrongSecret),
        Code::ExpiredKey => Verdict::Refused(StoreRefusal::ExpiredKey),
        Code::Clock => Verdict::Refused(StoreRefusal::Clock),
        Code::Region => Verdict::Refused(StoreRefusal::Region),
        Code::Bucket => Verdict::Refused(StoreRefusal::Bucket),
        Code::Full => Verdict::Again(TemporaryFault::Full),
        // Amazon says so while an earlier request for the key is still being dealt with, which may yet fail.
        Code::Conflict => Verdict::Again(TemporaryFault::Status(status)),
    }
}

fn of_status(status: u16) -> Verdict {
    match status {
        // By the standard 412; 304 by stores that take the condition for that of a read.
        412 | 304 => Verdict::Exists,
        200..=299 => Verdict::Again(TemporaryFault::NoStore),
        // A redirect leads to the bucket's region, and is never followed: the rows would go along.
        300..=399 => Verdict::Refused(StoreRefusal::Region),
        401 | 403 => Verdict::Refused(StoreRefusal::Forbidden),
        404 => Verdict::Refused(StoreRefusal::Bucket),
        405 | 501 => Verdict::Refused(StoreRefusal::NoCondition(status)),
        507 => Verdict::Again(TemporaryFault::Full),
        // With a 409, an earlier request may still be under way.
        _ => Verdict::Again(TemporaryFault::Status(status)),
    }
}

fn of_no_answer(why: NoAnswer) -> Verdict {
    match why {
        NoAnswer::Connect => Verdict::Again(TemporaryFault::Connect),
        NoAnswer::Timeout => Verdict::Again(TemporaryFault::Timeout),
        NoAnswer::Interrupted => Verdict::Again(TemporaryFault::Interrupted),
        NoAnswer::Certificate => Verdict::Refused(StoreRefusal::Certificate),
        NoAnswer::PrivateAddress => Verdict::Refused(StoreRefusal::PrivateAddress),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(status: u16, body: &str) -> Verdict {
        verdict(Some(Answer::Status { status, code: Code::of_body(body.as_bytes()) }))
    }

    #[test]
    fn an_answer_means_what_its_code_says_else_its_status() {
        let body = |code: &str| {
            format!("<?xml version=\"1.0\"?>\n<Error><Code>{code}</Code><Message>x</Message></Error>")
        };
        for (status, code, expected) in [
            (403, "InvalidAccessKeyId", Verdict::Refused(StoreRefusal::UnknownKey)),
            (403, "SignatureDoesNotMatch", Verdict::Refused(StoreRefusal::WrongSecret)),
            (400, "ExpiredToken", Verdict::Refused(StoreRefusal::ExpiredKey)),
            (403, "RequestTimeTooSkewed", Verdict::Refused(StoreRefusal::Clock)),
            (403, "AccessDenied", Verdict::Refused(StoreRefusal::Forbidden)),
            (400, "AuthorizationHeaderMalformed", Verdict::Refused(StoreRefusal::Region)),
            (301, "PermanentRedirect", Verdict::Refused(StoreRefusal::Region)),
            (307, "", Verdict::Refused(StoreRefusal::Region)),
            (404, "NoSuchBucket", Verdict::Refused(StoreRefusal::Bucket)),
            (404, "", Verdict::Refused(StoreRefusal::Bucket)),
            (501, "NotImplemented", Verdict::Refused(StoreRefusal::NoCondition(501))),
            (412, "PreconditionFailed", Verdict::Exists),
            (409, "ConditionalRequestConflict", Verdict::Again(TemporaryFault::Status(409))),
            (409, "", Verdict::Again(TemporaryFault::Status(409))),
            (503, "SlowDown", Verdict::Again(TemporaryFault::Status(503))),
            (507, "XMinioStorageFull", Verdict::Again(TemporaryFault::Full)),
            (507, "", Verdict::Again(TemporaryFault::Full)),
            (400, "RequestTimeout", Verdict::Again(TemporaryFault::Status(400))),
            (200, "", Verdict::Again(TemporaryFault::NoStore)),
        ] {
            assert_eq!(said(status, &body(code)), expected, "{status} {code}");
        }
        assert_eq!(said(403, "<html>secret</html>"), Verdict::Refused(StoreRefusal::Forbidden));
        assert_eq!(verdict(None), Verdict::Again(TemporaryFault::Interrupted));
    }

    #[test]
    fn only_what_never_arrived_cannot_have_landed() {
        assert!(!TemporaryFault::Connect.may_have_landed());
        for fault in [
            TemporaryFault::Timeout,
            TemporaryFault::Interrupted,
            TemporaryFault::Status(500),
            TemporaryFault::NoStore,
        ] {
            assert!(fault.may_have_landed(), "{fault}");
        }
    }
}
