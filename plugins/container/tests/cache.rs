//! What is known of containers within a limit.

use std::rc::Rc;

use lanner_container::cache::Cache;
use lanner_container::info::{Container, Document};

fn container(number: usize, more: usize) -> Rc<Container> {
    let document = Document { id: format!("{number:012}"), name: "n".repeat(more), ..Document::default() };
    Rc::new(Container::new(document))
}

fn knows(cache: &Cache, number: usize) -> bool {
    cache.get(format!("{number:012}").as_bytes()).is_some()
}

#[test]
fn containers_without_end_take_no_more_than_they_may() {
    let limit = 1 << 20;
    let mut cache = Cache::within(limit);
    let mut gone = 0;
    for number in 0..20_000 {
        gone += cache.insert(container(number, number % 700)).len();
        assert!(cache.bytes() <= limit, "{} at {number}", cache.bytes());
    }
    assert_eq!(cache.shed(), gone as u64);
    assert_eq!(cache.len() + gone, 20_001, "each is kept or gone, and the host is there");
    assert!(cache.len() > 100 && knows(&cache, 19_999), "{}", cache.len());
    assert!(cache.get(b"").is_some(), "the host stays");
}

#[test]
fn those_that_are_asked_for_stay() {
    let mut cache = Cache::within(1 << 20);
    for number in 0..20_000 {
        let gone = cache.insert(container(number, 300));
        assert!(gone.iter().all(|gone| gone.id.to_bytes() > b"000000000009".as_slice()), "{gone:?}");
        // Ten of them have processes that do something all the time.
        (0..10.min(number)).for_each(|busy| assert!(knows(&cache, busy), "{busy} at {number}"));
    }
    assert!(cache.shed() > 15_000);
}

#[test]
fn one_that_is_too_large_takes_nobody_elses_place() {
    let mut cache = Cache::within(1 << 20);
    (0..10).for_each(|number| assert!(cache.insert(container(number, 10)).is_empty()));
    let before = cache.bytes();
    assert!(cache.insert(container(10, 200_000)).is_empty());
    assert_eq!((cache.bytes(), cache.refused(), cache.shed()), (before, 1, 0));
    assert!(!knows(&cache, 10));
    assert!(cache.insert(container(3, 200_000)).is_empty());
    assert!(!knows(&cache, 3) && cache.bytes() < before, "what is no longer true goes");
    let nameless = Container::new(Document { name: "n".repeat(200_000), ..Document::default() });
    assert!(cache.insert(Rc::new(nameless)).is_empty());
    assert_eq!(cache.get(b"").map(|host| host.id.as_c_str()), Some(c"host"));
}

#[test]
fn what_goes_gives_its_bytes_back() {
    let mut cache = Cache::within(1 << 20);
    let empty = cache.bytes();
    assert!(cache.insert(container(1, 100)).is_empty());
    let (one, number) = (cache.bytes(), cache.number(b"000000000001"));
    assert!(cache.insert(container(1, 100)).is_empty(), "the same again");
    assert_eq!((cache.bytes(), cache.number(b"000000000001")), (one, number));
    assert!(cache.remove(b"000000000001").is_some() && cache.remove(b"000000000001").is_none());
    assert_eq!(cache.bytes(), empty);
    cache.clear();
    assert_eq!((cache.bytes(), cache.len()), (0, 0));
}
