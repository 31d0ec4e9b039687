//! The field table against its golden list, and what the plugin tells of it.

use lanner_plugin_api::sdk::ExtractRaw;
use lanner_syscall::fields::{CLASSES, FIELDS, FieldId};
use lanner_syscall::plugin::Syscall;

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
fn the_plugin_describes_every_field_at_the_position_of_its_id() {
    let described = Syscall::field_defs();
    assert_eq!(described.len(), FIELDS.len());
    for (position, (field, described)) in FIELDS.iter().zip(&described).enumerate() {
        assert_eq!(described.name, field.name);
        assert_eq!(described.ty.0, field.ty.number());
        assert_eq!(FieldId::by_name(field.name), FieldId::new(position as u32));
    }
}

#[test]
fn entries_keep_the_rules_of_the_plugin_interface() {
    for field in &FIELDS {
        assert!(!field.desc.is_empty() && !field.display.is_empty(), "{}", field.name);
        if let Some(arg) = field.arg {
            assert!(arg.index || arg.key, "{}: an argument is a number or a name", field.name);
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
