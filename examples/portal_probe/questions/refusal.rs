//! What is refused, and how much of a batch a refusal takes along.

use std::collections::BTreeSet;

use destination_hubspot::hubspot::error_body::ErrorBody;
use hubspot_sandbox::EmptyInputs;
use serde_json::json;

use crate::{answer::Answer, portal::Portal, verdict::Verdict, wire::Failed};

/// No account has a property of this name.
const NO_SUCH_PROPERTY: &str = "portal_probe_no_such_property";

pub(super) async fn partial_success(portal: Portal<'_>) -> Result<Vec<Verdict>, Failed> {
    const NAME: &str = "partial_success";
    let [good, bad, worse] = portal.addresses()?;
    let wrong: &[(&str, &str)] = &[(NO_SUCH_PROPERTY, "x")];
    let inputs = [(good.as_str(), [("firstname", "Probe")].as_slice()), (&bad, wrong), (&worse, wrong)];
    let what = "one good input, and two with a property that does not exist, each with a trace id";
    let answer = portal.upsert(what, &inputs).await?.telling()?;
    if answer.is_refusal() {
        let moot = Verdict::Moot("whether errors are grouped: a batch has no single errors".to_owned());
        return Ok(vec![Verdict::setting(NAME, false), moot]);
    }
    let batch = answer.batch();
    let failed: BTreeSet<&str> = batch.errors.iter().flat_map(ErrorBody::trace_ids).collect();
    let is_partial = answer.status == 207 && batch.results.len() == 1 && failed == BTreeSet::from(["1", "2"]);
    if !is_partial {
        return Ok(vec![Verdict::Unlike(
            NAME,
            format!("the errors do not name the two bad inputs: {}", answer.describe()),
        )]);
    }
    let is_grouped = batch.errors.iter().any(|error| error.trace_ids().count() > 1);
    Ok(vec![Verdict::setting(NAME, true), Verdict::setting("group_errors", is_grouped)])
}

pub(super) async fn empty_inputs(portal: Portal<'_>) -> Result<Vec<Verdict>, Failed> {
    const NAME: &str = "empty_inputs";
    let answer = portal.upsert_nothing().await?;
    Ok(vec![match answer.status {
        200..300 if answer.json().is_object() => Verdict::setting(NAME, json!(EmptyInputs::Status200)),
        // Whether the scopes are looked at first shows only with a token that lacks them, and that could ask nothing else.
        400 => Verdict::setting(NAME, json!(EmptyInputs::Status400)),
        401..500 => Verdict::Unlike(NAME, answer.describe()),
        _ => return Err(Failed::unexpected("this is no answer to the request")),
    }])
}

pub(super) async fn empty_properties(portal: Portal<'_>) -> Result<Vec<Verdict>, Failed> {
    const NAME: &str = "refuse_empty_properties";
    let [new, existing] = portal.addresses()?;
    portal.create(&existing, &[("firstname", "Probe")]).await?;
    let of_new = portal.upsert("a new address without properties", &[(&new, &[])]).await?;
    let of_existing = portal.upsert("a known address without properties", &[(&existing, &[])]).await?;
    Ok(vec![alike(NAME, ("of a new contact", &of_new), ("of a known one", &of_existing))?])
}

/// The verdict on a setting that refuses two kinds of input, or none of them.
pub(super) fn alike(
    name: &'static str,
    one: (&str, &Answer),
    other: (&str, &Answer),
) -> Result<Verdict, Failed> {
    let refused = |answer: &Answer| {
        answer
            .refuses_its_input()
            .ok_or_else(|| Failed::unexpected("this does not tell what became of the input"))
    };
    let (first, second) = (refused(one.1)?, refused(other.1)?);
    if first == second {
        return Ok(Verdict::setting(name, first));
    }
    let (refused, taken) = if first { (one.0, other.0) } else { (other.0, one.0) };
    Ok(Verdict::Unlike(name, format!("that {refused} is refused, that {taken} is taken")))
}
