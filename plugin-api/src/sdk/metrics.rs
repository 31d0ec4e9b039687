//! Metrics of a plugin.

use std::ffi::CString;

use crate::raw;

/// A number that a metric can have.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs, reason = "named after the Rust types")]
pub enum MetricNumber {
    U32(u32),
    I32(i32),
    U64(u64),
    I64(i64),
    F64(f64),
    F32(f32),
}

macro_rules! from_number {
    ($($ty:ty => $variant:ident),*) => {$(
        impl From<$ty> for MetricNumber {
            fn from(n: $ty) -> Self { Self::$variant(n) }
        }
    )*};
}
from_number!(u32 => U32, i32 => I32, u64 => U64, i64 => I64, f64 => F64, f32 => F32);

/// Where [`super::Plugin::metrics`] writes its metrics.
pub struct Metrics<'a>(pub(crate) &'a mut MetricBufs);

impl Metrics<'_> {
    /// A number that only grows, like a count of events.
    pub fn counter(&mut self, name: &str, value: impl Into<MetricNumber>) {
        self.0.push(name, raw::MetricType::MONOTONIC, value.into());
    }

    /// A number that goes up and down, like the length of a queue.
    pub fn gauge(&mut self, name: &str, value: impl Into<MetricNumber>) {
        self.0.push(name, raw::MetricType::NON_MONOTONIC, value.into());
    }
}

/// The array that `get_metrics` returns and the names that it points at.
#[derive(Default)]
pub(crate) struct MetricBufs {
    names: Vec<CString>,
    metrics: Vec<raw::Metric>,
}

impl MetricBufs {
    pub(crate) fn clear(&mut self) {
        self.metrics.clear();
        self.names.clear();
    }

    pub(crate) fn array(&mut self) -> &mut [raw::Metric] {
        &mut self.metrics
    }

    fn push(&mut self, name: &str, ty: raw::MetricType, value: MetricNumber) {
        use raw::{MetricValue as V, MetricValueType as T};
        let name = CString::new(name.split('\0').next().unwrap_or_default()).unwrap_or_default();
        let (value, value_type) = match value {
            MetricNumber::U32(u32) => (V { u32 }, T::U32),
            MetricNumber::I32(s32) => (V { s32 }, T::S32),
            MetricNumber::U64(u64) => (V { u64 }, T::U64),
            MetricNumber::I64(s64) => (V { s64 }, T::S64),
            MetricNumber::F64(d) => (V { d }, T::DOUBLE),
            MetricNumber::F32(f) => (V { f }, T::FLOAT),
        };
        // The text of a CString lies on the heap and stays there when `names` grows.
        self.metrics.push(raw::Metric { name: name.as_ptr(), ty, value, value_type });
        self.names.push(name);
    }
}
