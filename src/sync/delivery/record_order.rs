//! Several keys of one record in one batch, where what is sent depends on what HubSpot has: one input of a record goes at a time, in
//! reading order, and each is looked up again. Pure. Not here: where nothing depends on it ([`super::write_order`]).

use std::collections::BTreeMap;

use super::state::Delivery;
use crate::config::Mode;

impl Delivery {
    /// Whether an input of a record changes what another one of it meets. An update or an archive names the record by its number,
    /// which may stand in a request once.
    pub(super) fn orders_by_record(&self) -> bool {
        match self.target.mode {
            Mode::UpdateOnly | Mode::Archive => true,
            Mode::Upsert => self.record_order.has_archives || self.target.compares_values(),
            // It changes nothing that is there.
            Mode::CreateOnly => self.record_order.has_archives,
        }
    }

    /// Of several inputs of one record, the first stays in the group; the others come after all else, one by one. The records of
    /// an input that were folded around those of another one are parted again.
    pub(super) fn one_of_each_record(&mut self, group: Vec<usize>) -> Vec<usize> {
        if !self.orders_by_record() {
            return group;
        }
        let mut by_number: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for &index in &group {
            let found = self.open(index).and_then(|pending| pending.found.as_ref());
            if let Some(number) = found.and_then(|found| found.id.as_deref()) {
                by_number.entry(number).or_default().push(index);
            }
        }
        let together: Vec<Vec<usize>> = by_number.into_values().filter(|inputs| inputs.len() > 1).collect();
        let mut now: Vec<usize> =
            group.into_iter().filter(|index| !together.iter().flatten().any(|one| one == index)).collect();
        for inputs in together {
            let mut in_order = self.in_reading_order(&inputs).into_iter();
            now.extend(in_order.next());
            for index in in_order {
                if let Some(pending) = self.inputs.get_mut(index) {
                    pending.forget_found();
                }
                self.record_order.after_others.insert(index);
                self.work.push_back(vec![index]);
            }
        }
        now
    }

    /// Inputs for the records of these, so that each follows the one before it as the records were read.
    fn in_reading_order(&mut self, inputs: &[usize]) -> Vec<usize> {
        let mut lines: Vec<(u64, usize)> = Vec::new();
        for &index in inputs {
            let parts = self.inputs.get(index).map(|pending| &pending.input.parts[..]).unwrap_or_default();
            lines.extend(parts.iter().map(|part| (part.ticket.line, index)));
        }
        lines.sort_unstable();
        let runs: Vec<(usize, usize)> = lines
            .chunk_by(|one, next| one.1 == next.1)
            .filter_map(|run| Some((run.first()?.1, run.len())))
            .collect();
        let mut in_order = Vec::with_capacity(runs.len());
        for &(index, length) in &runs {
            let is_whole = runs.iter().filter(|(other, _)| *other == index).count() == 1;
            let Some(pending) = self.inputs.get_mut(index) else { continue };
            if is_whole {
                in_order.push(index);
                continue;
            }
            pending.settled = true;
            let run = pending.change_parts(|parts| parts.drain(..length.min(parts.len())).collect());
            let run = pending.with_parts(run);
            in_order.push(self.inputs.len());
            self.inputs.push(run);
        }
        in_order
    }
}
