//! Facts as received and a site's map become readings of a trial's variables; nothing is stored of it.

mod conversion;
mod foreign;
mod guess;
mod instrument;
mod person;
mod plan;
mod quantity;
mod read;
mod sorted;
mod text;
mod ways;

pub use guess::{MayMean, fits, is_of_use, is_unmapped};
pub use plan::Plan;
pub use read::normalize;
