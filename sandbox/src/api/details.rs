//! The account's details, and what a token may do.

use serde::Deserialize;
use serde_json::json;

use super::{body, call::Call};
use crate::{
    account::{state::State, tokens},
    failure::Failure,
    reply::Reply,
};

/// Needs scope `oauth`, which every token carries.
pub(crate) fn account_details(state: &State) -> Reply {
    let account = &state.settings.account;
    let minutes = account.utc_offset_minutes;
    let sign = if minutes < 0 { '-' } else { '+' };
    let offset = format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60);
    Reply::json(
        200,
        &json!({
            "portalId": account.portal_id,
            "accountType": account.account_type,
            "timeZone": account.time_zone,
            "companyCurrency": "USD",
            "additionalCurrencies": [],
            "utcOffset": offset,
            "utcOffsetMilliseconds": i64::from(minutes) * 60_000,
            "uiDomain": "app.hubspot.com",
            "dataHostingLocation": "na1",
        }),
    )
}

/// The scopes of a token. Needs no scope itself.
pub(crate) fn token_info(state: &State, call: &Call<'_>) -> Result<Reply, Failure> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body {
        token_key: String,
    }
    let asked: Body = body::parse(call.body)?;
    let scopes = tokens::scopes_of(&asked.token_key, &state.settings).ok_or_else(tokens::no_credentials)?;
    Ok(Reply::json(
        200,
        &json!({
            "userId": 26_892_217, "hubId": state.settings.account.portal_id, "appId": 1_512_050, "scopes": scopes,
        }),
    ))
}
