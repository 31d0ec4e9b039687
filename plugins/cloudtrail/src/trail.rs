//! How trails lay their files out in a bucket.
//!
//! `PREFIX/AWSLogs/[o-ORGANISATION/]ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/ACCOUNT_CloudTrail_REGION_YYYYMMDDTHHMMZ_X.json.gz`

use jiff::Timestamp;

/// What a prefix names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// All accounts of a trail: it ends in `AWSLogs` or `AWSLogs/o-…`.
    Accounts,
    /// All regions of an account: it ends in `AWSLogs/[o-…/]ACCOUNT`.
    Regions,
    /// Anything else is listed as it is.
    Files,
}

/// What `prefix` names, with or without a slash at its end.
#[must_use]
pub fn level(prefix: &str) -> Level {
    let mut parts = prefix.strip_suffix('/').unwrap_or(prefix).rsplit('/');
    let mut last = parts.next().unwrap_or_default();
    let mut level = Level::Accounts;
    if is_account(last) {
        level = Level::Regions;
        last = parts.next().unwrap_or_default();
    }
    if is_organisation(last) {
        last = parts.next().unwrap_or_default();
    }
    if last == "AWSLogs" { level } else { Level::Files }
}

/// Twelve digits.
#[must_use]
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_organisation(text: &str) -> bool {
    let id = text.strip_prefix("o-").unwrap_or_default();
    (10..=32).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// Why `s3AccountList` cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("s3AccountList: '{0}' is no account id of 12 digits")]
pub struct AccountError(pub String);

/// The accounts of a list with commas between.
///
/// # Errors
/// An entry is no account id.
pub fn accounts(list: &str) -> Result<Vec<String>, AccountError> {
    let entries = list.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    entries
        .map(|entry| if is_account(entry) { Ok(entry.to_owned()) } else { Err(AccountError(entry.to_owned())) })
        .collect()
}

/// The minute in the name of a log file, like `20240501T1005`; `None` for files that are not named so.
#[must_use]
pub fn minute(key: &str) -> Option<&str> {
    let (_, rest) = key.rsplit_once("_CloudTrail_")?;
    let (_region, rest) = rest.split_once('_')?;
    rest.split_once("Z_").map(|(stamp, _)| stamp)
}

/// The day in the name of a log file, like `20240501`.
#[must_use]
pub fn day(key: &str) -> Option<&str> {
    minute(key)?.get(..8)
}

/// Where the keys of a day begin below the prefix of a region.
#[must_use]
pub fn start_after(region_prefix: &str, day: Timestamp) -> String {
    format!("{region_prefix}{}", day.strftime("%Y/%m/%d/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_name_levels() {
        for (prefix, expected) in [
            ("AWSLogs", Level::Accounts),
            ("x/AWSLogs/", Level::Accounts),
            ("x/AWSLogs/o-abcdefgh12/", Level::Accounts),
            ("AWSLogs/111122223333/", Level::Regions),
            ("x/AWSLogs/o-abcdefgh12/111122223333", Level::Regions),
            ("AWSLogs/111122223333/CloudTrail/eu-west-1/", Level::Files),
            ("AWSLogs/o-short", Level::Files),
            ("", Level::Files),
            ("logs/", Level::Files),
        ] {
            assert_eq!(level(prefix), expected, "{prefix}");
        }
    }

    #[test]
    fn times_stand_in_names() {
        let key = "AWSLogs/1/CloudTrail/eu-west-1/2024/05/01/1_CloudTrail_eu-west-1_20240501T1005Z_Ab_c.json.gz";
        assert_eq!((minute(key), day(key)), (Some("20240501T1005"), Some("20240501")));
        assert_eq!(minute("logs/a.json"), None);
        assert_eq!(start_after("p/", "2024-05-01T10:00:00Z".parse().unwrap()), "p/2024/05/01/");
    }

    #[test]
    fn lists_of_accounts() {
        assert_eq!(accounts(" 111122223333 ,444455556666,").unwrap(), ["111122223333", "444455556666"]);
        assert_eq!(accounts("").unwrap(), [""; 0]);
        assert_eq!(accounts("1,2"), Err(AccountError("1".to_owned())));
    }
}
