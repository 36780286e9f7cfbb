//! Tests of what answers mean.

mod retry;
