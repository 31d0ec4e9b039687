//! `lanner test`: each kind of case, of failure and of report, with the exit codes.

mod failures;
mod files;
mod inputs;
mod reports;

use lanner_tests::program::{Run, lanner, run};

const BINARY: &str = env!("CARGO_BIN_EXE_lanner-under-test");

const RULES: &str = r#"
- list: readers
  items: [sshd, su]
- macro: opened
  condition: (evt.type in (open, openat) and fd.num >= 0)
- rule: Secret read
  desc: a file of secrets is read
  condition: opened and fd.name in (/etc/shadow, /etc/gshadow) and not proc.name in (readers)
  output: Secret read | file=%fd.name by=%proc.name parent=%proc.pname
  priority: WARNING
- rule: Shell started
  desc: somebody starts a shell
  condition: evt.type = execve and proc.name in (sh, bash)
  output: Shell | %proc.cmdline
  priority: NOTICE
"#;

const CASES: &str = r#"
rules: rules.yaml
cases:
  - name: A program that should not reads secrets
    rule: Secret read
    params: {exe: /usr/bin/cat, path: /etc/shadow}
    given:
      processes:
        - {as: shell, exe: /bin/bash}
        - {as: reader, exe: "${exe}", parent: shell}
    events:
      - openat: {name: "${path}", flags: O_RDONLY}
    alerts:
      - {priority: WARNING, output: "by=cat parent=bash", fields: {fd.name: "${path}", proc.name: cat, fd.num: 3}}
    fires:
      - {}
      - {path: /etc/gshadow}
    silent:
      - {exe: /usr/sbin/sshd}
      - {path: /etc/hostname, name: no secret}
"#;

/// Runs `lanner test` on files in a folder of their own; `cases.yaml` is what is tested.
fn test(files: &[(&str, &str)], args: &[&str]) -> (Run, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let all: Vec<&str> = ["test"].iter().chain(args).copied().collect();
    let result = run(lanner(BINARY, &all).current_dir(dir.path()));
    (result, dir)
}

/// The same with the rules above and these cases.
fn cases(cases: &str, args: &[&str]) -> Run {
    let args: Vec<&str> = ["cases.yaml"].iter().chain(args).copied().collect();
    test(&[("rules.yaml", RULES), ("cases.yaml", cases)], &args).0
}

/// What a run that failed must say, on stdout and stderr together.
fn says(run: &Run, code: i32, parts: &[&str]) {
    let all = format!("{}\n{}", run.stdout, run.stderr);
    assert_eq!(run.code, Some(code), "{all}");
    for part in parts {
        assert!(all.contains(part), "{part:?} is not in\n{all}");
    }
}
