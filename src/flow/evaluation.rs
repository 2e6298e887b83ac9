//! `$evaluate-eligibility`: a verdict about one patient from the resources that come along. Nothing is kept, and
//! nothing that is kept is looked at.

use super::answer::{Grade, Refusal};
use super::bundle::{at_entry, joined};
use super::desk::AtSite;
use super::gateway::{Gateway, Source};
use super::library::Active;
use super::rehearsal::rehearse::{Cast, Rehearsal, moment_of};
use super::seam::{Reading, grade_of};
use crate::intake::{self, BundleRead, Wanted};
use crate::model::draft::{Draft, ResourceType, Subject};
use crate::model::issue::Issue;
use crate::model::time::Instant;
use crate::publish::guidance::{About, guidance_response};
use crate::publish::study::study_id;
use crate::publish::subject::Individual;
use crate::trial::definition::Site;

/// What the operation takes, as its OperationDefinition says.
const INPUT: [Wanted; 3] = [
    Wanted { name: "data", member: "resource" },
    Wanted { name: "study", member: "valueId" },
    Wanted { name: "asOf", member: "valueDateTime" },
];

/// One patient, as the entries of a Bundle tell of them.
struct Told {
    patient: String,
    drafts: Vec<(usize, Draft)>,
    remarks: Vec<Issue>,
}

impl Gateway {
    /// The verdict as a GuidanceResponse. `study` is the id in the address; `None`: the input names it.
    pub fn evaluate_eligibility(&self, source: &Source, study: Option<&str>, body: &[u8]) -> Result<Vec<u8>, Refusal> {
        let read = intake::read_parameters(body, &INPUT, "Bundle");
        if read.grade != intake::Grade::Fine {
            return Err(Refusal { grade: grade_of(read.grade), issues: read.issues });
        }
        let given = |name: &str| read.given.iter().find(|g| g.name == name);
        let projected = self.projected();
        let asked = given("study").map(|g| g.text.as_str());
        let id = one_study(study, asked)?;
        let trials = projected.library.as_deref().map(|l| l.trials.as_slice()).unwrap_or_default();
        let active = trials.iter().find(|a| study_id(&a.trial.id) == id).ok_or_else(|| super::search::absent(false))?;
        let at_site = projected.sites.get(&active.trial.id).cloned().unwrap_or_default();
        let site = at_site.site(&active.trial).ok_or_else(|| content("not-found", "", "the trial names no site"))?;
        let as_of = given("asOf").map(|g| moment_of(&g.text, &site.zone)).transpose();
        let now = as_of.map_err(|e| content("value", "Parameters.parameter", e))?.unwrap_or_else(|| self.now());
        let data =
            given("data").ok_or_else(|| content("required", "Parameters", "found no `data`; wanted a Bundle"))?;
        let bytes = body.get(data.resource.clone()).unwrap_or_default();
        let bundle = intake::read_bundle(bytes);
        if bundle.grade != intake::Grade::Fine {
            return Err(Refusal { grade: grade_of(bundle.grade), issues: bundle.issues });
        }
        let told = self.one_patient(source, bytes, &bundle)?;
        self.verdict_about(active, &at_site, site, now, told)
    }

    fn verdict_about(
        &self,
        active: &Active,
        at_site: &AtSite,
        site: &Site,
        now: Instant,
        told: Told,
    ) -> Result<Vec<u8>, Refusal> {
        let projected = self.projected();
        let library = projected.library.as_ref().ok_or_else(|| super::search::absent(false))?;
        let rehearsal = Rehearsal::new(&active.trial, &library.terms, &at_site.readings)
            .map_err(|e| Refusal::one(Grade::Failed, "exception", "", e))?;
        let cast = Cast::of(told.drafts);
        let facts = cast.people.get(&told.patient).map(Vec::as_slice).unwrap_or_default();
        let assessment = rehearsal.assess(facts, &cast.names, site, now);
        let json = rehearsal.json(&assessment, &told.patient, site);
        let about = About {
            id: None,
            base: &projected.base,
            individual: &Individual::Reference(format!("Patient/{}", told.patient)),
            at: &site.zone.show(now),
            remarks: &told.remarks,
        };
        Ok(guidance_response(&active.trial, &json, &about))
    }

    /// Reads every entry; all that is wrong is said at once.
    fn one_patient(&self, source: &Source, bytes: &[u8], bundle: &BundleRead) -> Result<Told, Refusal> {
        let (mut drafts, mut remarks, mut refusals) = (Vec::new(), Vec::new(), Vec::new());
        for (i, entry) in bundle.entries.iter().enumerate() {
            let Some(body) = entry.resource.clone().and_then(|range| bytes.get(range)) else { continue };
            match self.reading(source, body, None) {
                Reading::Right(draft, issues) => {
                    remarks.extend(placed(issues, i).issues);
                    drafts.push((i, *draft));
                }
                Reading::NotKept(issues) => remarks.extend(placed(issues, i).issues.into_iter().map(passed_over)),
                Reading::Wrong(refusal) => refusals.push(at_entry(refusal, i)),
            }
        }
        joined(refusals)?;
        let patients: Vec<usize> =
            drafts.iter().filter(|(_, d)| d.resource_type == ResourceType::Patient).map(|(i, _)| *i).collect();
        let [patient] = patients[..] else {
            let text = format!("found {} Patients; wanted the one whom the resources are about", patients.len());
            return Err(content(if patients.is_empty() { "required" } else { "invalid" }, "Bundle.entry", text));
        };
        let url = bundle.entries.get(patient).and_then(|e| e.full_url.clone());
        about_one(drafts, patient, url.as_deref(), remarks)
    }
}

/// Makes all resources be about the one Patient, or says which are not.
fn about_one(
    mut drafts: Vec<(usize, Draft)>,
    place: usize,
    url: Option<&str>,
    remarks: Vec<Issue>,
) -> Result<Told, Refusal> {
    let patient = drafts.iter_mut().find(|(i, _)| *i == place).map(|(_, draft)| {
        let id = draft.id.get_or_insert_with(|| "patient".into()).clone();
        (id, draft.identifiers.clone())
    });
    let (id, identifiers) = patient.unwrap_or_default();
    let mut others = Vec::new();
    // A Medication is about nobody.
    let of_someone = |(i, d): &&mut (usize, Draft)| *i != place && d.resource_type != ResourceType::Medication;
    for (i, draft) in drafts.iter_mut().filter(of_someone) {
        let theirs = match &draft.subject {
            Some(Subject::Patient(of)) => *of == id,
            Some(Subject::Entry(of)) => url == Some(of),
            Some(Subject::Identifier(of)) => identifiers.contains(of),
            None => false,
        };
        if theirs {
            draft.subject = Some(Subject::Patient(id.clone()));
        } else {
            let text = "found a resource that is not about the Patient of this Bundle; wanted resources about that one";
            others.push(at_entry(content("invalid", "resource.subject", text), *i));
        }
    }
    joined(others)?;
    Ok(Told { patient: id, drafts, remarks })
}

fn one_study<'s>(address: Option<&'s str>, input: Option<&'s str>) -> Result<&'s str, Refusal> {
    match (address, input) {
        (Some(address), Some(input)) if address != input => {
            Err(content("invalid", "Parameters.parameter", "found another study than the address names; wanted one"))
        }
        (Some(study), _) | (None, Some(study)) => Ok(study),
        (None, None) => Err(content("required", "Parameters", "found no `study`; wanted the id of a ResearchStudy")),
    }
}

fn placed(issues: Vec<Issue>, entry: usize) -> Refusal {
    at_entry(Refusal { grade: Grade::Content, issues }, entry)
}

fn passed_over(issue: Issue) -> Issue {
    Issue::information("not-supported", issue.expression, format!("{}; it was passed over", issue.text))
}

fn content(code: &'static str, place: &str, text: impl Into<String>) -> Refusal {
    Refusal::one(Grade::Content, code, place, text)
}
