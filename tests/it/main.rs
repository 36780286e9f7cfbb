//! The built connector against the sandbox, and what holds for the repository as a whole.
//!
//! One binary for all of them, so that linking is paid once.

mod layering;
