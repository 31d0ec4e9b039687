use super::*;
use lanner_engine::load::Priority;

fn append(spool: &mut Spool, line: &str) -> u64 {
    spool.append(&Record { priority: Priority::Warning, json: true, line: line.into() }).unwrap()
}

/// Everything that waits, delivered.
fn drain(spool: &mut Spool) -> Vec<String> {
    let mut lines = Vec::new();
    while let Some((record, ticket)) = spool.front().unwrap() {
        assert_eq!((record.priority, record.json), (Priority::Warning, true));
        lines.push(record.line.into_owned());
        spool.delivered(ticket).unwrap();
    }
    lines
}

fn files(dir: &Path) -> usize {
    std::fs::read_dir(dir).unwrap().filter(|entry| entry.as_ref().unwrap().path().extension().is_some()).count()
}

#[test]
fn oldest_first_and_nothing_stays_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    let mut spool = Spool::open(dir.path(), 1 << 20).unwrap();
    assert_eq!(spool.front().unwrap(), None);
    let lines: Vec<String> = (0..100).map(|n| format!("line {n} é")).collect();
    lines.iter().for_each(|line| assert_eq!(append(&mut spool, line), 0));
    assert_eq!(spool.len(), 100);
    assert_eq!(drain(&mut spool), lines);
    assert_eq!((spool.len(), spool.bytes(), files(dir.path())), (0, 0, 0));
    append(&mut spool, "more");
    assert_eq!(drain(&mut spool), ["more"]);
}

#[test]
fn another_run_goes_on_where_the_last_one_was() {
    let dir = tempfile::tempdir().unwrap();
    let mut spool = Spool::open(dir.path(), 1 << 20).unwrap();
    (0..10).for_each(|n| assert_eq!(append(&mut spool, &n.to_string()), 0));
    for _ in 0..3 {
        let (_, ticket) = spool.front().unwrap().unwrap();
        spool.delivered(ticket).unwrap();
    }
    assert!(matches!(Spool::open(dir.path(), 1 << 20), Err(SpoolError::InUse(_))), "two would deliver twice");
    drop(spool);
    let mut spool = Spool::open(dir.path(), 1 << 20).unwrap();
    assert_eq!(spool.len(), 7);
    append(&mut spool, "new");
    assert_eq!(drain(&mut spool), ["3", "4", "5", "6", "7", "8", "9", "new"]);
    drop(spool);
    assert_eq!(Spool::open(dir.path(), 1 << 20).unwrap().len(), 0);
}

#[test]
fn without_the_note_everything_comes_again_and_nothing_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let mut spool = Spool::open(dir.path(), 1 << 20).unwrap();
    (0..3).for_each(|n| assert_eq!(append(&mut spool, &n.to_string()), 0));
    let (_, ticket) = spool.front().unwrap().unwrap();
    spool.delivered(ticket).unwrap();
    drop(spool);
    std::fs::write(dir.path().join("cursor"), [7; 20]).unwrap();
    assert_eq!(drain(&mut Spool::open(dir.path(), 1 << 20).unwrap()), ["0", "1", "2"]);
}

#[test]
fn a_full_spool_loses_its_oldest_and_counts_them() {
    let dir = tempfile::tempdir().unwrap();
    let mut spool = Spool::open(dir.path(), 64 * 1024).unwrap();
    let line = "x".repeat(1000);
    let evicted: u64 = (0..200).map(|n| append(&mut spool, &format!("{n} {line}"))).sum();
    assert!(evicted > 0 && spool.bytes() <= 64 * 1024, "{evicted} {}", spool.bytes());
    assert_eq!(spool.len() + evicted, 200);
    let left = drain(&mut spool);
    assert_eq!(left.len() as u64 + evicted, 200);
    assert!(left[0].starts_with(&format!("{evicted} ")), "the oldest went");
}

#[test]
fn what_a_delivery_had_in_hand_may_have_to_go_meanwhile() {
    let dir = tempfile::tempdir().unwrap();
    let mut spool = Spool::open(dir.path(), 32 * 1024).unwrap();
    append(&mut spool, "first");
    let (_, ticket) = spool.front().unwrap().unwrap();
    let line = "x".repeat(1000);
    let mut evicted = 0;
    while evicted == 0 {
        evicted = append(&mut spool, &line);
    }
    let before = spool.len();
    spool.delivered(ticket).unwrap();
    assert_eq!(spool.len(), before);
}

/// A file cut at every length, and with every byte changed, gives back whole records only, in order.
#[test]
fn torn_and_damaged_files_give_back_what_is_whole() {
    let source = tempfile::tempdir().unwrap();
    let mut spool = Spool::open(source.path(), 1 << 20).unwrap();
    let lines = ["first", "second", "third"];
    lines.iter().for_each(|line| assert_eq!(append(&mut spool, line), 0));
    let name = "0000000000000001.alerts";
    let whole = std::fs::read(source.path().join(name)).unwrap();
    let ends: Vec<usize> = lines
        .iter()
        .scan(0, |at, line| {
            *at += 10 + line.len();
            Some(*at)
        })
        .collect();
    assert_eq!(ends.last(), Some(&whole.len()));
    for cut in 0..whole.len() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(name), &whole[..cut]).unwrap();
        let mut spool = Spool::open(dir.path(), 1 << 20).unwrap();
        let complete = ends.iter().filter(|end| **end <= cut).count();
        assert_eq!(spool.len() as usize, complete, "cut at {cut}");
        assert_eq!(spool.take_damaged(), 0, "what was never whole is not lost: cut at {cut}");
        append(&mut spool, "after");
        assert_eq!(drain(&mut spool), [&lines[..complete], &["after"]].concat());
        let mut bytes = whole.clone();
        bytes[cut] ^= 0x55;
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(name), &bytes).unwrap();
        let mut spool = Spool::open(dir.path(), 1 << 20).unwrap();
        let intact = ends.iter().filter(|end| **end <= cut).count();
        assert_eq!(drain(&mut spool), lines[..intact], "byte {cut} changed");
    }
}
