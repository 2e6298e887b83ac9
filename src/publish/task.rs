//! Task: work that people have, as proposals. It says what to do and never what was found.

use super::blinding::Blinding;
use super::canonical::{code_system, of_trial, variables};
use super::json::{array, concept, identifier, object, reference, text, words};
use super::requirement::open;
use super::subject::{Individual, individual};
use crate::model::key::{digest_words, hex};
use crate::trial::definition::{Trial, VariableKind};
use serde_json::Value;

/// A kind of work; its word is the code of the code system `work-item`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// A result is missing that decides.
    ObtainData,
    /// A person has to answer or to confirm.
    Confirm,
    /// Something happened that a person must look at.
    ReviewAlert,
    /// A visit is due, or overdue.
    VisitDue,
    /// The grade of a result is to be judged.
    ReviewGrade,
}

impl Work {
    /// The code.
    pub fn code(self) -> &'static str {
        match self {
            Self::ObtainData => "obtain-data",
            Self::Confirm => "confirm",
            Self::ReviewAlert => "review-alert",
            Self::VisitDue => "visit-due",
            Self::ReviewGrade => "review-grade",
        }
    }

    fn display(self) -> &'static str {
        match self {
            Self::ObtainData => "Obtain data",
            Self::Confirm => "Confirm",
            Self::ReviewAlert => "Review alert",
            Self::VisitDue => "Visit due",
            Self::ReviewGrade => "Review grade",
        }
    }
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its kind.
    pub work: Work,
    /// What makes it the same at the next evaluation: the variable, or the alert's kind.
    pub key: String,
    /// A sentence.
    pub description: String,
    /// Who should do it.
    pub performer: &'static str,
    /// The variables that are missing.
    pub variables: Vec<String>,
    /// Since when, a FHIR dateTime.
    pub at: String,
}

impl Item {
    /// The id of its Task: that of the subject and of what is to be done.
    pub fn id(&self, subject: &str) -> String {
        format!("{subject}-{}", &hex(&digest_words(&[self.work.code(), &self.key]))[..16])
    }
}

/// What is missing before anybody is registered: results to obtain, and answers of people.
pub fn items(trial: &Trial, assessment: &Value, at: &str) -> Vec<Item> {
    let blinding = Blinding::of(trial, false);
    let shown = |variables: &[&str]| variables.iter().all(|v| !blinding.hides_variable(v));
    open(assessment)
        .into_iter()
        .filter(|o| shown(&o.variables))
        .map(|o| item(trial, &o.variables, o.reason, at))
        .collect()
}

fn item(trial: &Trial, names: &[&str], reason: &str, at: &str) -> Item {
    let found: Vec<_> = names.iter().filter_map(|n| trial.variables.iter().find(|v| v.name == *n)).collect();
    let question = found.iter().find_map(|v| match &v.kind {
        VariableKind::Attested { question, .. } => Some(question.clone()),
        _ => None,
    });
    let labels: Vec<&str> = found.iter().map(|v| v.label.as_str()).collect();
    let labels = if labels.is_empty() { names.join(" or ") } else { labels.join(" or ") };
    let (work, performer) = match question {
        Some(_) => (Work::Confirm, "Investigator"),
        None => (Work::ObtainData, "Study coordinator"),
    };
    Item {
        work,
        key: names.join(" or "),
        description: question.unwrap_or_else(|| format!("{labels}: {reason}")),
        performer,
        variables: names.iter().map(|n| (*n).to_owned()).collect(),
        at: at.to_owned(),
    }
}

/// The investigator's signature, once data says that everything is met.
pub fn confirm_eligibility(at: &str) -> Item {
    Item {
        work: Work::Confirm,
        key: "eligibility".into(),
        description: "By the data every criterion is met: an investigator confirms eligibility, and signs.".into(),
        performer: "Investigator",
        variables: Vec::new(),
        at: at.to_owned(),
    }
}

/// An alert as work; `None` where its kind would show what is blinded.
pub fn alert(trial: &Trial, kind: &str, words: &str, at: &str) -> Option<Item> {
    let of_treatment = matches!(kind, "drug-without-registration" | "administrations-retracted");
    if of_treatment && Blinding::of(trial, false).hides_treatment() {
        return None;
    }
    Some(Item {
        work: Work::ReviewAlert,
        key: kind.to_owned(),
        description: words.to_owned(),
        performer: "Study coordinator",
        variables: Vec::new(),
        at: at.to_owned(),
    })
}

/// The resource.
pub fn task(trial: &Trial, base: &str, subject: &str, person: &Individual, item: &Item) -> Vec<u8> {
    let id = item.id(subject);
    let system = code_system("work-item");
    let of_verdict = matches!(item.work, Work::ObtainData | Work::Confirm);
    let reason = of_verdict.then(|| reference(&format!("GuidanceResponse/{subject}")));
    let module = format!("{}|{}", of_trial(base, "PlanDefinition", &trial.id), trial.version);
    object([
        ("resourceType", Some(text("Task"))),
        ("id", Some(text(&id))),
        ("identifier", array(vec![identifier(&format!("{base}/sid/work-item"), &id)])),
        ("instantiatesCanonical", Some(text(&module))),
        ("status", Some(text("requested"))),
        ("intent", Some(text("proposal"))),
        ("priority", Some(text("routine"))),
        ("code", Some(concept(&system, item.work.code(), item.work.display()))),
        ("description", words(&item.description)),
        ("focus", Some(reference(&format!("ResearchSubject/{subject}")))),
        ("for", Some(individual(person))),
        ("authoredOn", words(&item.at)),
        ("lastModified", words(&item.at)),
        ("performerType", array(vec![object([("text", Some(text(item.performer)))])])),
        ("reasonReference", reason),
        ("input", array(item.variables.iter().map(|v| input(trial, base, v)).collect())),
    ])
    .into_bytes()
}

fn input(trial: &Trial, base: &str, variable: &str) -> String {
    let known = trial.variables.iter().find(|v| v.name == variable);
    let coding = known.map(|v| {
        object([
            ("system", words(&variables(base, &trial.id))),
            ("code", Some(text(&v.name))),
            ("display", words(&v.label)),
        ])
    });
    let value = object([("coding", array(coding.into_iter().collect())), ("text", Some(text(variable)))]);
    let kind = object([("text", Some(text("missing variable")))]);
    object([("type", Some(kind)), ("valueCodeableConcept", Some(value))])
}
