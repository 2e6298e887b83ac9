//! Figures of outcomes as inline SVG: no script, no font of their own, told apart without color. Each has its table beside it.

pub(super) mod answers;
mod axis;
pub(super) mod grid;
pub(super) mod mark;
pub(super) mod survival;
pub(super) mod visits;
pub(super) mod waterfall;
