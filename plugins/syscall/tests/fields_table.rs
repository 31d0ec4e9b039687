//! The field table against its golden list, and the two JSON forms against the table.

use lanner_syscall::fields::{CLASSES, FIELDS, FieldId, details_json, fields_json};

#[test]
fn names_types_formats_and_flags_are_the_golden_ones() {
    let golden: Vec<&str> = include_str!("data/fields.golden").lines().filter(|line| !line.starts_with('#')).collect();
    let ours: Vec<String> = FIELDS
        .iter()
        .map(|field| {
            let flags: Vec<&str> = field.flag_names().collect();
            let flags = if flags.is_empty() { "-".to_owned() } else { flags.join("|") };
            format!("{} {} {} {flags}", field.name, field.ty.name(), field.format.name())
        })
        .collect();
    assert_eq!(ours, golden);
}

#[test]
fn both_descriptions_have_one_entry_per_field_in_the_order_of_ids() {
    let plain: serde_json::Value = serde_json::from_str(&fields_json()).unwrap();
    let details: serde_json::Value = serde_json::from_str(&details_json()).unwrap();
    let (plain, details) = (plain.as_array().unwrap(), details.as_array().unwrap());
    assert_eq!((plain.len(), details.len()), (FIELDS.len(), FIELDS.len()));
    for (position, field) in FIELDS.iter().enumerate() {
        assert_eq!(plain[position]["name"], field.name);
        assert_eq!(details[position]["type"], field.ty.name());
        assert_eq!(FieldId::by_name(field.name), FieldId::new(position as u32));
    }
}

#[test]
fn the_plain_description_keeps_the_rules_of_the_plugin_interface() {
    let plain: serde_json::Value = serde_json::from_str(&fields_json()).unwrap();
    for field in plain.as_array().unwrap() {
        assert!(!field["desc"].as_str().unwrap().is_empty(), "{field}");
        let types = ["uint64", "string", "reltime", "abstime", "bool", "ipaddr", "ipnet"];
        assert!(types.contains(&field["type"].as_str().unwrap()), "{field}");
        let arg = &field["arg"];
        if arg["isRequired"] == true {
            assert!(arg["isIndex"] == true || arg["isKey"] == true, "{field}");
        }
    }
}

#[test]
fn every_name_is_there_once_and_classes_cover_all() {
    let mut names: Vec<&str> = FIELDS.iter().map(|field| field.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), FIELDS.len());
    assert_eq!(CLASSES.iter().map(|class| class.fields.len()).sum::<usize>(), FIELDS.len());
}

#[test]
fn an_id_beyond_the_table_does_not_exist() {
    assert_eq!(FieldId::new(FIELDS.len() as u32), None);
    assert_eq!(FieldId::new(u32::MAX), None);
}
