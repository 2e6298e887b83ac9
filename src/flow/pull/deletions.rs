//! What a source no longer has: whatever a whole reading did not meet is asked for by its id, and deleted only when it is gone.

use super::page::{Ask, Halt, caller};
use super::round::{Feed, Pulled};
use crate::flow::gateway::{Gateway, Source};
use crate::flow::lines::Line;
use crate::model::draft::ResourceType;
use crate::store::Walk;
use crate::store::contract::Narrow;

/// Kept resources looked at in one step.
const STEP: usize = 500;

impl Feed {
    /// Deletes what is kept of a type, or of one patient's, and is gone at the source.
    pub(crate) async fn forget(
        &self,
        gateway: &Gateway,
        source: &Source,
        (kind, patient): (ResourceType, Option<&str>),
        is_met: &(dyn Fn(&str) -> bool + Sync),
        pulled: &mut Pulled,
    ) -> Result<(), Halt> {
        let mut narrow = Narrow::nothing(&source.name, kind);
        narrow.patients = patient.map(str::to_owned).into_iter().collect();
        let mut walk = Walk::through(narrow, STEP);
        loop {
            let walked = gateway.store.read(walk.clone()).await.map_err(|e| Halt::new(e.to_string()))?;
            for kept in walked.resources.iter().filter(|r| !is_met(&r.id)) {
                self.ask_for(gateway, source, kind, &kept.id, pulled).await?;
            }
            let Some(next) = walked.next else { return Ok(()) };
            (walk.after, walk.seen) = (Some(next), Some(walked.seen));
        }
    }

    /// Reads one resource by its id: keeps it, or deletes what is gone. Answers whether it is there.
    pub(super) async fn ask_for(
        &self,
        gateway: &Gateway,
        source: &Source,
        kind: ResourceType,
        id: &str,
        pulled: &mut Pulled,
    ) -> Result<bool, Halt> {
        let name = kind.name();
        let answer = self.patiently(gateway, Ask::Read(&[name, id])).await;
        match answer.map_err(|halt| halt.at(name))? {
            answer if !answer.is_gone() => {
                let place = format!("pull {name} read");
                if !is_what_was_asked(&answer.body, name, id) {
                    return Err(Halt::new(format!(
                        "{name}: the source answered with something else than was asked for"
                    )));
                }
                let line = Line { place: &place, body: &answer.body };
                let loaded = gateway.load_lines(source, &[line], &caller()).await;
                pulled.loaded.add(&loaded.map_err(|refusal| Halt::new(refusal.words()))?);
                Ok(true)
            }
            _ => {
                let deleted = gateway.delete(source, kind, id, None, caller()).await;
                deleted.map_err(|refusal| Halt::new(refusal.words()))?;
                pulled.deleted += 1;
                Ok(false)
            }
        }
    }
}

/// Whether the body is of that type and id; a Patient may have been merged into another.
fn is_what_was_asked(body: &[u8], kind: &str, id: &str) -> bool {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Face {
        resource_type: Option<String>,
        id: Option<String>,
    }
    serde_json::from_slice::<Face>(body).is_ok_and(|face| {
        face.resource_type.as_deref() == Some(kind) && (kind == "Patient" || face.id.as_deref() == Some(id))
    })
}
