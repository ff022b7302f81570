//! The yardstick: reads, parses, renders and writes the benchmark's fleet with MiniJinja and serde_yaml, and does
//! nothing else. It checks nothing, escapes nothing, digests nothing and writes in place.
//!
//! `minimal WORK OUT`

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};
use serde_json::Value as Json;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

type Done<T> = Result<T, Box<dyn Error>>;

fn main() -> Done<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (work, out) = arguments.next().zip(arguments.next()).ok_or("usage: minimal WORK OUT")?;
    let fleet = work.join("fleet");
    let (env, names) = environment(&work.join("templates"))?;
    let enterprise = read(&fleet.join("jig.yaml"))?["enterprise"].clone();
    let mut shared = read(&fleet.join("blueprints/packaging-cell/blueprint.yaml"))?;
    let blueprint = context! { id => "packaging-cell", version => shared["version"].as_str() };
    let fixed = shared["fixed"].take();
    for site in folder(&fleet.join("sites"))? {
        for path in folder(&site.join("lines"))? {
            let mut line = read(&path)?;
            let (site, id) = (name(&site), name(&path.with_extension("")));
            let mut values = fixed.clone();
            if let (Json::Object(values), Json::Object(inputs)) = (&mut values, line["inputs"].take()) {
                values.extend(inputs);
            }
            let context = context! {
                enterprise => enterprise.as_str(), site => site.as_str(), area => line["area"].as_str(),
                line => id.as_str(), blueprint => blueprint.clone(), values => Value::from(Serde(values)),
            };
            let folder = out.join(&site).join(&id);
            fs::create_dir_all(&folder)?;
            for name in &names {
                let text = env.get_template(name)?.render(&context)?;
                fs::write(folder.join(name.trim_end_matches(".j2")), text)?;
            }
        }
    }
    Ok(())
}

fn environment(templates: &Path) -> Done<(Environment<'static>, Vec<String>)> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_auto_escape_callback(|_| AutoEscape::None);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build()?;
    env.set_syntax(syntax);
    let mut names = vec![];
    for path in folder(templates)? {
        env.add_template_owned(name(&path), fs::read_to_string(&path)?)?;
        names.push(name(&path));
    }
    Ok((env, names))
}

fn read(path: &Path) -> Done<Json> {
    Ok(serde_yaml::from_str(&fs::read_to_string(path)?)?)
}

fn folder(path: &Path) -> Done<Vec<PathBuf>> {
    let mut entries = fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<Done<Vec<_>>>()?;
    entries.sort();
    Ok(entries)
}

fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
