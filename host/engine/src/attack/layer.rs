//! Coverage as a layer of the ATT&CK Navigator.

use serde_json::{Value, json};

use super::coverage::Coverage;

/// The version of the layer format, which readers check. The versions of ATT&CK and of the Navigator are left to the
/// reader: the techniques named here mean the same in all of them.
const LAYER: &str = "4.5";

/// The layer: each technique under each of its tactics, scored by the number of rules, with their names as the comment.
pub fn layer(coverage: &Coverage, name: &str) -> Value {
    let mut techniques = Vec::new();
    let mut most = 1;
    for tactic in &coverage.tactics {
        for technique in &tactic.techniques {
            most = most.max(technique.rules.len());
            techniques.push(json!({
                "techniqueID": technique.id,
                "tactic": tactic.short,
                "score": technique.rules.len(),
                "comment": technique.rules.join("\n"),
                "enabled": true,
                "showSubtechniques": !technique.id.contains('.'),
            }));
        }
    }
    json!({
        "name": name,
        "versions": { "layer": LAYER },
        "domain": "enterprise-attack",
        "description": format!("Rules by technique: {} rules", coverage.rules),
        "sorting": 3,
        "hideDisabled": false,
        "techniques": techniques,
        "gradient": { "colors": ["#d4e8d4", "#1f7a1f"], "minValue": 1, "maxValue": most },
        "legendItems": [],
    })
}
