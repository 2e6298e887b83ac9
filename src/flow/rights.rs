//! Who may see what: rights are (user, role, trial, site), none by default; a page also needs the site's ground for its purpose.

use super::desk::Desk;
use crate::model::purpose::Purpose;
use crate::model::standing::Role;
use crate::model::time::Instant;
pub use crate::store::Granted;
use crate::trial::definition::Trial;

/// What a role may read. Monitors and inspectors see pseudonyms; integration sees numbers alone.
pub fn purposes_of(role: Role) -> &'static [Purpose] {
    match role {
        Role::Coordinator | Role::Investigator => &[Purpose::Count, Purpose::List, Purpose::Name],
        Role::DataManager | Role::Monitor | Role::Inspector | Role::Unblinded => &[Purpose::Count, Purpose::List],
        Role::Integration => &[Purpose::Count],
    }
}

/// Somebody who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// The account's name, as the audit shows it.
    pub name: String,
    /// Its rights.
    pub rights: Vec<Granted>,
}

impl Reader {
    /// Rights that hold now for this trial at the site that this gateway serves.
    fn here<'r>(&'r self, desk: &Desk, trial: &Trial, now: Instant) -> impl Iterator<Item = &'r Granted> {
        let at = desk.at_site(trial);
        let site = at.site(trial).map(|s| s.id.clone());
        let id = trial.id.clone();
        self.rights
            .iter()
            .filter(move |r| r.trial == id && Some(&r.site) == site.as_ref() && r.until.is_none_or(|until| now < until))
    }

    /// Whether this person may read for this purpose: by a role of theirs, and on a ground that the site stated.
    pub fn may(&self, desk: &Desk, trial: &Trial, purpose: Purpose) -> bool {
        let stated = desk.at_site(trial).purposes.contains(&purpose);
        stated && self.here(desk, trial, desk.now()).any(|r| purposes_of(r.role).contains(&purpose))
    }

    /// Whether this person has any role in the trial here, whatever grounds are stated.
    pub fn works_on(&self, desk: &Desk, trial: &Trial) -> bool {
        self.here(desk, trial, desk.now()).next().is_some()
    }

    /// Whether this person may see what the definition hides.
    pub fn is_unblinded(&self, desk: &Desk, trial: &Trial) -> bool {
        self.here(desk, trial, desk.now()).any(|r| r.role == Role::Unblinded)
    }

    /// Roles in the trial here.
    pub fn roles(&self, desk: &Desk, trial: &Trial) -> Vec<Role> {
        self.here(desk, trial, desk.now()).map(|r| r.role).collect()
    }
}
