//! What figures of outcomes are made of: places on a drawing of [`scale::SIDE`] by the same, and the numbers beside them. No picture is drawn here.

pub mod completeness;
pub mod scale;
pub mod shift;
pub mod survival;
pub mod visits;
pub mod waterfall;
