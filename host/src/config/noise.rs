//! `alerts`: what of alerts that are alike is held back.

use std::time::Duration;

use super::error::ConfigError;
use super::settings::Reader;
use super::tree::Node;

/// `alerts`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NoiseSettings {
    /// `alerts.group`; of several entries that name a rule the first one counts.
    pub groups: Vec<GroupSettings>,
    /// `alerts.rate`; likewise.
    pub rates: Vec<RateSettings>,
}

/// Which rules an entry is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleNames {
    /// Every rule.
    All,
    /// These.
    Named(Vec<String>),
}

impl RuleNames {
    /// Whether a rule is one of them.
    pub fn has(&self, rule: &str) -> bool {
        match self {
            Self::All => true,
            Self::Named(names) => names.iter().any(|name| name == rule),
        }
    }
}

/// An entry of `alerts.group`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupSettings {
    /// Which rules.
    pub rules: RuleNames,
    /// The fields whose values make alerts of a rule equal.
    pub by: Vec<String>,
    /// How long after the first of them the others are held back.
    pub window: Duration,
}

/// An entry of `alerts.rate`.
#[derive(Clone, Debug, PartialEq)]
pub struct RateSettings {
    /// Which rules.
    pub rules: RuleNames,
    /// Alerts of a rule per second in the long run.
    pub per_second: f64,
    /// Alerts of a rule that may come at once.
    pub max_burst: u32,
}

/// Reads `alerts`.
pub(super) fn noise(read: Reader<'_>) -> Result<NoiseSettings, ConfigError> {
    let list = |path: &str| read.tree.at(path).map(Node::items).unwrap_or_default();
    let at = |path: &str, i: usize, why: String| read.wrong(format!("{path}[{i}]: {why}"));
    Ok(NoiseSettings {
        groups: list("alerts.group")
            .iter()
            .enumerate()
            .map(|(i, item)| group(item).map_err(|why| at("alerts.group", i, why)))
            .collect::<Result<_, _>>()?,
        rates: list("alerts.rate")
            .iter()
            .enumerate()
            .map(|(i, item)| rate(item).map_err(|why| at("alerts.rate", i, why)))
            .collect::<Result<_, _>>()?,
    })
}

fn group(item: &Node) -> Result<GroupSettings, String> {
    let window = item.get("window").and_then(Node::text).ok_or("'window' is missing (for example 60s)")?;
    let window = duration(window)
        .filter(|window| !window.is_zero())
        .ok_or_else(|| format!("window '{window}' is no time such as 500ms, 60s, 5m, 1h30m"))?;
    Ok(GroupSettings { rules: rules(item)?, by: texts(item, "by")?, window })
}

fn rate(item: &Node) -> Result<RateSettings, String> {
    let per_second = item.get("per_second").and_then(Node::number).ok_or("'per_second' is missing, or no number")?;
    if !(per_second.is_finite() && per_second > 0.0) {
        return Err(format!("per_second is {per_second}; it must be more than 0"));
    }
    let max_burst = match item.get("max_burst") {
        None => 1,
        Some(node) => node
            .integer()
            .and_then(|n| u32::try_from(n).ok())
            .filter(|n| *n > 0)
            .ok_or("'max_burst' is no whole number from 1 on")?,
    };
    Ok(RateSettings { rules: rules(item)?, per_second, max_burst })
}

fn rules(item: &Node) -> Result<RuleNames, String> {
    match item.get("rules") {
        None => Ok(RuleNames::All),
        Some(Node::Scalar(all)) if all == "all" => Ok(RuleNames::All),
        Some(Node::Scalar(other)) => Err(format!("'rules' is '{other}'; it is 'all' or a list of names of rules")),
        Some(_) => texts(item, "rules").map(RuleNames::Named),
    }
}

fn texts(item: &Node, key: &str) -> Result<Vec<String>, String> {
    let items = item.get(key).map(Node::items).unwrap_or_default();
    let texts = items.iter().map(|item| item.text().map(str::to_owned));
    texts.collect::<Option<_>>().ok_or_else(|| format!("'{key}' holds something that is not a text"))
}

/// `1h30m`, `60s`, `500ms`: numbers, each with its unit.
fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at(digits);
        let unit = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit);
        let ms: u64 = match unit {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        total = total.checked_add(Duration::from_millis(number.parse::<u64>().ok()?.checked_mul(ms)?))?;
        rest = tail;
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::yaml;

    fn read(text: &str) -> Result<NoiseSettings, String> {
        let tree = yaml::parse(text).unwrap();
        noise(Reader { tree: &tree, file: "falco.yaml" }).map_err(|error| error.to_string())
    }

    #[test]
    fn entries_are_read() {
        let text = "alerts:\n  group:\n  - {rules: [A, B], by: [proc.name], window: 1m30s}\n  - {window: 500ms, rules: all}\n  \
                    rate:\n  - {per_second: 0.5, max_burst: 10}\n  - {rules: [C], per_second: 2}\n";
        let settings = read(text).unwrap();
        let named = RuleNames::Named(vec!["A".into(), "B".into()]);
        assert_eq!(
            settings.groups,
            [
                GroupSettings { rules: named, by: vec!["proc.name".into()], window: Duration::from_secs(90) },
                GroupSettings { rules: RuleNames::All, by: Vec::new(), window: Duration::from_millis(500) },
            ]
        );
        assert_eq!(settings.rates[0], RateSettings { rules: RuleNames::All, per_second: 0.5, max_burst: 10 });
        assert_eq!(settings.rates[1].max_burst, 1);
        assert_eq!(read("alerts:\n").unwrap(), NoiseSettings::default());
    }

    #[test]
    fn wrong_entries_are_named_with_their_place() {
        for (text, expected) in [
            ("alerts: {group: [{}]}", "alerts.group[0]: 'window' is missing"),
            ("alerts: {group: [{window: 60}]}", "alerts.group[0]: window '60' is no time"),
            ("alerts: {group: [{window: 0s}]}", "alerts.group[0]: window '0s' is no time"),
            ("alerts: {group: [{window: 60s}, {window: 60s, rules: any}]}", "alerts.group[1]: 'rules' is 'any'"),
            ("alerts: {group: [{window: 60s, by: [{}]}]}", "alerts.group[0]: 'by' holds something"),
            ("alerts: {rate: [{}]}", "alerts.rate[0]: 'per_second' is missing"),
            ("alerts: {rate: [{per_second: 0}]}", "alerts.rate[0]: per_second is 0"),
            ("alerts: {rate: [{per_second: 1, max_burst: 0}]}", "alerts.rate[0]: 'max_burst' is no whole number"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
