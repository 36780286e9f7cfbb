//! Both ends of the process: the one reader of standard input, the one writer of standard output.
//!
//! Not here: what the lines mean.

pub mod input;
pub mod output;
