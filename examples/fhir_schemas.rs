//! Writes `profiles/schemas/fhir-r4/` from the R4 definitions: `cargo run --release --example fhir_schemas -- <folder>`.
//!
//! The folder holds `profiles-resources.json.gz`, `profiles-types.json.gz` and `valuesets.json.gz`. Only facts
//! are taken: names, types, cardinalities, what is summary, and the codes of required bindings. Three words go beyond draft 7:
//! `x-choices` (at most one element of a choice, or exactly one) and the formats `fhir-*` (see `src/intake/schema.rs`).

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// The types for which a schema is written.
pub const TYPES: [&str; 11] = [
    "Bundle",
    "Condition",
    "Medication",
    "MedicationAdministration",
    "Observation",
    "OperationOutcome",
    "Patient",
    "Procedure",
    "QuestionnaireResponse",
    "ResearchStudy",
    "ResearchSubject",
];
/// Sets of a required binding that are no closed list of codes of FHIR.
const OPEN_SETS: [&str; 2] = ["http://hl7.org/fhir/ValueSet/mimetypes", "http://hl7.org/fhir/ValueSet/currencies"];

/// The published definitions.
pub struct Definitions {
    structures: BTreeMap<String, Value>,
    sets: BTreeMap<String, Value>,
    systems: BTreeMap<String, Value>,
}

fn unpack(path: &Path) -> Result<Vec<Value>, String> {
    let file = std::fs::File::open(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let bundle: Value = serde_json::from_reader(std::io::BufReader::new(flate2::read::GzDecoder::new(file)))
        .map_err(|e| format!("{}: {e}", path.display()))?;
    let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
    Ok(entries.into_iter().map(|mut e| e["resource"].take()).collect())
}

impl Definitions {
    /// Reads the three files of a folder.
    pub fn read(folder: &Path) -> Result<Self, String> {
        let mut all = Self { structures: BTreeMap::new(), sets: BTreeMap::new(), systems: BTreeMap::new() };
        for name in ["profiles-resources.json.gz", "profiles-types.json.gz", "valuesets.json.gz"] {
            for resource in unpack(&folder.join(name))? {
                let (into, key) = match resource["resourceType"].as_str() {
                    Some("StructureDefinition") => (&mut all.structures, "id"),
                    Some("ValueSet") => (&mut all.sets, "url"),
                    Some("CodeSystem") => (&mut all.systems, "url"),
                    _ => continue,
                };
                into.insert(resource[key].as_str().unwrap_or_default().into(), resource);
            }
        }
        Ok(all)
    }

    fn elements(&self, name: &str) -> &[Value] {
        self.structures.get(name).and_then(|s| s["snapshot"]["element"].as_array()).map_or(&[], Vec::as_slice)
    }

    fn codes(&self, set: &str) -> Option<Vec<String>> {
        let url = set.split('|').next().unwrap_or(set);
        if OPEN_SETS.contains(&url) {
            return None;
        }
        let mut codes = Vec::new();
        for include in self.sets.get(url)?["compose"]["include"].as_array()? {
            let listed =
                include.get("concept").or_else(|| self.systems.get(include["system"].as_str()?)?.get("concept"));
            gather(listed?, &mut codes);
        }
        Some(codes)
    }
}

fn gather(concepts: &Value, codes: &mut Vec<String>) {
    for concept in concepts.as_array().into_iter().flatten() {
        codes.extend(concept["code"].as_str().map(String::from));
        gather(&concept["concept"], codes);
    }
}

/// Every file to write, by name.
pub fn generate(definitions: &Definitions) -> BTreeMap<String, String> {
    let mut files: BTreeMap<String, String> = TYPES
        .iter()
        .map(|name| {
            let schema = Closure { definitions, root: name, done: Map::new() }.schema();
            (format!("{name}.schema.json"), schema)
        })
        .collect();
    let mut names = definitions.codes("http://hl7.org/fhir/ValueSet/resource-types").unwrap_or_default();
    names.retain(|n| n != "Resource" && n != "DomainResource");
    files.insert("elements.json".into(), elements(definitions, &names));
    files.insert("resource-types.json".into(), format!("{}\n", json!(names)));
    files
}

/// Of each type, one a line: elements of its summary, those that may not be missing, and those that are choices.
fn elements(definitions: &Definitions, types: &[String]) -> String {
    let line = |name: &String| {
        let top: Vec<&Value> = definitions
            .elements(name)
            .iter()
            .filter(|e| e["path"].as_str().is_some_and(|path| path.matches('.').count() == 1))
            .collect();
        let named = |fits: &dyn Fn(&Value) -> bool| {
            let names = top.iter().filter(|e| fits(e)).filter_map(|e| e["path"].as_str()?.split('.').nth(1));
            names.map(|n| n.trim_end_matches("[x]")).collect::<Vec<_>>()
        };
        let summary = named(&|e| e["isSummary"] == true);
        let required = named(&|e| e["min"].as_u64().unwrap_or_default() > 0);
        let choices = named(&|e| e["path"].as_str().is_some_and(|p| p.ends_with("[x]")));
        let of = json!({ "summary": summary, "required": required, "choices": choices });
        format!("{}:{of}", json!(name))
    };
    let lines: Vec<String> = types.iter().filter(|t| !definitions.elements(t).is_empty()).map(line).collect();
    format!("{{\n{}\n}}\n", lines.join(",\n"))
}

struct Closure<'a> {
    definitions: &'a Definitions,
    root: &'a str,
    done: Map<String, Value>,
}

impl Closure<'_> {
    /// The text of the schema, one definition a line.
    fn schema(mut self) -> String {
        self.define(self.root);
        let lines: Vec<String> = self.done.iter().map(|(name, schema)| format!("\"{name}\":{schema}")).collect();
        format!(
            "{{\"$schema\":\"http://json-schema.org/draft-07/schema#\",\"$ref\":\"#/definitions/{}\",\"definitions\":{{\n{}\n}}}}\n",
            self.root,
            lines.join(",\n")
        )
    }

    fn define(&mut self, name: &str) {
        if self.done.contains_key(name) {
            return;
        }
        let plain = name.strip_suffix("-or-null").unwrap_or(name);
        if let Some(mut schema) = primitive(plain) {
            if plain != name {
                schema["type"] = json!([schema["type"], "null"]);
            }
            self.done.insert(name.into(), schema);
            return;
        }
        self.done.insert(name.into(), Value::Null);
        let schema = self.object(name);
        self.done.insert(name.into(), schema);
    }

    /// The object of a type, or of a backbone element named by its path.
    fn object(&mut self, path: &str) -> Value {
        let owner = path.split('.').next().unwrap_or(path);
        let prefix = format!("{path}.");
        let elements: Vec<Value> = self.definitions.elements(owner).to_vec();
        let mut object = Object::default();
        let resource = self.definitions.structures[owner]["kind"] == "resource";
        if resource && owner == path {
            object.properties.insert("resourceType".into(), json!({ "const": owner }));
            object.required.push("resourceType".into());
        }
        for element in &elements {
            let Some(name) = element["path"].as_str().and_then(|p| p.strip_prefix(&prefix)) else { continue };
            let refused = matches!(name, "modifierExtension" | "implicitRules") || element["max"] == "0";
            let contained_again = name == "contained" && owner != self.root;
            if !name.contains('.') && !refused && !contained_again {
                self.element(element, name, path, &mut object);
            }
        }
        object.close()
    }

    fn element(&mut self, element: &Value, name: &str, path: &str, object: &mut Object) {
        let many = element["max"] != "1";
        let needed = element["min"] != 0;
        if let Some(target) = element["contentReference"].as_str() {
            let target = target.trim_start_matches('#');
            self.define(target);
            return object.complex(name, many, needed, json!({ "$ref": format!("#/definitions/{target}") }));
        }
        let types: Vec<String> =
            element["type"].as_array().into_iter().flatten().filter_map(|t| type_name(t, name, path)).collect();
        if let Some(stem) = name.strip_suffix("[x]") {
            for code in &types {
                let mut letters = code.chars();
                let upper: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
                self.one(element, &format!("{stem}{upper}"), code, path, (false, false), object);
                object.choices.entry(stem.into()).or_insert((Vec::new(), needed)).0.push(format!("{stem}{upper}"));
            }
        } else if let Some(code) = types.first() {
            self.one(element, name, code, path, (many, needed), object);
        }
    }

    fn one(
        &mut self,
        element: &Value,
        name: &str,
        code: &str,
        path: &str,
        (many, needed): (bool, bool),
        object: &mut Object,
    ) {
        let target = match code {
            "BackboneElement" | "Element" => format!("{path}.{name}"),
            "Resource" => return object.complex(name, many, needed, self.inner()),
            _ if many && primitive(code).is_some() => format!("{code}-or-null"),
            _ => code.into(),
        };
        self.define(&target);
        let mut schema = json!({ "$ref": format!("#/definitions/{target}") });
        let binding = &element["binding"];
        if code == "code"
            && binding["strength"] == "required"
            && let Some(codes) = self.definitions.codes(binding["valueSet"].as_str().unwrap_or_default())
        {
            let null = if many { vec![Value::Null] } else { Vec::new() };
            schema = json!({ "enum": codes.into_iter().map(Value::from).chain(null).collect::<Vec<_>>() });
        }
        if (path, name) == ("Reference", "reference") {
            schema = json!({ "type": "string", "format": "fhir-reference" });
        }
        if primitive(code).is_none() || name == "url" && path == "Extension" || name == "id" {
            return object.complex(name, many, needed, schema);
        }
        self.define("Element");
        object.primitive(name, many, needed, schema);
    }

    /// A resource inside another: a known type in full, any other as an open object.
    fn inner(&mut self) -> Value {
        let mut schema = json!({
            "type": "object", "required": ["resourceType"], "properties": { "resourceType": { "type": "string" } }
        });
        if self.root == "MedicationAdministration" {
            self.define("Medication");
            schema["if"] = json!({ "properties": { "resourceType": { "const": "Medication" } } });
            schema["then"] = json!({ "$ref": "#/definitions/Medication" });
        }
        schema
    }
}

/// The name of an element's type; what FHIRPath calls a string is an id, a uri or a string here.
fn type_name(kind: &Value, name: &str, path: &str) -> Option<String> {
    let code = kind["code"].as_str()?;
    Some(match code.strip_prefix("http://hl7.org/fhirpath/System.") {
        None => code.into(),
        Some(_) if name == "url" => "uri".into(),
        Some(_) if name == "id" && !path.contains('.') && TYPES.contains(&path) => "id".into(),
        Some(_) => "string".into(),
    })
}

/// The JSON form of a primitive; `None` for a complex type.
fn primitive(code: &str) -> Option<Value> {
    const DAY: &str = "(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01])";
    const TIME: &str = "T([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\\.[0-9]+)?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])";
    let text = |pattern: &str| json!({ "type": "string", "pattern": pattern });
    let with_format = |format: &str, pattern: &str| json!({ "type": "string", "format": format, "pattern": pattern });
    Some(match code {
        "boolean" => json!({ "type": "boolean" }),
        "decimal" => json!({ "type": "number" }),
        "integer" => json!({ "type": "integer", "minimum": i32::MIN, "maximum": i32::MAX }),
        "positiveInt" => json!({ "type": "integer", "minimum": 1, "maximum": i32::MAX }),
        "unsignedInt" => json!({ "type": "integer", "minimum": 0, "maximum": i32::MAX }),
        "string" | "markdown" => json!({ "type": "string", "minLength": 1 }),
        "base64Binary" => text("^[A-Za-z0-9+/= \\t\\r\\n]+$"),
        "code" => with_format("fhir-code", "^[^ \\t\\r\\n]+( [^ \\t\\r\\n]+)*$"),
        "id" => with_format("fhir-id", "^[A-Za-z0-9.-]{1,64}$"),
        "uri" | "url" | "canonical" => json!({ "type": "string", "minLength": 1, "pattern": "^\\S*$" }),
        "oid" => text("^urn:oid:[0-2](\\.(0|[1-9][0-9]*))+$"),
        "uuid" => text("^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"),
        "time" => text("^([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\\.[0-9]+)?$"),
        "date" => with_format("fhir-date", &format!("^[0-9]{{4}}{DAY})?)?$")),
        "dateTime" => with_format("fhir-dateTime", &format!("^[0-9]{{4}}{DAY}({TIME})?)?)?$")),
        "instant" => with_format("fhir-instant", &format!("^[0-9]{{4}}{DAY}{TIME}))$")),
        "xhtml" => json!({ "type": "string", "format": "fhir-xhtml" }),
        _ => return None,
    })
}

#[derive(Default)]
struct Object {
    properties: Map<String, Value>,
    required: Vec<String>,
    either: Vec<Value>,
    choices: BTreeMap<String, (Vec<String>, bool)>,
}

impl Object {
    fn complex(&mut self, name: &str, many: bool, needed: bool, schema: Value) {
        let schema = if many { json!({ "type": "array", "minItems": 1, "items": schema }) } else { schema };
        self.properties.insert(name.into(), schema);
        if needed {
            self.required.push(name.into());
        }
    }

    fn primitive(&mut self, name: &str, many: bool, needed: bool, schema: Value) {
        let mut beside = json!({ "$ref": "#/definitions/Element" });
        if many {
            beside = json!({ "anyOf": [{ "type": "null" }, beside] });
        }
        self.complex(&format!("_{name}"), many, false, beside);
        self.complex(name, many, false, schema);
        if needed {
            self.either.push(json!({ "anyOf": [{ "required": [name] }, { "required": [format!("_{name}")] }] }));
        }
    }

    fn close(self) -> Value {
        let mut schema = json!({
            "type": "object", "minProperties": 1, "additionalProperties": false, "properties": self.properties,
        });
        if !self.required.is_empty() {
            schema["required"] = json!(self.required);
        }
        if !self.either.is_empty() {
            schema["allOf"] = json!(self.either);
        }
        if !self.choices.is_empty() {
            let choice = |(stem, (names, required)): (&String, &(Vec<String>, bool))| {
                (stem.clone(), json!({ "names": names, "required": required }))
            };
            schema["x-choices"] = Value::Object(self.choices.iter().map(choice).collect());
        }
        schema
    }
}

#[allow(dead_code, reason = "a test includes this file for its generator")]
fn main() -> Result<(), String> {
    let folder = std::env::args().nth(1).ok_or("give the folder of the R4 definitions")?;
    let into = Path::new(env!("CARGO_MANIFEST_DIR")).join("profiles/schemas/fhir-r4");
    for (name, text) in generate(&Definitions::read(Path::new(&folder))?) {
        std::fs::write(into.join(&name), text).map_err(|e| format!("{name}: {e}"))?;
    }
    Ok(())
}
