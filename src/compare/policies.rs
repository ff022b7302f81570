//! What the firewall tables of a FortiGate let through, and what one entry changes about it.

use super::effect::Effect;
use super::fortios::{is_ordered, same_entry};
use crate::packets::firewall::Firewall;
use crate::packets::fortios;
use crate::packets::fortios::tree::{Entry, Table};
use crate::packets::words::Names;
use crate::packets::{Gate, Side, Verdict, difference};

/// Entries that are judged one by one; more than that are judged together.
const MOST: usize = 200;

/// The firewall tables of both sides.
pub(crate) struct Policies {
    /// What is intended, with the objects that only the device has: they stand ready to be used.
    intended: Vec<Table>,
    deployed: Vec<Table>,
    before: Firewall,
    judged: usize,
    together: Option<Effect>,
}

impl Policies {
    pub(crate) fn new(intended: &[Table], deployed: &[Table]) -> Self {
        let mut ready = intended.to_vec();
        for table in deployed.iter().filter(|table| decides(&table.name) && !is_ordered(&table.name)) {
            let known = table_of(&mut ready, &table.name);
            let new: Vec<Entry> = table
                .entries
                .iter()
                .filter(|entry| !known.entries.iter().any(|own| own.name == entry.name))
                .cloned()
                .collect();
            // A table of another kind, such as one that limits floods, decides by being there.
            if is_of_objects(&table.name) {
                known.entries.extend(new);
            }
        }
        let before = firewall(&ready);
        Self { intended: ready, deployed: deployed.to_vec(), before, judged: 0, together: None }
    }

    /// What changes if one entry is as it is on the device; `None` for tables that say nothing about packets.
    pub(crate) fn effect(
        &mut self,
        table: &str,
        s: Option<&Entry>,
        d: Option<&Entry>,
        names: &Names,
    ) -> Option<Effect> {
        if table == "vdom" {
            return Some(Effect::unknown("a whole virtual domain"));
        }
        if !decides(table) {
            return None;
        }
        self.judged += 1;
        if self.judged > MOST {
            let all = self.together.get_or_insert_with(|| effect(&self.before, &self.deployed, names));
            return Some(all.clone());
        }
        let mut tables = self.intended.clone();
        if is_of_objects(table) && d.is_none() && !self.is_used(s?) {
            // Nothing on the device speaks of it; the policies that do not are judged themselves.
            return Some(effect(&self.before, &self.intended, names));
        }
        let place = d.map(|d| self.place(table, d));
        let own = table_of(&mut tables, table);
        let at = s.and_then(|s| own.entries.iter().position(|other| same_entry(table, s, other)));
        match (at, d) {
            (Some(at), Some(d)) => own.entries[at] = d.clone(),
            (Some(at), None) => drop(own.entries.remove(at)),
            (None, Some(d)) => {
                own.entries.retain(|other| other.name != d.name);
                let at = place.unwrap_or_default().min(own.entries.len());
                own.entries.insert(at, d.clone());
            }
            (None, None) => {}
        }
        Some(effect(&self.before, &tables, names))
    }

    /// What changes if the policies that both sides have stand in the order of the device.
    pub(crate) fn effect_of_order(&self, table: &str, names: &Names) -> Option<Effect> {
        let mut tables = self.intended.clone();
        let deployed = self.deployed.iter().find(|own| own.name == table)?;
        let own = table_of(&mut tables, table);
        let place = |entry: &Entry| deployed.entries.iter().position(|other| same_entry(table, entry, other));
        let slots: Vec<usize> =
            (0..own.entries.len()).filter(|at| place(&own.entries[*at]).is_some()).collect();
        let mut common: Vec<Entry> = slots.iter().map(|at| own.entries[*at].clone()).collect();
        common.sort_by_key(|entry| place(entry));
        for (slot, entry) in slots.into_iter().zip(common) {
            own.entries[slot] = entry;
        }
        Some(effect(&self.before, &tables, names))
    }

    /// Whether anything on the device speaks of an object.
    fn is_used(&self, object: &Entry) -> bool {
        let entries =
            self.deployed.iter().filter(|table| decides(&table.name)).flat_map(|table| &table.entries);
        let mut settings = entries.flat_map(|entry| &entry.settings);
        settings.any(|setting| setting.values.contains(&object.name))
    }

    /// Where an entry that only the device has belongs among the intended ones: behind the one before it.
    fn place(&self, table: &str, entry: &Entry) -> usize {
        let find = |tables: &'_ [Table]| tables.iter().position(|own| own.name == table);
        let (Some(of_d), Some(of_s)) = (find(&self.deployed), find(&self.intended)) else { return 0 };
        let (in_d, in_s) = (&self.deployed[of_d].entries, &self.intended[of_s].entries);
        let at = in_d.iter().position(|other| same_entry(table, entry, other)).unwrap_or(0);
        let before = in_d[..at].iter().rev();
        let mut known = before.filter_map(|one| in_s.iter().position(|other| same_entry(table, one, other)));
        known.next().map_or(0, |at| at + 1)
    }
}

fn table_of<'t>(tables: &'t mut Vec<Table>, name: &str) -> &'t mut Table {
    let at = tables.iter().position(|table| table.name == name).unwrap_or_else(|| {
        tables.push(Table { name: name.to_owned(), ..Table::default() });
        tables.len() - 1
    });
    &mut tables[at]
}

/// Whether a table has a say in which packets pass.
fn decides(table: &str) -> bool {
    table.starts_with("firewall ") || table == "system zone"
}

/// Whether a table holds what policies speak of, and decides nothing by itself.
fn is_of_objects(table: &str) -> bool {
    table.starts_with("firewall address")
        || table.starts_with("firewall addrgrp")
        || table.starts_with("firewall service ")
        || table.starts_with("firewall schedule ")
        || table == "system zone"
}

/// The policies outside of virtual domains; those inside are another matter.
fn firewall(tables: &[Table]) -> Firewall {
    let mut ruleset = fortios::of_tables(tables).ruleset;
    ruleset.chains.retain(|chain, _| chain == CHAIN);
    ruleset.chains.entry(CHAIN.to_owned()).or_default();
    let gates = vec![Gate::of_all(CHAIN, Verdict::Deny)];
    Firewall { ruleset, lists: gates.clone(), gates }
}

const CHAIN: &str = "firewall policy";

fn effect(before: &Firewall, tables: &[Table], names: &Names) -> Effect {
    let after = firewall(tables);
    let found = difference(
        Side { ruleset: &before.ruleset, gates: &before.gates },
        Side { ruleset: &after.ruleset, gates: &after.gates },
        None,
    );
    Effect::of(&found, CHAIN, names)
}
