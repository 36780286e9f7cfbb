//! The ways in which HubSpot may answer, of which a test chooses.

use crate::crm::object::MAX_BATCH_INPUTS;

/// What two addresses of one contact in one batch get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sync::tests) enum Collision {
    /// 409 for the whole batch.
    Refused,
    /// Both are written, in any order, with one result.
    OneResult,
    /// Both are written, in any order, each with its result.
    BothResults,
}

/// The ways of this HubSpot.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is one way of HubSpot's, on or off")]
pub(in crate::sync::tests) struct Habits {
    /// One refused input refuses its whole batch.
    pub all_or_nothing: bool,
    pub names_properties: bool,
    /// The errors of a 207 say which inputs they are about.
    pub names_traces: bool,
    /// The refusal of a whole batch says which inputs it is about.
    pub names_addresses: bool,
    pub collision: Collision,
    pub echoes_traces: bool,
    pub shuffles: bool,
    /// More inputs are too large a request.
    pub most_inputs: usize,
    /// Look-ups pass over contacts that are missing.
    pub leaves_look_ups_out: bool,
    /// The token may not look contacts up.
    pub denies_look_ups: bool,
    /// So many answers are empty, cut, or leave inputs out.
    pub spoilt_answers: u32,
    /// Each request is refused, whatever it holds.
    pub refuses_all: bool,
}

impl Habits {
    /// HubSpot as its documentation has it.
    pub(in crate::sync::tests) const FRIENDLY: Self = Self {
        all_or_nothing: false,
        names_properties: true,
        names_traces: true,
        names_addresses: false,
        collision: Collision::BothResults,
        echoes_traces: false,
        shuffles: true,
        most_inputs: MAX_BATCH_INPUTS,
        leaves_look_ups_out: false,
        denies_look_ups: false,
        spoilt_answers: 0,
        refuses_all: false,
    };
}
