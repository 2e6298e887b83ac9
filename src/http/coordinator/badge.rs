//! Verdicts, results and statuses as people see them: a sign, a word and a color, never a color alone.

use super::text::{self, Lang, Words};
use crate::model::assessment::{CriterionResult, Overall};
use crate::model::standing::Status;
use crate::model::truth::Truth;
use maud::{Markup, html};

/// What a sign says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Open,
    Bad,
    Quiet,
}

impl Tone {
    fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Open => "open",
            Self::Bad => "bad",
            Self::Quiet => "quiet",
        }
    }
}

/// The sign alone, for those who see it.
pub(super) fn sign(tone: Tone) -> Markup {
    let path = match tone {
        Tone::Good => "M4 8.5l2.7 2.7L12 5.8",
        Tone::Open => "M8 5.6v4M8 12v.3",
        Tone::Bad => "M5 5l6 6M11 5l-6 6",
        Tone::Quiet => "M4.5 8h7",
    };
    html! {
        svg.sign viewBox="0 0 16 16" aria-hidden="true" focusable="false" {
            @match tone {
                Tone::Good => { circle cx="8" cy="8" r="7" {} }
                Tone::Open => { path.shape d="M8 .8l7.2 13.6H.8z" {} }
                Tone::Bad => { path.shape d="M5.1 1h5.8L15 5.1v5.8L10.9 15H5.1L1 10.9V5.1z" {} }
                Tone::Quiet => { rect x="1" y="1" width="14" height="14" rx="4" {} }
            }
            path d=(path) {}
        }
    }
}

fn badge(tone: Tone, words: &str, more: &str) -> Markup {
    html! { span class={ "badge " (tone.class()) " " (more) } { (sign(tone)) span { (words) } } }
}

/// The tone and word of a verdict.
pub(super) fn of_verdict(verdict: Overall) -> (Tone, Words) {
    match verdict {
        Overall::Eligible => (Tone::Good, text::ELIGIBLE),
        Overall::Undetermined => (Tone::Open, text::UNDETERMINED),
        Overall::Ineligible => (Tone::Bad, text::INELIGIBLE),
    }
}

/// A verdict.
pub(super) fn verdict(verdict: Overall, lang: Lang) -> Markup {
    let (tone, words) = of_verdict(verdict);
    badge(tone, words.say(lang), "")
}

/// A verdict, large.
pub(super) fn verdict_large(verdict: Overall, lang: Lang) -> Markup {
    let (tone, words) = of_verdict(verdict);
    badge(tone, words.say(lang), "large")
}

/// A verdict's word from stored evidence.
pub(super) fn verdict_word(word: &str) -> Option<Overall> {
    [Overall::Eligible, Overall::Ineligible, Overall::Undetermined].into_iter().find(|o| o.word() == word)
}

/// The tone and word of a criterion's result, read as the protocol means it.
pub(super) fn of_result(result: CriterionResult, exclusion: bool) -> (Tone, Words) {
    match (result, exclusion) {
        (CriterionResult::NotApplicable, _) => (Tone::Quiet, text::NOT_APPLICABLE),
        (CriterionResult::Is(Truth::Unknown), _) => (Tone::Open, text::OPEN),
        (CriterionResult::Is(Truth::True), false) => (Tone::Good, text::MET),
        (CriterionResult::Is(Truth::False), false) => (Tone::Bad, text::NOT_MET),
        (CriterionResult::Is(Truth::True), true) => (Tone::Bad, text::EXCLUDES),
        (CriterionResult::Is(Truth::False), true) => (Tone::Good, text::EXCLUDES_NOT),
    }
}

/// A criterion's result.
fn result(found: CriterionResult, exclusion: bool, lang: Lang) -> Markup {
    let (tone, words) = of_result(found, exclusion);
    badge(tone, words.say(lang), "")
}

/// A criterion's result beside the verdict: what an eligible person does not meet was not needed.
pub(super) fn result_beside(found: CriterionResult, exclusion: bool, verdict: Overall, lang: Lang) -> Markup {
    match (verdict, found) {
        (Overall::Eligible, CriterionResult::Is(Truth::False)) if !exclusion => {
            badge(Tone::Quiet, text::NOT_NEEDED.say(lang), "")
        }
        (Overall::Eligible, CriterionResult::Is(Truth::Unknown)) if !exclusion => {
            badge(Tone::Quiet, text::OPEN_NOT_NEEDED.say(lang), "")
        }
        _ => result(found, exclusion, lang),
    }
}

/// A criterion's result from its stored word.
pub(super) fn result_word(word: &str) -> CriterionResult {
    match word {
        "true" => CriterionResult::Is(Truth::True),
        "false" => CriterionResult::Is(Truth::False),
        "unknown" => CriterionResult::Is(Truth::Unknown),
        _ => CriterionResult::NotApplicable,
    }
}

/// What the reader may not see.
pub(super) fn blinded(lang: Lang) -> Markup {
    badge(Tone::Quiet, text::BLINDED.say(lang), "")
}

/// The truth of a part of a criterion: plain, since only the whole is good or bad.
pub(super) fn truth(truth: Truth, lang: Lang) -> Markup {
    let (class, words) = match truth {
        Truth::True => ("yes", text::HOLDS),
        Truth::False => ("no", text::HOLDS_NOT),
        Truth::Unknown => ("unknown", text::UNKNOWN),
    };
    html! { span class={ "truth " (class) } { (words.say(lang)) } }
}

/// The word of a status.
pub(super) fn status_words(status: Status) -> Words {
    match status {
        Status::PotentialCandidate => text::POTENTIAL_CANDIDATE,
        Status::Candidate => text::CANDIDATE,
        Status::Screening => text::SCREENING,
        Status::Eligible => text::STATUS_ELIGIBLE,
        Status::PendingOnStudy => text::PENDING_ON_STUDY,
        Status::OnStudy => text::ON_STUDY,
        Status::OnStudyIntervention => text::ON_STUDY_INTERVENTION,
        Status::OnStudyObservation => text::ON_STUDY_OBSERVATION,
        Status::FollowUp => text::FOLLOW_UP,
        Status::OffStudy => text::OFF_STUDY,
        Status::Ineligible => text::STATUS_INELIGIBLE,
        Status::NotRegistered => text::NOT_REGISTERED,
        Status::Withdrawn => text::WITHDRAWN,
    }
}

/// A status, and whether it was computed.
pub(super) fn status(status: Status, by_person: bool, lang: Lang) -> Markup {
    let computed = status == Status::Ineligible && !by_person;
    html! {
        span.status { (status_words(status).say(lang)) }
        @if computed { " " span.fine { "(" (text::COMPUTED.say(lang)) ")" } }
    }
}

/// Why something is open, from the words of the interfaces.
pub(super) fn reason(word: &str, lang: Lang) -> String {
    let known = match word {
        "never seen" => text::NEVER_SEEN,
        "too old" => text::TOO_OLD,
        "not yet final" => text::NOT_YET_FINAL,
        "known in part" => text::KNOWN_IN_PART,
        "conflicting" => text::CONFLICTING,
        "implausible" => text::IMPLAUSIBLE,
        "unit not convertible" => text::UNIT_NOT_CONVERTIBLE,
        "code not understood" => text::CODE_NOT_UNDERSTOOD,
        "awaiting attestation" => text::AWAITING_ATTESTATION,
        "anchor not reached" => text::ANCHOR_NOT_REACHED,
        other => return other.to_owned(),
    };
    known.say(lang).to_owned()
}

/// Why somebody is not listed, from the words under which they are counted.
pub(super) fn tally(word: &str, lang: Lang) -> String {
    if let Some(status) = Status::from_code(word) {
        return status_words(status).say(lang).to_owned();
    }
    let word = word.strip_prefix("lapsed: ").unwrap_or(word);
    if let Some(why) = word.strip_prefix("not looked at: ") {
        return text::NOT_LOOKED_AT.fill(lang, &[&reason(why, lang)]);
    }
    let known = match word {
        "not considered" => text::NOT_CONSIDERED,
        "objected" => text::OBJECTED,
        "deceased" => text::DECEASED,
        "hidden" => text::HIDDEN,
        "removed" => text::REMOVED,
        "not recruiting" => text::NOT_RECRUITING,
        "not listed: no ground stated" => text::NO_LIST_GROUND,
        other => return other.to_owned(),
    };
    known.say(lang).to_owned()
}

/// Marks of a verdict, each with what it means.
pub(super) fn marks(people_only: bool, provisional: bool, presumed: bool, lang: Lang) -> Markup {
    let all = [
        (people_only, text::PEOPLE_ONLY, text::PEOPLE_ONLY_WHY),
        (provisional, text::PROVISIONAL, text::PROVISIONAL_WHY),
        (presumed, text::PRESUMED, text::PRESUMED_WHY),
    ];
    html! {
        @for (_, word, why) in all.iter().filter(|(is, ..)| *is) {
            " " span.mark title=(why.say(lang)) { (word.say(lang)) }
        }
    }
}
