//! Which path leads to what answers it: HubSpot's endpoints, the sandbox's own routes, and what is neither.
//!
//! The paths themselves are in `endpoint` and `control`.

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::{RawPathParams, Request, State, rejection::RawPathParamsRejection},
    response::Response,
    routing::on,
};

use super::{
    control,
    exchange::{self, Sent},
    shared::Shared,
    travelling::Cut,
};
use crate::{
    api::pipeline::{NoRoute, Route},
    endpoint::{Endpoint, Version},
};

type Params = Result<RawPathParams, RawPathParamsRejection>;

/// All routes.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    let mut router = Router::new();
    for endpoint in Endpoint::ALL {
        for &version in endpoint.versions() {
            let handler =
                move |State(shared), Extension(sent): Extension<Sent>, params: Params, request: Request| {
                    exchange::answer(shared, route(endpoint, version, params), sent, request)
                };
            router = router
                .route(&endpoint.path(version, "{object}"), on(control::filter(endpoint.method()), handler));
        }
    }
    router
        .method_not_allowed_fallback(wrong_method)
        .merge(control::routes())
        .fallback(unknown_path)
        .with_state(shared)
}

fn route(endpoint: Endpoint, version: Version, params: Params) -> Result<Route, NoRoute> {
    // A part of the path that is no UTF-8 names no object type and no property.
    let params = params.map_err(|_| NoRoute::UnknownPath)?;
    let param =
        |wanted: &str| params.iter().find(|(key, _)| *key == wanted).map(|(_, value)| value.to_owned());
    Ok(Route { endpoint, version, object_type: param("object"), name: param("name") })
}

async fn unknown_path(
    State(shared): State<Arc<Shared>>,
    Extension(sent): Extension<Sent>,
    request: Request,
) -> Result<Response, Cut> {
    exchange::answer(shared, Err(NoRoute::UnknownPath), sent, request).await
}

async fn wrong_method(
    State(shared): State<Arc<Shared>>,
    Extension(sent): Extension<Sent>,
    request: Request,
) -> Result<Response, Cut> {
    exchange::answer(shared, Err(NoRoute::WrongMethod), sent, request).await
}
