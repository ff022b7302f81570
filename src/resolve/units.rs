//! Units: the elements of a list value, with the fields of their equipment type under their own.

use super::expression::Value;
use super::plan::{Plan, Resolved};
use crate::load::Fleet;
use crate::model::Map;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What enriching a unit needs: type fields by type, and values that deviations change for one unit.
#[derive(Debug, Default)]
pub(super) struct UnitFacts {
    pub(super) types: Arc<BTreeMap<String, Value>>,
    pub(super) changed: BTreeMap<String, Vec<(String, Resolved)>>,
}

impl UnitFacts {
    pub(super) fn types_of(fleet: &Fleet) -> BTreeMap<String, Value> {
        let Some(document) = &fleet.equipment_document else { return BTreeMap::new() };
        let Some(types) = document.root.get("types") else { return BTreeMap::new() };
        let crate::source::Content::Map(members) = &types.node.content else { return BTreeMap::new() };
        let value = |node: &crate::source::Node| super::expression::to_value(node.to_json());
        members.iter().map(|member| (member.key.to_string(), value(&member.node))).collect()
    }
}

/// Returns the unit's id, or its text where it is no map.
pub(super) fn name(unit: &Value) -> String {
    match unit.get_attr("id") {
        Ok(id) if !id.is_undefined() => id.to_string(),
        _ => unit.to_string(),
    }
}

/// Joins a list element with its type's fields and `.values`.
pub(super) fn join(item: &Value, facts: &UnitFacts, values: &Map<String, Resolved>, all: &Value) -> Value {
    if item.kind() != minijinja::value::ValueKind::Map {
        return item.clone();
    }
    let mut fields: Map<String, Value> = Map::new();
    let kind = item.get_attr("type").ok().map(|kind| kind.to_string()).unwrap_or_default();
    for source in facts.types.get(&kind).into_iter().chain([item]) {
        for key in source.try_iter().into_iter().flatten() {
            fields.insert(key.to_string(), source.get_item(&key).unwrap_or_default());
        }
    }
    let own = match facts.changed.get(&name(item)) {
        None => all.clone(),
        Some(changes) => {
            let mut map: Map<String, Value> =
                values.iter().map(|(name, value)| (name.clone(), value.value.clone())).collect();
            for (name, value) in changes {
                map.insert(name.clone(), value.value.clone());
            }
            Value::from_pairs(map)
        }
    };
    fields.insert("values".into(), own);
    Value::from_pairs(fields)
}

/// Joins an element of another list than `units` while flows are resolved.
pub(super) fn enrich(item: &Value, plan: &Plan) -> Value {
    join(item, &plan.unit_facts, &plan.values, &plan.value_map)
}
