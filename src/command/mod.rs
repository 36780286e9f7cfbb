//! The commands of the connector, one file each, and what several of them need.

use std::{
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use crate::{
    config::{Config, Environment},
    error::Failure,
    io::output::{Output, OutputClosed},
    protocol::{catalog::Catalog, emit},
};

pub mod check;
pub mod discover;
pub mod error;
mod files;
pub mod report_file;
pub mod spec;
pub mod write;

/// What every command has at hand.
#[derive(Debug, Clone)]
pub struct Context {
    pub output: Output,
    pub environment: Environment,
    /// A person watches: what is of interest goes to standard error in a readable form.
    pub to_terminal: bool,
    /// What is odd about the environment: whole sentences.
    pub warnings: Vec<String>,
}

impl Context {
    /// Says what is odd about the environment, which a command does before anything else. Not sooner: this may block, and a
    /// signal has to be heard then.
    fn warn(&self) {
        for warning in &self.warnings {
            tracing::warn!("{warning}");
        }
    }

    /// Reports a failure the way the platform reads it.
    ///
    /// # Errors
    ///
    /// If nobody reads standard output any more.
    pub fn report(&self, failure: &Failure) -> Result<(), OutputClosed> {
        if self.to_terminal {
            tracing::error!("{failure}");
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.output.line(&emit::trace_error(failure, u64::try_from(now.as_millis()).unwrap_or_default()))
    }
}

/// Reads the configuration and says what is odd about it.
fn read_config(path: &Path) -> Result<Config, Failure> {
    let parsed = Config::parse(&files::read(path, "--config")?)?;
    for warning in &parsed.warnings {
        tracing::warn!("{warning}");
    }
    Ok(parsed.config)
}

/// Reads the catalog.
fn read_catalog(path: &Path) -> Result<Catalog, Failure> {
    Ok(Catalog::parse(&files::read(path, "--catalog")?)?)
}
