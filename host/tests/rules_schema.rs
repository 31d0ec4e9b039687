//! Rule files that plainly fit their schema, beside a validator of schemas.

use jsonschema::Validator;
use lanner_engine::load::schema::{fits, schema, to_json};
use lanner_engine::yaml::{self, Node};

fn validator() -> Validator {
    jsonschema::draft6::new(&schema()).expect("a schema that compiles")
}

fn agree(validator: &Validator, document: &Node) -> bool {
    let plain = fits(document);
    assert!(!plain || validator.is_valid(&to_json(document)), "{document:?}");
    plain
}

/// A validator takes longer to make than rules to load.
#[test]
fn rules_that_are_well_formed_need_no_validator() {
    let (validator, mut files) = (validator(), 0);
    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/../rules");
    for source in ["syscall", "k8s_audit", "aws_cloudtrail", "gcp_auditlog"] {
        for file in std::fs::read_dir(format!("{rules}/{source}")).unwrap().flatten() {
            if file.path().extension().is_some_and(|ending| ending == "yaml") {
                let text = std::fs::read_to_string(file.path()).unwrap();
                assert!(yaml::parse(&text).unwrap().iter().all(|document| agree(&validator, document)), "{file:?}");
                files += 1;
            }
        }
    }
    assert!(files >= 10, "{files}");
}

/// Each key with each kind of value: whatever passes without a validator passes a validator.
#[test]
fn what_passes_without_a_validator_fits_the_schema() {
    let schema = schema();
    let keys = schema["definitions"]["RulesItem"]["properties"].as_object().unwrap().keys();
    let values = [
        "text",
        "''",
        "~",
        "12",
        "-0x1f",
        "1.5",
        "true",
        "'off'",
        "[]",
        "[a, 1, ~]",
        "[[a]]",
        "{}",
        "{name: x}",
        "[{name: x}]",
        "[{name: x, version: 1, alternatives: [{name: y, version: 2}]}]",
        "[{name: x, version: 1, alternatives: [{name: y}]}]",
        "[{name: x, fields: [a], comps: ~, values: {}}]",
        "[{name: x, other: 1}]",
        "{condition: append, tags: replace}",
        "{condition: prepend}",
        "WARNING",
        "warning",
        "kill",
        "append",
    ];
    let (validator, mut plain) = (validator(), 0);
    for key in keys.map(String::as_str).chain(["unknown", "[1]", "~"]) {
        for value in values {
            for text in [format!("- {key}: {value}"), format!("- {{rule: a, {key}: {value}, {key}: b}}")] {
                plain += usize::from(agree(&validator, &yaml::parse(&text).unwrap()[0]));
            }
        }
    }
    assert!(plain >= 150, "{plain}");
    for text in ["a: b", "text", "[text]", "[[a]]", "~", "[]"] {
        yaml::parse(text).unwrap().iter().for_each(|document| _ = agree(&validator, document));
    }
}
