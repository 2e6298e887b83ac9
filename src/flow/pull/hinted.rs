//! What a hook hinted at: single resources read where they are, or a round.

use super::round::{Feed, Pulled, round};
use super::settings::By;
use crate::flow::gateway::Gateway;
use crate::flow::hooks::Hints;
use std::collections::HashSet;

/// Brings what was hinted at. Where patients of a roster are asked for, it is not known whose a resource is before it
/// is read, so a hint is a round there. What a server that is busy or away did not bring waits.
pub async fn bring(gateway: &Gateway, feed: &Feed, hints: &Hints) -> Pulled {
    let by_patients = feed.settings.by == By::Patients;
    let whole = hints.round || (by_patients && !hints.resources.is_empty());
    let mut pulled = if whole { round(gateway, feed, false).await } else { Pulled::default() };
    let Some(source) = gateway.source(&feed.source) else { return pulled };
    if by_patients && !pulled.away {
        return pulled;
    }
    let types: HashSet<_> = feed.settings.types().into_iter().collect();
    for (kind, id) in hints.resources.iter().filter(|(kind, _)| types.contains(kind)) {
        if !pulled.away {
            // One that is refused says nothing of the others.
            match feed.ask_for(gateway, source, *kind, id, &mut pulled).await {
                Ok(_) => continue,
                Err(halt) => pulled.halted(halt),
            }
        }
        if pulled.away {
            pulled.waiting.insert((*kind, id.clone()));
        }
    }
    pulled
}
