//! The sandbox's own word beside an answer of HubSpot's: that the sandbox lacks what was asked for, and where to see what it
//! has. It stands in a header, so that the answer itself stays HubSpot's.

use serde_json::json;

use crate::reply::Reply;

/// Name of the header; its value is JSON.
const HEADER: &str = "x-sandbox-hint";
/// Where all routes are listed.
const ROUTES: &str = "/_sandbox/routes";

/// What the sandbox lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lacking {
    /// Any route of this path.
    Path,
    /// The route of this path with this method.
    Method,
    /// The object type of the path.
    ObjectType,
}

impl Lacking {
    /// Adds the hint to an answer.
    pub(crate) fn hint(self, reply: Reply) -> Reply {
        let (lacking, hint) = match self {
            Self::Path => ("path", "This sandbox has no such path. HubSpot may have it."),
            Self::Method => (
                "method",
                "This sandbox has this path with other methods only. HubSpot may have it with this one.",
            ),
            Self::ObjectType => {
                ("object_type", "This sandbox has contacts only. HubSpot may have this object type.")
            }
        };
        reply.header(HEADER, json!({ "lacking": lacking, "hint": hint, "routes": ROUTES }).to_string())
    }
}
