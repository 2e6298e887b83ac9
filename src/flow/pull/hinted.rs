//! What a hook hinted at: single resources read where they are, or a round.

use super::round::{Feed, Pulled, round};
use super::settings::By;
use crate::flow::gateway::Gateway;
use crate::flow::hooks::{Gap, Hints, ask_events};
use crate::model::draft::ResourceType;
use std::collections::{BTreeSet, HashSet};

/// Brings what was hinted at. Where patients of a roster are asked for, it is not known whose a resource is before it
/// is read, so a hint is a round there. What a server that is busy or away did not bring waits.
pub async fn bring(gateway: &Gateway, feed: &Feed, hints: &Hints) -> Pulled {
    let by_patients = feed.settings.by == By::Patients;
    let told = if by_patients { None } else { told(gateway, feed, &hints.gaps).await };
    let (round_wanted, resources) = match told {
        Some(told) => (false, hints.resources.iter().cloned().chain(told).collect::<BTreeSet<_>>()),
        None => (hints.round, hints.resources.clone()),
    };
    let whole = round_wanted || (by_patients && !resources.is_empty());
    let mut pulled = if whole { round(gateway, feed, false).await } else { Pulled::default() };
    let Some(source) = gateway.source(&feed.source) else { return pulled };
    if by_patients && !pulled.away {
        return pulled;
    }
    let types: HashSet<_> = feed.settings.types().into_iter().collect();
    for (kind, id) in resources.iter().filter(|(kind, _)| types.contains(kind)) {
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

/// What the source tells of the events that were not heard; `None`: there are none, or it does not tell all of them.
async fn told(gateway: &Gateway, feed: &Feed, gaps: &[Gap]) -> Option<BTreeSet<(ResourceType, String)>> {
    let base = feed.settings.url.trim_end_matches('/');
    let mut all = BTreeSet::new();
    for gap in gaps {
        all.extend(ask_events(&feed.client, base, gap, gateway.now()).await?);
    }
    (!gaps.is_empty()).then_some(all)
}
