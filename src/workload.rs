//! Where pod templates live (stub).
/// Stub.
#[derive(Debug, Default)]
pub struct Table;
