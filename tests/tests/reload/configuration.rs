//! What of the configuration follows a reload, and what is said of the rest.

use crate::{DONE, Ended, Lab, configuration, put, rule, versions};

#[test]
fn keys_that_can_change_do_and_the_others_are_named() {
    let mut lab = Lab::start("");
    lab.until_said("Watching ", 1);
    let prefix = lab.dir.path().join("cap").display().to_string();
    let more = format!(
        "append_output: [{{extra_output: 'more=%line.number'}}]\nstatic_fields: {{site: north}}\nwatch_config_files: false\n\
         capture: {{enabled: true, path_prefix: {prefix}, mode: all_rules, default_duration: 1}}\nprogram_output: {{enabled: \
         false, program: cat}}\noutputs_queue: {{capacity: 3000}}\nwebserver: {{listen_port: 1}}\njson_include_output_fields_property: false\n"
    );
    let with_field = rule(1).replace("n=%line.text", "n=%line.text site=%static.site");
    put(&lab.rules(), &with_field);
    lab.until_said("LOAD_ERR_COMPILE_OUTPUT", 1);
    put(&lab.dir.path().join("falco.yaml"), &configuration(lab.dir.path(), &more));
    lab.until_said(DONE, 1);
    lab.write(64);
    let errors = lab.daemon.errors();
    let later = errors.lines().find(|line| line.contains("take effect at the next start")).unwrap_or_default();
    assert!(later.ends_with("hold: outputs_queue.capacity, webserver.listen_port"), "{later}");
    // Files are not watched any more: only the signal counts.
    put(&lab.rules(), &rule(2));
    lab.write(64);
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert_eq!(lab.said(DONE), 1);
    lab.hang_up();
    lab.until_said(DONE, 2);
    lab.write(64);
    let out = lab.dir.path().join("out");
    let told = || std::fs::read_to_string(&out).is_ok_and(|out| out.contains(" v=2 "));
    lab.daemon.wait_until("alerts of the last version", told);
    let output = lab.daemon.output();
    let dir = lab.dir.path().to_owned();
    let captures = std::fs::read_dir(&dir).unwrap().flatten().filter(|entry| {
        let name = entry.file_name();
        name.to_string_lossy().starts_with("cap_")
    });
    assert!(captures.count() > 0, "matches begin captures: {}", lab.daemon.errors());
    let Ended { written, code, lines, errors, .. } = lab.finish();
    assert_eq!(code, Some(0), "{errors}");
    let mut seen = versions(&lines, written);
    seen.dedup();
    assert_eq!(seen, [0, 1, 2]);
    assert!(output.contains("site=north v=1 more="), "{output}");
    let of = |version: &str| output.lines().filter(|line| line.contains(version)).collect::<Vec<_>>();
    assert!(of(" v=0\"").iter().all(|alert| alert.contains("\"output_fields\"")), "{output}");
    assert!(
        !of(" v=2 ").is_empty() && of(" v=2 ").iter().all(|alert| !alert.contains("\"output_fields\"")),
        "{output}"
    );
}
