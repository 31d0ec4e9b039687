//! Alerts that are alike are held back, counted and told.

use serde_json::Value;

use crate::Follower;

fn alerts(follower: &Follower) -> Vec<Value> {
    let text = std::fs::read_to_string(follower.path("out")).unwrap();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().filter(|line| line.starts_with('{')).map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_first_of_a_group_comes_at_once_and_a_summary_of_the_others_later() {
    let mut follower =
        Follower::start(|_| "alerts: {group: [{rules: [Seen], window: 3s}, {rules: [Other], window: 1h}]}".into());
    let out = follower.path("out");
    follower.raise(1);
    follower.wait_until("the first", || std::fs::read_to_string(&out).unwrap().contains("e0"));
    follower.raise(99);
    follower.wait_until("the summary", || std::fs::read_to_string(&out).unwrap().contains("group.count"));
    let seen = alerts(&follower);
    let counts: Vec<Option<u64>> = seen.iter().map(|alert| alert["output_fields"]["group.count"].as_u64()).collect();
    // A machine that is busy for longer than the window may make two of it.
    let told: u64 = counts.iter().flatten().sum::<u64>() + counts.iter().filter(|count| count.is_none()).count() as u64;
    assert!(counts[0].is_none() && counts[1].is_some() && told <= 100, "{counts:?}");
    assert!(seen[1]["output"].as_str().unwrap().contains(" more alert"), "{}", seen[1]);
    let errors = follower.stop();
    let told: u64 =
        alerts(&follower).iter().map(|alert| alert["output_fields"]["group.count"].as_u64().unwrap_or(1)).sum();
    assert_eq!(told, 100, "the end tells what was still held back");
    assert!(errors.contains("Alerts held back:\n   - Seen: "), "{errors}");
}

#[test]
fn a_rule_that_floods_is_limited_and_what_it_said_is_counted() {
    let mut follower = Follower::start(|_| "alerts: {rate: [{per_second: 0.001, max_burst: 5}]}".into());
    follower.raise(50);
    let out = follower.path("out");
    follower.wait_until("the burst", || std::fs::read_to_string(&out).unwrap().contains("e4"));
    let errors = follower.stop();
    assert_eq!(alerts(&follower).len(), 5);
    let position: usize = errors.find("   - Seen: 45 by alerts.rate\n").unwrap_or_else(|| panic!("{errors}"));
    assert!(position > 0);
}
