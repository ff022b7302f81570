//! The JSON Schemas of every file format, made from the model's types.

use super::format;
use crate::model;
use jsonschema::Validator;
use schemars::generate::SchemaSettings;
use serde_json::Value as Json;
use std::sync::OnceLock;

/// A kind of file in a fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum FileKind {
    Jig,
    Rights,
    Goals,
    Metrics,
    Equipment,
    Lessons,
    Blueprint,
    Conduits,
    Decision,
    Deviation,
    Approval,
    Site,
    Line,
    Target,
}

/// One file format: its name for `jig schema`, where such files lie, and its schema.
pub struct FileFormat {
    /// Which it is.
    pub kind: FileKind,
    /// Name for `jig schema`.
    pub name: &'static str,
    /// Where such files lie.
    pub path: &'static str,
    generate: fn(&mut schemars::SchemaGenerator) -> schemars::Schema,
    schema: OnceLock<Json>,
    validator: OnceLock<Validator>,
}

macro_rules! formats {
    ($($kind:ident $name:literal $path:literal $type:ty;)*) => {
        /// Every file format.
        pub static FORMATS: [FileFormat; 14] = [$(FileFormat {
            kind: FileKind::$kind,
            name: $name,
            path: $path,
            generate: |generator| generator.root_schema_for::<$type>(),
            schema: OnceLock::new(),
            validator: OnceLock::new(),
        },)*];
    };
}

formats! {
    Jig "jig" "jig.yaml" model::Enterprise;
    Rights "rights" "rights.yaml" model::Rights;
    Goals "goals" "goals.yaml" model::Goals;
    Metrics "metrics" "metrics.yaml" model::MetricCatalogue;
    Equipment "equipment" "equipment.yaml" model::EquipmentCatalogue;
    Lessons "lessons" "lessons.yaml" model::Lessons;
    Blueprint "blueprint" "blueprints/<id>/blueprint.yaml" model::Blueprint;
    Conduits "conduits" "blueprints/<id>/conduits.yaml" model::Conduits;
    Decision "decision" "decisions/<RD-nnn>/decision.yaml" model::Decision;
    Deviation "deviation" "deviations/<DV-nnn>/deviation.yaml" model::Deviation;
    Approval "approval" "decisions/<RD-nnn>/it.yaml, ot.yaml; deviations likewise" model::Approval;
    Site "site" "sites/<site>/site.yaml" model::Site;
    Line "line" "sites/<site>/lines/<line>.yaml" model::Line;
    Target "target" "blueprints/<id>/templates/<target>/target.yaml" model::Target;
}

impl FileKind {
    /// Returns the format of this kind of file.
    pub fn format(self) -> &'static FileFormat {
        FORMATS.iter().find(|format| format.kind == self).expect("every kind has a format")
    }
}

impl FileFormat {
    /// Returns the JSON Schema (2020-12).
    pub fn schema(&self) -> &Json {
        self.schema.get_or_init(|| {
            let mut generator = SchemaSettings::draft2020_12().into_generator();
            (self.generate)(&mut generator).to_value()
        })
    }

    /// Returns the compiled schema.
    pub(super) fn validator(&self) -> &Validator {
        self.validator.get_or_init(|| format::compile(self.schema()).expect("the model's schemas compile"))
    }
}

/// Returns the format called `name`.
pub fn by_name(name: &str) -> Option<&'static FileFormat> {
    FORMATS.iter().find(|format| format.name == name)
}
