//! What becomes of single contacts: a step back in the lifecycle, an address that was archived or deleted for good.

use destination_hubspot::crm::property::LIFECYCLE_STAGE;
use serde_json::Value;

use super::refusal::alike;
use crate::{portal::Portal, verdict::Verdict, wire::Failed};

const NAMED: &[(&str, &str)] = &[("firstname", "Probe")];
/// Two of HubSpot's own stages, the second before the first.
const LATE_STAGE: &str = "customer";
const EARLY_STAGE: &str = "subscriber";

pub(super) async fn lifecycle_backward(portal: Portal<'_>) -> Result<Vec<Verdict>, Failed> {
    let address = portal.address()?;
    let created = portal
        .upsert("a new contact in a late stage", &[(&address, &[(LIFECYCLE_STAGE, LATE_STAGE)])])
        .await?;
    let refused = created.refuses_its_input() == Some(true);
    let has_code = |code| {
        created.error().has_code(code) || created.batch().errors.iter().any(|error| error.has_code(code))
    };
    if refused && has_code("INVALID_OPTION") {
        return Ok(vec![Verdict::Moot(format!("the account has no stage {LATE_STAGE}"))]);
    }
    created.results(1)?;
    if stage(portal, &address).await?.as_deref() != Some(LATE_STAGE) {
        return Err(Failed::unexpected("the new contact did not get its stage"));
    }
    let back =
        portal.upsert("the same in an early stage", &[(&address, &[(LIFECYCLE_STAGE, EARLY_STAGE)])]).await?;
    let Some(is_refused) = back.refuses_its_input() else {
        return Err(Failed::unexpected("this does not tell what became of the input"));
    };
    let after = stage(portal, &address).await?;
    let is_kept = after.as_deref() == Some(LATE_STAGE);
    let warnings = back.json().pointer("/results/0/warnings").and_then(Value::as_array).map_or(0, Vec::len);
    let words = match (is_refused, is_kept) {
        (true, _) => "the step back is refused".to_owned(),
        (false, true) if warnings > 0 => "the stage is kept, and a warning says so".to_owned(),
        (false, true) => "the stage is kept without a word".to_owned(),
        (false, false) => "the contact does not keep its stage".to_owned(),
    };
    Ok(vec![Verdict::Fact { words, as_sandbox: !is_refused && is_kept && warnings == 0 }])
}

async fn stage(portal: Portal<'_>, address: &str) -> Result<Option<String>, Failed> {
    let read = portal.read("its stage", &[address], &[LIFECYCLE_STAGE]).await?;
    Ok(read.results(1)?.first().and_then(|result| result.value(1).map(str::to_owned)))
}

pub(super) async fn archived_address(portal: Portal<'_>) -> Result<Vec<Verdict>, Failed> {
    let address = portal.address()?;
    let id = portal.create(&address, NAMED).await?;
    // It stays booked as made: should the upsert bring it back, it must be archived again.
    if !portal.archive(std::slice::from_ref(&id)).await?.is_success() {
        return Err(Failed::unexpected("the contact could not be archived"));
    }
    let answer = portal.upsert("the same address once more", &[(&address, NAMED)]).await?;
    let (words, as_sandbox) = match answer.batch().results.as_slice() {
        [result] if result.new && result.id.as_deref() != Some(&id) => ("it creates a new contact", true),
        [result] if result.new => ("it brings the contact back as a new one", false),
        [_] => ("it updates the archived contact", false),
        _ if answer.refuses_its_input() == Some(true) => ("it is refused", false),
        _ => return Err(Failed::unexpected("this does not tell what became of the input")),
    };
    Ok(vec![Verdict::Fact { words: words.to_owned(), as_sandbox }])
}

/// Two ways onto the blocklist: deleting a contact, and deleting an address that no contact has.
pub(super) async fn gdpr(portal: Portal<'_>) -> Result<Vec<Verdict>, Failed> {
    let [of_contact, of_nobody] = portal.addresses()?;
    let id = portal.create(&of_contact, NAMED).await?;
    portal.gdpr_delete("this contact deleted for good", &of_contact).await?;
    portal.wire.contacts().gone(&id);
    portal.gdpr_delete("an address without contact deleted for good", &of_nobody).await?;
    let first = portal.upsert("the address of the deleted contact", &[(&of_contact, NAMED)]).await?;
    if first.batch().results.iter().any(|result| result.id.as_deref() == Some(&id)) {
        // The deletion is not complete yet: the contact is still there.
        portal.wire.contacts().made(&id);
    }
    let second = portal.upsert("the address that had no contact", &[(&of_nobody, NAMED)]).await?;
    let verdict =
        alike("refuse_blocklisted_emails", ("of a deleted contact", &first), ("of nobody", &second))?;
    Ok(vec![verdict])
}
