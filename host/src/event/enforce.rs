//! Alerts of rules that kill: each says what was done to the process.

use lanner_engine::compile::RuleIdx;
use lanner_plugin_api::raw::Enforced;

use super::rules::RuleAlert;
use crate::plugin::EventRef;

/// The field of the alert's JSON.
pub(super) const KEY: &str = "enforce.action";

/// A kill always raises the alert of its rule: also where only the first rule that matches does, and where this program, which
/// follows what the kernel knows, sees the event differently.
pub(super) fn complete(hits: &mut Vec<RuleIdx>, alerts: &[RuleAlert], event: &EventRef<'_>) {
    let Some(Enforced { rule, .. }) = event.enforced() else { return };
    let Some(at) = alerts.iter().position(|alert| alert.enforced == Some(rule)) else { return };
    // Places of rules fit where they come from.
    let at = at as RuleIdx;
    if !hits.contains(&at) {
        hits.push(at);
    }
}

/// What was done for a rule; `None` for rules that the kernel does not have.
pub(super) fn word(rule: Option<u16>, done: Option<Enforced>) -> Option<&'static str> {
    let number = rule?;
    let action = done.filter(|done| done.rule == number).map_or(0, |done| u32::from(done.action));
    Some(match action {
        Enforced::KILLED => "killed",
        Enforced::WOULD_KILL => "would_kill",
        Enforced::SPARED => "spared",
        Enforced::REFUSED => "refused",
        _ => "not_killed",
    })
}

/// Appends it to the alert's message.
pub(super) fn tell(done: Option<&str>, message: &mut String) {
    if let Some(done) = done {
        message.push_str(" enforce_action=");
        message.push_str(done);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_says_what_was_done_for_its_own_rule() {
        let did = |rule, action: u32| Some(Enforced { rule, action: action as u8 });
        assert_eq!(word(None, did(0, Enforced::KILLED)), None);
        assert_eq!(word(Some(3), did(3, Enforced::KILLED)), Some("killed"));
        assert_eq!(word(Some(3), did(3, Enforced::WOULD_KILL)), Some("would_kill"));
        assert_eq!(word(Some(3), did(3, Enforced::SPARED)), Some("spared"));
        assert_eq!(word(Some(3), did(3, Enforced::REFUSED)), Some("refused"));
        assert_eq!(word(Some(3), did(2, Enforced::KILLED)), Some("not_killed"));
        assert_eq!(word(Some(3), None), Some("not_killed"));
        let mut message = "Shell | user=root".to_owned();
        tell(Some("killed"), &mut message);
        assert_eq!(message, "Shell | user=root enforce_action=killed");
    }
}
