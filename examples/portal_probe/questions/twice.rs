//! What happens when one contact is in a batch twice, under ids that look different.

use destination_hubspot::hubspot::answer::BatchResult;
use hubspot_sandbox::SameContactInputs;
use serde_json::json;

use crate::{portal::Portal, verdict::Verdict, wire::Failed};

const FIRST: &[(&str, &str)] = &[("firstname", "Probe")];
const SECOND: &[(&str, &str)] = &[("firstname", "Prober")];

pub(super) async fn duplicate_case(portal: Portal<'_>) -> Result<Vec<Verdict>, Failed> {
    const NAME: &str = "duplicate_check_ignores_case";
    let [equal, address] = portal.addresses()?;
    let refusal = portal.upsert("the same address twice", &[(&equal, FIRST), (&equal, SECOND)]).await?;
    if !refusal.is_refusal() {
        return Err(Failed::unexpected("equal ids are not refused, so the check cannot be recognised"));
    }
    let upper = address.to_uppercase();
    let what = "an address in small and in capital letters";
    let answer = portal.upsert(what, &[(&address, FIRST), (&upper, SECOND)]).await?.telling()?;
    // Something else may refuse them, but then it is not the check for equal ids.
    Ok(vec![Verdict::setting(NAME, answer.kind() == refusal.kind())])
}

pub(super) async fn two_addresses(portal: Portal<'_>) -> Result<Vec<Verdict>, Failed> {
    const NAME: &str = "same_contact_inputs";
    let contact = portal.contact_with_two_addresses().await?;
    let alone = portal.upsert("its secondary address alone", &[(&contact.secondary, FIRST)]).await?;
    let results = alone.results(1)?;
    let found = results.first().filter(|result| result.id.as_deref() == Some(&contact.id));
    let shown = match found.and_then(BatchResult::key).map(str::to_lowercase) {
        None => fact("an upsert by the secondary address does not show the contact", false),
        Some(key) if key == contact.primary => fact("the result shows the primary address", true),
        Some(key) if key == contact.secondary => fact("the result shows the secondary address", false),
        Some(_) => fact("the result shows neither address", false),
    };
    let inputs = [(contact.primary.as_str(), FIRST), (contact.secondary.as_str(), SECOND)];
    let both =
        portal.upsert("its primary and its secondary address in one batch", &inputs).await?.telling()?;
    let batch = both.batch();
    let is_the_contact = batch.results.iter().all(|result| result.id.as_deref() == Some(&contact.id))
        && batch.errors.is_empty();
    let choice = match (both.status, batch.results.len()) {
        (409, _) => Some(SameContactInputs::Conflict409),
        (200..300, 1) if is_the_contact => Some(SameContactInputs::MergedIntoOneResult),
        (200..300, 2) if is_the_contact => Some(SameContactInputs::BothResults),
        _ => None,
    };
    let together = choice.map_or_else(
        || Verdict::Unlike(NAME, both.describe()),
        |choice| Verdict::setting(NAME, json!(choice)),
    );
    Ok(vec![shown, together])
}

fn fact(words: &str, as_sandbox: bool) -> Verdict {
    Verdict::Fact { words: words.to_owned(), as_sandbox }
}
