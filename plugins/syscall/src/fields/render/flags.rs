//! Flags, enumerations and modes by name.

use lanner_plugin_api::schema::FlagTable;

fn push(out: &mut Vec<u8>, name: &str) {
    if !out.is_empty() {
        out.push(b'|');
    }
    out.extend_from_slice(name.as_bytes());
}

/// Names of the bits that are set, in the order of the table; bits once named are not named again, so a name for
/// several bits hides those that follow.
pub(crate) fn bits(out: &mut Vec<u8>, table: &FlagTable, value: u32) {
    let mut left = value;
    for flag in table.entries {
        let hit = if flag.value == 0 { value == 0 } else { left & flag.value == flag.value };
        if hit {
            left &= !flag.value;
            push(out, flag.name);
            if flag.value == value {
                return;
            }
        }
    }
}

/// Every name that an enumeration gives the value.
pub(crate) fn exact(out: &mut Vec<u8>, table: &FlagTable, value: u32) {
    table.entries.iter().filter(|name| name.value == value).for_each(|name| push(out, name.name));
}

/// The bits of a mode that say what kind of file it is: a number, so that kinds have bits in common.
const KIND: u32 = 0o170_000;

/// Names of a mode: like [`bits`], but a name for the whole value ends the list, and of the kinds of file it has one.
pub(crate) fn mode(out: &mut Vec<u8>, table: &FlagTable, value: u32) {
    let mut left = value;
    for flag in table.entries {
        if flag.value == value {
            return push(out, flag.name);
        }
        let fits = match flag.value & KIND {
            0 => flag.value != 0 && left & flag.value == flag.value,
            kind => value & KIND == kind,
        };
        if fits {
            left &= !flag.value;
            push(out, flag.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use lanner_plugin_api::schema::{EventType, FlagName, ParamExtra};

    use super::*;

    static TABLE: FlagTable = FlagTable {
        name: "test",
        entries: &[
            FlagName { name: "RW", value: 3 },
            FlagName { name: "W", value: 2 },
            FlagName { name: "R", value: 1 },
            FlagName { name: "X", value: 8 },
            FlagName { name: "Y", value: 8 },
            FlagName { name: "NONE", value: 0 },
        ],
    };

    fn text(write: fn(&mut Vec<u8>, &FlagTable, u32), value: u32) -> String {
        let mut out = Vec::new();
        write(&mut out, &TABLE, value);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_name_for_several_bits_hides_the_single_ones() {
        assert_eq!(text(bits, 3), "RW");
        assert_eq!(text(bits, 2), "W");
        assert_eq!(text(bits, 11), "RW|X");
        assert_eq!(text(bits, 0x100), "");
        assert_eq!(text(bits, 0), "NONE");
    }

    #[test]
    fn an_enumeration_gives_all_synonyms() {
        assert_eq!(text(exact, 8), "X|Y");
        assert_eq!(text(exact, 9), "");
        assert_eq!(text(exact, 0), "NONE");
    }

    #[test]
    fn a_mode_has_one_kind_of_file() {
        let info = EventType::SYSCALL_MKNOD_X.info().unwrap();
        let ParamExtra::Flags(table) = info.params[2].extra else { panic!("the mode has names") };
        let kinds = [0o100_000, 0o020_000, 0o060_000, 0o010_000, 0o140_000].map(|kind| {
            let mut out = Vec::new();
            mode(&mut out, table, kind | 0o600);
            String::from_utf8(out).unwrap()
        });
        let user = "S_IWUSR|S_IRUSR";
        let expected = ["S_IFREG", "S_IFCHR", "S_IFBLK", "S_IFIFO", "S_IFSOCK"].map(|kind| format!("{user}|{kind}"));
        assert_eq!(kinds, expected);
    }

    #[test]
    fn a_mode_stops_at_its_own_value() {
        assert_eq!(text(mode, 9), "R|X");
        assert_eq!(text(mode, 3), "RW");
        assert_eq!(text(mode, 0), "NONE");
    }
}
