//! Bodies of any shape: taking events out of them ends, what comes out is a document, and reading JSON agrees with `serde_json`.
#![no_main]

use lanner_intake::{Rejects, slim, split::Splitter};
use lanner_json::Tape;
use lanner_k8saudit::payload::Payload;
use lanner_plugin_api::sdk::Log;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let rejects = Rejects::new(Log::silent(), None).expect("without a folder there is nothing to fail");
    let mut payload = Payload::new(bytes.to_vec(), 200);
    while let Some(event) = payload.next(&rejects, &"fuzz") {
        assert!(event.payload.len() <= 200);
        assert!(Tape::default().parse(event.payload.as_bytes()).expect("a document").is_object());
    }
    assert!(payload.events() + rejects.total() > 0 || payload.rejected().is_none());
    if let Some(mut begin) = Payload::cut(bytes, 200) {
        while let Some(event) = begin.next(&rejects, &"fuzz") {
            assert!(event.payload.len() <= 200);
            assert!(Tape::default().parse(event.payload.as_bytes()).expect("a document").is_object());
        }
    }

    let mut tape = Tape::default();
    match (tape.parse(bytes), serde_json::from_slice::<serde_json::Value>(bytes)) {
        (Ok(ours), Ok(theirs)) => {
            // Of numbers beyond 64 bits the digits are kept here and rounded there.
            let same = serde_json::to_value(ours).is_ok_and(|ours| ours == theirs);
            assert!(same || bytes.iter().any(u8::is_ascii_digit));
        }
        (Ok(_), Err(error)) => assert!(
            // A half of a surrogate pair reads as U+FFFD here, and numbers may be larger than a double.
            error.to_string().contains("surrogate") || error.to_string().contains("out of range")
                || error.to_string().contains("hex escape") || error.to_string().contains("recursion"),
            "{error}"
        ),
        (Err(error), Ok(_)) => assert_eq!(error, lanner_json::Fault::Deep),
        (Err(_), Err(_)) => {}
    }
    if let Some(slim) = slim(bytes, 100, &["responseObject", "requestObject"]) {
        assert!(slim.len() <= 100 && Tape::default().parse(&slim).is_ok());
    }
    // However a stream is cut into pieces, the same is found.
    let find = |size: usize| {
        let (mut found, mut splitter) = (Vec::new(), Splitter::new("Records", 64));
        bytes.chunks(size).for_each(|chunk| splitter.feed(chunk, &mut |piece| found.push(format!("{piece:?}"))));
        splitter.finish(&mut |piece| found.push(format!("{piece:?}")));
        found
    };
    let whole = find(bytes.len().max(1));
    [1, 2, 3, 7, bytes.len() / 2 + 1].into_iter().for_each(|size| assert_eq!(find(size), whole));
});
