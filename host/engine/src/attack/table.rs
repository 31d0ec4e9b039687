//! Ids and names.

/// A tactic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tactic {
    /// `TA0002`.
    pub id: &'static str,
    /// `execution`, as tags (with `_` for `-`) and layers have it.
    pub short: &'static str,
    /// `Execution`.
    pub name: &'static str,
}

/// A technique or a part of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Technique {
    /// `T1059` or `T1059.004`.
    pub id: &'static str,
    /// Its name, without that of the technique it is a part of.
    pub name: &'static str,
    /// The short names of its tactics, in blanks.
    tactics: &'static str,
}

macro_rules! tactics {
    ($($id:ident $short:literal $name:literal,)*) => {
        /// In the order of an attack.
        const TACTICS: &[Tactic] = &[$(Tactic { id: stringify!($id), short: $short, name: $name },)*];
    };
}

tactics! {
    TA0043 "reconnaissance" "Reconnaissance",
    TA0042 "resource-development" "Resource Development",
    TA0001 "initial-access" "Initial Access",
    TA0002 "execution" "Execution",
    TA0003 "persistence" "Persistence",
    TA0004 "privilege-escalation" "Privilege Escalation",
    TA0005 "defense-evasion" "Defense Evasion",
    TA0006 "credential-access" "Credential Access",
    TA0007 "discovery" "Discovery",
    TA0008 "lateral-movement" "Lateral Movement",
    TA0009 "collection" "Collection",
    TA0011 "command-and-control" "Command and Control",
    TA0010 "exfiltration" "Exfiltration",
    TA0040 "impact" "Impact",
}

/// A line each: id, tactics, name. Sorted by id, which is how it is searched.
const TECHNIQUES: &str = include_str!("techniques.txt");

/// All tactics, in the order of an attack.
pub fn tactics() -> &'static [Tactic] {
    TACTICS
}

/// The tactic that a tag names.
pub fn tactic(tag: &str) -> Option<&'static Tactic> {
    let short = tag.strip_prefix("mitre_").map(|short| short.replace('_', "-"));
    TACTICS.iter().find(|tactic| tactic.id == tag || short.as_deref() == Some(tactic.short))
}

/// The technique of this id.
pub fn technique(id: &str) -> Option<Technique> {
    TECHNIQUES.lines().find_map(|line| {
        let mut columns = line.splitn(3, '\t');
        let (known, tactics, name) = (columns.next()?, columns.next()?, columns.next()?);
        (known == id).then_some(Technique { id: known, name, tactics })
    })
}

impl Technique {
    /// Whether it serves this tactic.
    pub fn serves(&self, tactic: &Tactic) -> bool {
        self.tactics.split(' ').any(|short| short == tactic.short)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        let lines: Vec<Vec<&str>> = TECHNIQUES.lines().map(|line| line.split('\t').collect()).collect();
        assert!(lines.len() > 150, "{}", lines.len());
        assert!(lines.is_sorted(), "{:?}", lines.windows(2).find(|pair| pair[0] > pair[1]));
        for line in &lines {
            let [id, tactics, name] = line.as_slice() else { panic!("{line:?}") };
            assert_eq!(technique(id).map(|t| t.name), Some(*name), "each id once");
            for short in tactics.split(' ') {
                assert!(TACTICS.iter().any(|tactic| tactic.short == short), "{line:?}");
            }
            let parent = id.split_once('.').map(|(parent, _)| technique(parent));
            assert!(parent.is_none_or(|parent| parent.is_some()), "{id} is a part of nothing");
        }
    }

    #[test]
    fn tags_name_tactics() {
        assert_eq!(tactic("mitre_command_and_control").map(|t| t.id), Some("TA0011"));
        assert_eq!(tactic("TA0003").map(|t| t.name), Some("Persistence"));
        assert_eq!((tactic("mitre_data_destruction"), tactic("execution")), (None, None));
        assert!(technique("T1059.004").is_some_and(|t| t.serves(TACTICS.iter().find(|t| t.id == "TA0002").unwrap())));
        assert_eq!(technique("T9999"), None);
    }
}
