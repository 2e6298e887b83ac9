//! The whole of an evaluation, step by step.

use super::diagram::{Diagram, FALSE, TRUE};
use super::formula::{Form, Quantities, build, mentioned};
use super::missing::Leaf;
use super::near::near_miss;
use super::scene::Scene;
use super::value::to_truth;
use crate::model::assessment::{Assessment, Considered, CriterionFinding, CriterionResult, Missing, Overall};
use crate::model::fact::Fact;
use crate::model::reading::{Readings, Reason};
use crate::model::time::Instant;
use crate::model::truth::Truth;
use crate::trial::definition::{Site, Trial};
use crate::trial::expression::tree::Name;

/// The moment asked about and the site whose calendar counts.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// Now.
    pub now: Instant,
    /// The site.
    pub site: &'a Site,
}

/// The chosen alternative of each reading, by place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice(pub Vec<usize>);

impl Choice {
    /// The defaults, but for the readings named here. The error says which name or alternative there is not.
    pub fn of(trial: &Trial, chosen: &std::collections::BTreeMap<String, String>) -> Result<Self, String> {
        let mut choice = Self::defaults(trial);
        for (name, alternative) in chosen {
            let place = trial.readings.iter().position(|r| r.name == *name);
            let place = place.ok_or_else(|| format!("`{name}` is no reading of {}", trial.id))?;
            let reading = &trial.readings[place];
            let words = || reading.alternatives.iter().map(|(word, _)| word.as_str()).collect::<Vec<_>>().join(", ");
            let found = reading.alternatives.iter().position(|(word, _)| word == alternative);
            choice.0[place] =
                found.ok_or_else(|| format!("`{alternative}` is no alternative of {name}; wanted {}", words()))?;
        }
        Ok(choice)
    }

    /// The definition's defaults.
    pub fn defaults(trial: &Trial) -> Self {
        Self(trial.readings.iter().map(|r| r.default).collect())
    }
}

/// The verdict about one person. Eligibility follows the clock until the person was enrolled, and then stays there.
pub fn evaluate(trial: &Trial, readings: &Readings, facts: &[Fact], moment: &Moment, choice: &Choice) -> Assessment {
    let enrolled = readings.person.enrolled.filter(|at| *at <= moment.now);
    let now = enrolled.unwrap_or(moment.now);
    let mut scene = Scene::new(trial, readings, facts, moment.site, now, &choice.0);
    scene.live = enrolled.is_none();
    scene.note_change(readings.person.enrolled);
    let mut provisional = false;
    let (mut criteria, results) = findings(&scene, &mut provisional);
    let plain = verdict(&scene, &results);
    scene.settle_growth();
    let open = Open::new(&scene, plain, &results);
    for (finding, decided) in criteria.iter_mut().zip(&open.criteria) {
        if let CriterionResult::Is(result) = &mut finding.result {
            *result = *decided;
        }
    }
    let missing = open.missing(&scene);
    let alternatives = other_readings(&scene, choice, open.verdict);
    Assessment {
        trial: trial.id.clone(),
        version: trial.version,
        as_of: moment.now,
        considered: considered(&scene),
        overall: word(open.verdict),
        for_people_only: open.verdict == Truth::Unknown
            && !missing.is_empty()
            && missing.iter().all(|m| m.1.for_people),
        provisional,
        presumed: scene.presumed.get(),
        readings: alternatives,
        near_miss: (open.verdict == Truth::False).then(|| near_miss(&scene, &open.criteria)).flatten(),
        criteria,
        missing: missing.into_iter().map(|(m, _)| m).collect(),
        changes_at: scene.changes_at(),
        all_open_listed: open.diagram.full,
    }
}

fn word(verdict: Truth) -> Overall {
    match verdict {
        Truth::True => Overall::Eligible,
        Truth::False => Overall::Ineligible,
        Truth::Unknown => Overall::Undetermined,
    }
}

/// Each criterion with its evidence and its truth by the plain tables.
fn findings(scene: &Scene<'_>, provisional: &mut bool) -> (Vec<CriterionFinding>, Vec<Truth>) {
    let mut truths = Vec::with_capacity(scene.trial.criteria.len());
    let mut found = Vec::with_capacity(scene.trial.criteria.len());
    for (i, c) in scene.trial.criteria.iter().enumerate() {
        let start = scene.log_len();
        let mut built = None;
        scene.once(Name::Criterion(i), || {
            let node = scene.criterion_node(c);
            let truth = super::value::of_truth(node.0);
            built = Some(node);
            truth
        });
        // Named by an earlier criterion it is known already, and its tree is not there yet.
        let (truth, applies, tree) = built.unwrap_or_else(|| scene.criterion_node(c));
        let used = scene.log.borrow()[start..].to_vec();
        let mut facts = scene.facts_used(used, provisional);
        if truth == Truth::Unknown {
            unused(scene, c, &mut facts);
        }
        let result = match applies {
            Some(Truth::False) => CriterionResult::NotApplicable,
            _ => CriterionResult::Is(truth),
        };
        truths.push(truth);
        found.push(CriterionFinding {
            id: c.id.as_str().into(),
            exclusion: c.exclusion,
            protocol: c.protocol.clone(),
            result,
            tree,
            facts,
        });
    }
    (found, truths)
}

/// For an open criterion: the facts of its open variables that could not be used.
fn unused<'a>(
    scene: &Scene<'a>,
    c: &'a crate::trial::definition::Criterion,
    facts: &mut Vec<crate::model::assessment::FactUsed>,
) {
    for leaf in scene.leaves(&c.expression) {
        for word in leaf.variable.split(" or ") {
            if facts.iter().any(|f| f.variable == word && f.value.is_none()) {
                continue;
            }
            if let Some(v) = scene.trial.variables.iter().position(|v| v.name == word) {
                scene.left_out(v, facts);
                scene.later(v, facts);
            }
        }
    }
}

/// How everything combines, by the plain tables.
pub(super) fn verdict(scene: &Scene<'_>, known: &[Truth]) -> Truth {
    let t = scene.trial;
    let of = |i: usize| match scene.fixed {
        Some((fixed, truth)) if fixed == i => truth,
        _ => known[i],
    };
    let included = match &t.included {
        Some(e) => scene.truth(e),
        None => (0..known.len()).filter(|i| !t.criteria[*i].exclusion).fold(Truth::True, |all, i| all.and(of(i))),
    };
    let exclusions = (0..known.len()).filter(|i| t.criteria[*i].exclusion);
    exclusions.fold(included, |all, i| all.and(!of(i)))
}

/// What the evaluation leaves open, as decision diagrams.
struct Open<'a> {
    verdict: Truth,
    criteria: Vec<Truth>,
    quantities: Quantities<'a>,
    diagram: Diagram,
    decisive: Vec<usize>,
    /// For each criterion, the quantities on which it leans.
    leaning: Vec<Vec<usize>>,
}

impl<'a> Open<'a> {
    fn new(scene: &Scene<'a>, plain: Truth, results: &[Truth]) -> Self {
        let mut open = Self {
            verdict: plain,
            criteria: results.to_vec(),
            quantities: Quantities::default(),
            diagram: Diagram::default(),
            decisive: Vec::new(),
            leaning: vec![Vec::new(); results.len()],
        };
        if plain != Truth::Unknown && !results.contains(&Truth::Unknown) {
            return open;
        }
        let q = &mut open.quantities;
        let forms: Vec<Option<Form>> = results
            .iter()
            .enumerate()
            .map(|(i, r)| (*r == Truth::Unknown).then(|| scene.criterion_form(i, q)))
            .collect();
        let overall = (plain == Truth::Unknown).then(|| scene.overall_form(q));
        for (i, form) in forms.iter().enumerate() {
            if let Some(form) = form {
                (open.criteria[i], open.leaning[i]) = decide(form, &open.quantities, &mut open.diagram);
            }
        }
        if let Some(overall) = overall {
            (open.verdict, open.decisive) = decide(&overall, &open.quantities, &mut open.diagram);
        }
        open
    }

    /// Each thing that is decisive, once, with the criteria that lean on it.
    fn missing(&self, scene: &Scene<'a>) -> Vec<(Missing, Leaf)> {
        let mut found: Vec<(Missing, Leaf)> = Vec::new();
        for place in &self.decisive {
            let leaning: Vec<&str> = (0..self.leaning.len())
                .filter(|i| self.leaning[*i].contains(place))
                .map(|i| scene.trial.criteria[i].id.as_str())
                .collect();
            for leaf in scene.leaves(self.quantities.0[*place].expr) {
                let known = found.iter().position(|(m, _)| m.variable == leaf.variable);
                let at = known.unwrap_or_else(|| {
                    found.push((
                        Missing {
                            variable: leaf.variable.clone(),
                            reason: leaf.reason,
                            last: leaf.last.clone(),
                            criteria: Vec::new(),
                            may_be: leaf.may_be.clone(),
                        },
                        leaf,
                    ));
                    found.len() - 1
                });
                for id in &leaning {
                    if !found[at].0.criteria.iter().any(|c| c == id) {
                        found[at].0.criteria.push((*id).to_owned());
                    }
                }
            }
        }
        found
    }
}

/// What a formula comes to, and what decides it. In a diagram that grew too large: all that is open.
fn decide(form: &Form, q: &Quantities<'_>, d: &mut Diagram) -> (Truth, Vec<usize>) {
    let root = build(form, q, d);
    if d.full {
        let mut all = Vec::new();
        mentioned(form, &mut all);
        all.sort_unstable();
        all.dedup();
        return (Truth::Unknown, all);
    }
    match root {
        FALSE => (Truth::False, Vec::new()),
        TRUE => (Truth::True, Vec::new()),
        _ => (Truth::Unknown, d.asked(root)),
    }
}

/// The verdict under each alternative of each reading on which one may turn, the rest as chosen.
fn other_readings(scene: &Scene<'_>, choice: &Choice, main: Truth) -> Vec<(String, Vec<(String, Overall)>)> {
    let mut all = Vec::with_capacity(scene.trial.readings.len());
    for (r, reading) in scene.trial.readings.iter().enumerate().filter(|(_, reading)| reading.decides) {
        let verdicts = reading.alternatives.iter().enumerate().map(|(place, (name, _))| {
            let chosen = choice.0.get(r).copied().unwrap_or(reading.default);
            (name.clone(), word(if place == chosen { main } else { under(scene, choice, r, place) }))
        });
        all.push((reading.name.clone(), verdicts.collect()));
    }
    all
}

fn under(scene: &Scene<'_>, choice: &Choice, reading: usize, place: usize) -> Truth {
    let mut other = choice.0.clone();
    other.resize(scene.trial.readings.len(), 0);
    other[reading] = place;
    let then = scene.with_choice(reading, &other);
    let known: Vec<Truth> = (0..then.trial.criteria.len()).map(|i| to_truth(&then.name(Name::Criterion(i)))).collect();
    let plain = verdict(&then, &known);
    then.settle_growth();
    let decided = if plain == Truth::Unknown {
        let mut q = Quantities::default();
        let form = then.overall_form(&mut q);
        decide(&form, &q, &mut Diagram::default()).0
    } else {
        plain
    };
    scene.note_change(then.changes_at());
    decided
}

fn considered(scene: &Scene<'_>) -> Considered {
    let Some(consider) = &scene.trial.consider else {
        return Considered::Yes;
    };
    scene.grows.set(false);
    let considered = scene.truth(consider);
    scene.settle_growth();
    match considered {
        Truth::True => Considered::Yes,
        Truth::False => Considered::No,
        Truth::Unknown => {
            let reason = scene.leaves(consider).first().map_or(Reason::NeverSeen, |l| l.reason);
            Considered::Unknown(reason)
        }
    }
}
