//! Instrument files: read once for each variable that names one, checked like the definition itself.

use super::build::number;
use super::document::{Document, Node};
use super::expression::names::near;
use super::instrument::{Answer, Instrument, Item, Part, Scale, Score};
use super::mistake::{Mistake, Severity};
use super::schema;
use super::systems::CodeReader;
use crate::model::number::Number;
use std::collections::BTreeMap;

/// Where instruments stand among the files of a definition.
pub const FOLDER: &str = "../instruments/";
/// Those that are always there; a profiles folder may have others, or its own of the same name.
const SHIPPED: [(&str, &str); 3] = [
    ("haq-di", include_str!("../../profiles/instruments/haq-di.toml")),
    ("mrss", include_str!("../../profiles/instruments/mrss.toml")),
    ("rand36", include_str!("../../profiles/instruments/rand36.toml")),
];
/// The scale of an instrument that is named without one.
const TOTAL: &str = "total";
/// Most items of one instrument.
pub(super) const ITEMS_MAX: usize = 500;
/// Most scales of one instrument.
pub(super) const SCALES_MAX: usize = 100;

/// The instrument that a variable names, `id` or `id.scale`, and its text; or what is wrong, with its place.
pub(super) fn instrument(
    named: &Node<'_, '_>,
    files: &[(String, String)],
    codes: &CodeReader<'_>,
) -> Result<(Instrument, String), Vec<Mistake>> {
    let written = named.value.as_str().unwrap_or_default();
    let (id, scale) = written.split_once('.').unwrap_or((written, TOTAL));
    let here = |message: String| named.document.at_value(Severity::Error, &named.pointer, message);
    let given =
        files.iter().filter_map(|(name, text)| Some((name.strip_prefix(FOLDER)?.strip_suffix(".toml")?, &**text)));
    let all: BTreeMap<&str, &str> = SHIPPED.into_iter().chain(given).collect();
    let Some(text) = all.get(id) else {
        let known: Vec<&str> = all.keys().copied().collect();
        let help = match near(id, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("instruments are files in profiles/instruments: {}", known.join(", ")),
        };
        return Err(vec![here(format!("no instrument is named `{id}`")).with_help(help)]);
    };
    let file = format!("instruments/{id}.toml");
    let read = read(id, &file, text, codes)?;
    let wanted = read.scales.iter().position(|s| s.name == scale).ok_or_else(|| {
        let names: Vec<&str> = read.scales.iter().map(|s| s.name.as_str()).collect();
        let help = format!("its scales: {}; written `{id}.{}`", names.join(", "), names.first().unwrap_or(&"name"));
        vec![here(format!("the instrument `{id}` has no scale `{scale}`")).with_help(help)]
    })?;
    Ok((Instrument { wanted, ..read }.only_what_it_reads(), (*text).to_owned()))
}

fn read(id: &str, file: &str, text: &str, codes: &CodeReader<'_>) -> Result<Instrument, Vec<Mistake>> {
    let (document, mut mistakes) = Document::read(file, text);
    if mistakes.is_empty() {
        mistakes.extend(schema::instrument(&document));
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let mut reader = Reader { codes: codes.fresh(), document: &document, mistakes };
    let root = document.root();
    let mut items = reader.items(&root);
    reader.recodings(&root, &mut items);
    let scales = reader.scales(&root, &mut items);
    let mut mistakes = reader.mistakes;
    mistakes.extend(reader.codes.mistakes.into_iter().filter(Mistake::is_error));
    if mistakes.is_empty() { Ok(Instrument { id: id.to_owned(), items, scales, wanted: 0 }) } else { Err(mistakes) }
}

type Bounds = (Number, Number);

struct Reader<'d, 'a, 's> {
    codes: CodeReader<'s>,
    document: &'d Document<'a>,
    mistakes: Vec<Mistake>,
}

impl Reader<'_, '_, '_> {
    fn error(&mut self, pointer: &str, message: String) {
        self.mistakes.push(self.document.at_value(Severity::Error, pointer, message));
    }

    fn items(&mut self, root: &Node<'_, '_>) -> Vec<Item> {
        let nodes = root.table("items");
        if nodes.len() > ITEMS_MAX {
            self.error("/items", format!("more than {ITEMS_MAX} items"));
        }
        let item = |(name, node): &(&str, Node<'_, '_>)| Item {
            name: (*name).to_owned(),
            codes: self.codes.set(node),
            recode: Vec::new(),
            bounds: None,
            step: None,
        };
        nodes.iter().take(ITEMS_MAX).map(item).collect()
    }

    /// The places of items by their names, below `node`.
    fn named(&mut self, node: &Node<'_, '_>, items: &[Item]) -> Vec<usize> {
        let mut found = Vec::new();
        for name in node.one_or_many() {
            let word = name.value.as_str().unwrap_or_default();
            match items.iter().position(|i| i.name == word) {
                Some(place) => found.push(place),
                None => self.unknown(&name.pointer, word, items.iter().map(|i| i.name.as_str())),
            }
        }
        found
    }

    fn unknown<'n>(&mut self, pointer: &str, word: &str, known: impl Iterator<Item = &'n str>) {
        let mistake = self.document.at_value(Severity::Error, pointer, format!("no item or scale is named `{word}`"));
        self.mistakes.push(match near(word, known) {
            Some(near) => mistake.with_help(format!("did you mean `{near}`?")),
            None => mistake,
        });
    }

    fn recodings(&mut self, root: &Node<'_, '_>, items: &mut [Item]) {
        for node in root.items("recode") {
            let places = match node.get("items") {
                Some(names) => self.named(&names, items),
                None => (0..items.len()).collect(),
            };
            let mut table = Vec::new();
            for (answer, points) in node.table("answers") {
                let Some(points) = number(&points) else { continue };
                match self.answer(answer) {
                    Ok(answer) => table.push((answer, points)),
                    Err(message) => self.error(&format!("{}/answers", node.pointer), message),
                }
            }
            for place in places {
                if !items[place].recode.is_empty() {
                    self.error(&node.pointer, format!("`{}` is recoded twice", items[place].name));
                }
                items[place].recode.clone_from(&table);
            }
        }
    }

    fn answer(&self, written: &str) -> Result<Answer, String> {
        if written.contains('|') {
            return self.codes.systems.coding(written).map(Answer::Code);
        }
        let wanted = || format!("`{written}` is no answer; wanted a number or system|code");
        Number::parse(written).map(Answer::Number).map_err(|_| wanted())
    }

    /// Scales in the order of the file; one may be made of those above it.
    fn scales(&mut self, root: &Node<'_, '_>, items: &mut [Item]) -> Vec<Scale> {
        let mut scales: Vec<Scale> = Vec::new();
        let nodes = root.table("scales");
        if nodes.len() > SCALES_MAX {
            self.error("/scales", format!("more than {SCALES_MAX} scales"));
        }
        let mut bounded: BTreeMap<usize, (Option<Bounds>, Option<Number>)> = BTreeMap::new();
        for (name, node) in nodes.into_iter().take(SCALES_MAX) {
            let scale = self.scale(name, &node, items, &scales);
            let own = scale.parts.iter().filter_map(|p| if let Part::Item(i) = p { Some(*i) } else { None });
            bounded.extend(own.map(|i| (i, (scale.bounds.clone(), scale.step.clone()))));
            scales.push(scale);
        }
        bounded.into_iter().for_each(|(i, (bounds, step))| (items[i].bounds, items[i].step) = (bounds, step));
        scales
    }

    fn scale(&mut self, name: &str, node: &Node<'_, '_>, items: &[Item], above: &[Scale]) -> Scale {
        let mut parts = Vec::new();
        for part in node.items("items") {
            let word = part.value.as_str().unwrap_or_default();
            let item = items.iter().position(|i| i.name == word).map(Part::Item);
            match item.or_else(|| above.iter().position(|s| s.name == word).map(Part::Scale)) {
                Some(part) => parts.push(part),
                None => {
                    let known = items.iter().map(|i| i.name.as_str()).chain(above.iter().map(|s| s.name.as_str()));
                    self.unknown(&part.pointer, word, known);
                }
            }
        }
        let score = match node.text("score") {
            Some("mean") => Score::Mean,
            Some("max") => Score::Max,
            _ => Score::Sum,
        };
        let bounds = self.bounds(node);
        let silent = if bounds.is_some() && score == Score::Sum { 1 } else { parts.len() };
        let at_least = node.get("at_least").and_then(|n| n.literal()?.parse().ok()).unwrap_or(silent);
        if at_least > parts.len() {
            self.error(&format!("{}/at_least", node.pointer), format!("the scale has only {} parts", parts.len()));
        }
        let by = node.get("raised_by").map(|n| self.named(&n, items)).unwrap_or_default();
        let raise = node.get("raise_to").and_then(|n| number(&n)).map(|to| (to, by));
        let step = node.get("step").and_then(|n| number(&n));
        let weights = self.weights(node, parts.len());
        Scale { name: name.to_owned(), parts, score, weights, at_least, bounds, raise, step }
    }

    /// A weight for each part; one of which a part may be unknown would have no meaning, so all must be answered.
    fn weights(&mut self, node: &Node<'_, '_>, parts: usize) -> Option<(Vec<Number>, Number)> {
        let written = node.get("weights")?;
        let weights: Vec<Number> = written.one_or_many().iter().filter_map(number).collect();
        if weights.len() != parts {
            let message = format!("{} weights for {parts} parts; wanted one for each", weights.len());
            self.error(&written.pointer, message);
        }
        for key in ["at_least", "bounds", "raise_to"] {
            if let Some(beside) = node.get(key) {
                self.error(
                    &beside.pointer,
                    format!("`{key}` has no meaning beside `weights`; all parts must be answered"),
                );
            }
        }
        if node.text("score") != Some("sum") {
            self.error(&format!("{}/score", node.pointer), "only a sum has weights; wanted score = \"sum\"".to_owned());
        }
        Some((weights, node.get("add").and_then(|n| number(&n)).unwrap_or(Number::ZERO)))
    }

    fn bounds(&mut self, node: &Node<'_, '_>) -> Option<(Number, Number)> {
        let all: Vec<Number> = node.items("bounds").iter().filter_map(number).collect();
        let [low, high] = <[Number; 2]>::try_from(all).ok()?;
        if low > high {
            self.error(
                &format!("{}/bounds", node.pointer),
                "the bounds run backwards; wanted the lower one first".into(),
            );
        }
        Some((low, high))
    }
}
