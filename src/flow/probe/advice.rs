//! What a source states and what the settings ask of it, laid side by side, in words.

use crate::flow::pull::{By, Pull};
use crate::link::Offered;

/// What is absent and what to do about it; what is there and not used.
pub(super) fn advice(pull: &Pull, registers: bool, offered: &Offered) -> Vec<String> {
    let mut found = Vec::new();
    if offered.kinds.is_empty() {
        found.push("the statement lists no type: nothing can be said of what it offers".to_owned());
        return found;
    }
    if !offered.fhir_version.starts_with("4.0") {
        found.push(format!("it states FHIR {}; R4 (4.0.1) is read here", offered.fhir_version));
    }
    let kinds: Vec<&str> = pull.kinds.iter().map(String::as_str).collect();
    kinds.iter().for_each(|kind| found.extend(of_kind(pull.by, kind, offered)));
    let by_time = |kind: &&str| offered.kinds.get(*kind).is_some_and(|o| o.parameters.contains("_lastUpdated"));
    if pull.by == By::Patients && !kinds.is_empty() && kinds.iter().all(by_time) {
        found.push(
            "all of `kinds` state `_lastUpdated`: by = \"server\" may do, if a search without a patient is taken"
                .into(),
        );
    }
    found.extend(hooks(registers, offered));
    found.extend(exports(pull, offered));
    if pull.reread.is_none() && pull.by == By::Server {
        found.push("without `reread` what is deleted there stays here".into());
    }
    found
}

fn of_kind(by: By, kind: &str, offered: &Offered) -> Option<String> {
    let Some(offer) = offered.kinds.get(kind).filter(|offer| offer.read || offer.search) else {
        let more = if kind == "MedicationAdministration" { "; doses have to come another way" } else { "" };
        return Some(format!("{kind}: not stated; leave it out of `kinds`{more}"));
    };
    match by {
        By::Bulk => None,
        By::Patients if matches!(kind, "Patient" | "Medication") => {
            (!offer.read).then(|| format!("{kind}: cannot be read by its id"))
        }
        _ if !offer.search => Some(format!("{kind}: no search is stated; leave it out of `kinds`")),
        By::Patients if !offer.parameters.contains("patient") => Some(format!(
            "{kind}: no search by `patient` is stated; leave it out of `kinds`, or let an export bring it"
        )),
        By::Server if !offer.parameters.contains("_lastUpdated") => {
            Some(format!("{kind}: no `_lastUpdated` is stated; if it is not known either, wanted by = \"patients\""))
        }
        By::Server | By::Patients => None,
    }
}

fn hooks(registers: bool, offered: &Offered) -> Option<String> {
    let create = offered.subscriptions.create;
    match registers {
        true if !create => {
            Some("no Subscription can be made: leave out `hooks.register`; polling alone brings it".into())
        }
        false if create => Some("Subscriptions can be made: `hooks` would shorten the wait between rounds".into()),
        false => Some("no Subscription can be made: what changed is found by polling, every `every`".into()),
        true => None,
    }
}

fn exports(pull: &Pull, offered: &Offered) -> Option<String> {
    let levels = || offered.exports.iter().copied().collect::<Vec<_>>().join(", ");
    match (pull.exports(), offered.exports.is_empty()) {
        (Some(_), true) => Some("no `$export` is stated: leave out `pull.bulk`".into()),
        (None, true) => Some("no `$export` is stated: a long history comes by polling, or from files".into()),
        (None, false) => Some(format!("`$export` is stated ({}): `pull.bulk` would bring the first load", levels())),
        (Some(bulk), false) => {
            let usual = if pull.group.is_some() { "group" } else { "patient" };
            let level = bulk.level.map_or(usual, |level| level.word());
            let words = || format!("`$export` is stated for {} and not for `{level}`: see `pull.bulk.level`", levels());
            (!offered.exports.contains(level)).then(words)
        }
    }
}
