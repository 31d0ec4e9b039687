//! The compiled probes, as the kernel is to get them.

use super::LiveError;

/// The object that build.rs compiled; empty where there are no probes for the architecture.
#[repr(C, align(8))]
struct Aligned<T: ?Sized>(T);
static OBJECT: &Aligned<[u8]> = &Aligned(*include_bytes!(concat!(env!("OUT_DIR"), "/probe.o")));

/// What stands for the size of a ring buffer in the object: `RING_BYTES` of bpf/base.bpf.h.
const TEMPLATE: [u8; 4] = 0x5a17_e000_u32.to_le_bytes();

/// Whether there are probes for this architecture.
pub(super) fn is_there() -> bool {
    !OBJECT.0.is_empty()
}

/// The object with ring buffers of `bytes`. The table of rings holds a template of them, and kernels before 5.10 take only
/// rings of the template's size; what loads objects has no way to say it.
pub(super) fn with_rings_of(bytes: u32) -> Result<Vec<u8>, LiveError> {
    let mut object = OBJECT.0.to_vec();
    let places: Vec<usize> =
        object.windows(4).enumerate().filter(|(_, found)| *found == TEMPLATE).map(|(at, _)| at).collect();
    for &at in &places {
        object[at..at + 4].copy_from_slice(&bytes.to_le_bytes());
    }
    if places.is_empty() { Err(LiveError::Lacks("RING_BYTES")) } else { Ok(object) }
}

#[cfg(test)]
mod tests {
    use aya_obj::Object;

    use super::*;

    #[test]
    fn template_and_rings_are_of_one_size() {
        for bytes in [1 << 20, 512 << 20] {
            let object = Object::parse(&with_rings_of(bytes).unwrap()).unwrap();
            let inner = object.maps["rings"].inner().unwrap();
            assert_eq!(inner.max_entries(), bytes);
        }
    }
}
