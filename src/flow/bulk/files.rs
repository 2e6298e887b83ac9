//! The files of a finished export, one after the other: lines are kept with the mark that says so in one commit.

use super::manifest::{File, Holds, Manifest, remarks, told};
use super::missing::Held;
use super::round::{Export, Met, coded};
use super::split::{LINE_MAX, Piece, Split};
use super::standing::Standing;
use crate::flow::lines::{CHUNK, CHUNK_BYTES, Line};
use crate::flow::mark::Mark;
use crate::flow::pull::{Halt, PAUSE_MAX, Pulled, TRIES, caller};
use crate::intake;
use crate::link::{Address, Broken, Download, Opened};
use crate::model::draft::ResourceType;
use crate::model::issue::Issue;
use crate::model::time::Instant;
use std::time::Duration;

/// Bytes of a line that is too long that are set aside.
const KEPT_OF_TOO_LONG: usize = 1 << 16;

/// Why a file was not read to its end.
enum Trouble {
    /// On the way: another try may help, at that moment if it was said.
    Passing(String, Option<Instant>),
    /// In the file or in the address: another try hardly helps.
    Damaged(String),
    /// The server knows it no more.
    Lost,
    /// Ours.
    Halt(Halt),
}

impl From<Halt> for Trouble {
    fn from(halt: Halt) -> Self {
        Self::Halt(halt)
    }
}

/// An export that is being read.
pub(super) struct Reading<'a> {
    export: &'a Export<'a>,
    pub(super) standing: Standing,
    pub(super) manifest: Manifest,
    at: &'a Address,
    pub(super) mark: Mark,
    /// What it holds, where what it does not hold is to be looked for.
    pub(super) met: Option<Held>,
}

/// Lines that wait for their commit.
#[derive(Default)]
struct Batch {
    lines: Vec<(String, Vec<u8>)>,
    bytes: usize,
}

impl Batch {
    fn is_full(&self) -> bool {
        self.lines.len() >= CHUNK || self.bytes >= CHUNK_BYTES
    }
}

impl<'a> Reading<'a> {
    pub(super) async fn begin(
        export: &'a Export<'a>,
        mut standing: Standing,
        manifest: Manifest,
        at: &'a Address,
    ) -> Result<Self, Halt> {
        let identity = (export.names.read.clone(), manifest.identity(&standing.status, standing.began));
        let mark = Mark::find(export.gateway, identity, false).await;
        let mark = mark.map_err(|refusal| Halt::new(refusal.words()))?;
        if manifest.of.is_none() {
            standing.tear("the manifest has no transactionTime: the next export asks from the same moment on".into());
        }
        if manifest.is_part {
            standing.tear("the manifest goes on elsewhere, which was not asked for: what is there was not read".into());
        }
        let met = (standing.since.is_none() && export.bulk.reread.is_some()).then(Held::default);
        Ok(Self { export, standing, manifest, at, mark, met })
    }

    /// Reads what was not read; what is wrong with one file does not keep the others.
    pub(super) async fn read_all(&mut self, pulled: &mut Pulled) -> Result<Met<()>, Halt> {
        for (number, file) in self.manifest.files.clone().iter().enumerate() {
            let was_read = (number as u64) < self.mark.stands.file;
            let holds_ids = file.holds == Holds::Resources && self.is_wanted(file);
            if was_read && !(holds_ids && self.met.is_some()) {
                continue;
            }
            if file.holds == Holds::Resources && !self.is_wanted(file) {
                let words = format!("a file of {}, a type that was not asked for, was passed over", file.kind);
                self.standing.tell(words);
                self.after(number).await?;
                continue;
            }
            match self.file(number, file).await {
                Ok(()) => pulled.files += 1,
                Err(Trouble::Lost) => return Ok(Met::Lost),
                Err(Trouble::Halt(halt)) => return Err(halt),
                Err(Trouble::Passing(words, later)) => {
                    return Err(Halt { later, ..Halt::new(named(number, file, &words)) });
                }
                Err(Trouble::Damaged(words)) => {
                    if let Some(met) = self.met.as_mut().filter(|_| was_read) {
                        met.is_part = true;
                        continue;
                    }
                    self.standing.tear(named(number, file, &words));
                    self.after(number).await?;
                }
            }
        }
        Ok(Met::There(()))
    }

    fn is_wanted(&self, file: &File) -> bool {
        let kind = ResourceType::named(&file.kind);
        // A file that does not say what it holds is read.
        file.kind.is_empty() || kind.is_some_and(|kind| self.export.feed.settings.types().contains(&kind))
    }

    /// The next file is next, whatever became of this one.
    async fn after(&mut self, number: usize) -> Result<(), Halt> {
        self.keep_standing().await?;
        let stands = &mut self.mark.stands;
        (stands.file, stands.lines, stands.filled, stands.bytes) = (number as u64 + 1, 0, 0, 0);
        stands.done = stands.file == self.manifest.files.len() as u64;
        self.mark.save(self.export.gateway).await.map_err(|refusal| Halt::new(refusal.words()))
    }

    /// What the export is torn by is kept before the mark moves past it: whoever goes on after a kill would not meet it.
    async fn keep_standing(&self) -> Result<(), Halt> {
        self.standing.save(self.export.gateway, self.export.feed, self.export.names).await
    }

    /// Reads one file, again where it breaks off; each time it goes on behind what is kept.
    async fn file(&mut self, number: usize, file: &File) -> Result<(), Trouble> {
        let mut turn = 1;
        loop {
            let stood = (self.mark.stands.file, self.mark.stands.lines);
            let trouble = match self.attempt(number, file, turn > 1).await {
                Ok(()) => return Ok(()),
                Err(trouble) => trouble,
            };
            let moved = stood != (self.mark.stands.file, self.mark.stands.lines);
            turn = if moved { 1 } else { turn };
            let pause = match &trouble {
                Trouble::Damaged(_) if turn == 1 => Duration::ZERO,
                Trouble::Passing(_, later) if turn < TRIES => {
                    let wanted = later.map(|at| self.export.gateway.now().until(at));
                    wanted.unwrap_or_else(|| Duration::from_secs(1 << (turn - 1)))
                }
                _ => return Err(trouble),
            };
            if pause > PAUSE_MAX {
                return Err(trouble);
            }
            turn += 1;
            tokio::time::sleep(pause).await;
        }
    }

    async fn attempt(&mut self, number: usize, file: &File, again: bool) -> Result<(), Trouble> {
        let mut download = self.open(file).await?;
        let (mut split, mut pieces, mut batch) = (Split::default(), Vec::new(), Batch::default());
        let (mut line, mut filled, mut bytes) = (0, 0, 0);
        loop {
            let mut heard = |stretch: &[u8]| {
                bytes += stretch.len() as u64;
                split.take(stretch, &mut pieces);
            };
            let (step, mut trouble) = match download.next(&mut heard).await {
                Ok(step) => (step, None),
                Err(Broken::Way(failure)) => (None, Some(Trouble::Passing(failure.text, None))),
                Err(Broken::Inside) => (None, Some(Trouble::Damaged("what is packed in it is damaged".into()))),
            };
            let is_end = step.is_none();
            if is_end && trouble.is_none() {
                trouble = rest(&mut split, &mut pieces, line, again);
            }
            for piece in pieces.drain(..) {
                line += 1;
                filled += u64::from(!is_empty(&piece));
                self.take(number, file, line, piece, &mut batch).await?;
                if batch.is_full() {
                    self.flush(number, file, (line, filled, bytes), &mut batch).await?;
                }
            }
            if is_end {
                self.flush(number, file, (line, filled, bytes), &mut batch).await?;
                return match trouble {
                    Some(trouble) => Err(trouble),
                    None => self.ended(number, file, filled).await,
                };
            }
        }
    }

    /// The file was read to its end: is that all of it?
    async fn ended(&mut self, number: usize, file: &File, filled: u64) -> Result<(), Trouble> {
        if (number as u64) < self.mark.stands.file {
            return Ok(());
        }
        match file.count {
            Some(count) if filled < count => {
                self.standing.tear(named(number, file, &format!("{filled} lines where the manifest counts {count}")));
            }
            Some(count) if filled > count => {
                self.standing.tell(named(number, file, &format!("{filled} lines where the manifest counts {count}")));
            }
            _ => {}
        }
        Ok(self.after(number).await?)
    }

    async fn open(&self, file: &File) -> Result<Box<Download>, Trouble> {
        let (client, now) = (&self.export.feed.client, self.export.gateway.now());
        let address = client.address(&file.url, Some(self.at), self.export.origins);
        let address = address.map_err(|failure| Trouble::Damaged(failure.text))?;
        // Where it is not said, credentials go to the origin of the base alone.
        let signed = self.manifest.signed.unwrap_or_else(|| client.is_own(&address));
        match client.open(&address, signed, now).await {
            Ok(Opened::File(download)) => Ok(download),
            Ok(Opened::Other(answer)) if answer.is_gone() => Err(Trouble::Lost),
            Ok(Opened::Other(answer)) if answer.is_passing() => {
                Err(Trouble::Passing(coded(&answer), answer.retry_after))
            }
            Ok(Opened::Other(answer)) => Err(Trouble::Damaged(coded(&answer))),
            // Credentials that are refused are refused for every file.
            Err(failure) if failure.lasting => Err(Trouble::Halt(Halt::unanswered(failure))),
            Err(failure) => Err(Trouble::Passing(failure.text, failure.later)),
        }
    }

    /// One line, if it is not kept already.
    async fn take(
        &mut self,
        number: usize,
        file: &File,
        line: u64,
        piece: Piece,
        batch: &mut Batch,
    ) -> Result<(), Halt> {
        let Piece::Line(body) = &piece else { return self.too_long(number, file, line, piece).await };
        let body = body.trim_ascii();
        if body.is_empty() {
            return Ok(());
        }
        if file.holds == Holds::Resources
            && let Some(met) = &mut self.met
        {
            met.note(body);
        }
        if !self.is_read(number, line) {
            batch.bytes += body.len();
            batch.lines.push((place(number, file, line), body.to_vec()));
        }
        Ok(())
    }

    fn is_read(&self, number: usize, line: u64) -> bool {
        let (file, stands) = (number as u64, &self.mark.stands);
        file < stands.file || (file == stands.file && line <= stands.lines)
    }

    async fn too_long(&mut self, number: usize, file: &File, line: u64, piece: Piece) -> Result<(), Halt> {
        let (Piece::TooLong(body) | Piece::Line(body)) = piece;
        if self.is_read(number, line) {
            return Ok(());
        }
        let text = format!("a line longer than {LINE_MAX} bytes; only its beginning is kept here");
        self.standing.tear(named(number, file, &format!("line {line} is longer than {LINE_MAX} bytes")));
        self.keep_standing().await?;
        let beginning = &body[..body.len().min(KEPT_OF_TOO_LONG)];
        self.aside(&place(number, file, line), beginning, Issue::error("too-long", "", text)).await
    }

    /// Sets a line aside; done twice after a kill, the second finds it done.
    async fn aside(&mut self, place: &str, body: &[u8], issue: Issue) -> Result<(), Halt> {
        let (gateway, line) = (self.export.gateway, Line { place, body });
        let loaded = &mut self.mark.stands.loaded;
        let done = gateway.set_aside(self.export.source, &line, &[issue], &caller(), loaded).await;
        done.map_err(|refusal| Halt::new(refusal.words()))
    }

    /// Keeps what waits and the mark behind it.
    async fn flush(
        &mut self,
        number: usize,
        file: &File,
        (line, filled, bytes): (u64, u64, u64),
        batch: &mut Batch,
    ) -> Result<(), Halt> {
        if self.is_read(number, line) {
            return Ok(());
        }
        let lines = std::mem::take(batch).lines;
        let stood = (self.mark.stands.lines, self.mark.stands.filled, self.mark.stands.bytes);
        let stands = &mut self.mark.stands;
        (stands.lines, stands.filled, stands.bytes) = (line, filled, bytes);
        let done = match file.holds {
            Holds::Resources => self.resources(&lines).await,
            Holds::Deletions => self.deletions(&lines).await,
            Holds::Errors => self.errors(number, file, &lines).await,
        };
        if done.is_err() {
            let stands = &mut self.mark.stands;
            (stands.lines, stands.filled, stands.bytes) = stood;
        }
        done
    }

    async fn resources(&mut self, lines: &[(String, Vec<u8>)]) -> Result<(), Halt> {
        let lines: Vec<Line<'_>> = lines.iter().map(|(place, body)| Line { place, body }).collect();
        let done = self.export.gateway.load_marked(self.export.source, &lines, &caller(), &mut self.mark).await;
        done.map_err(|refusal| Halt::new(refusal.words()))
    }

    /// Bundles with DELETE entries: what they name is deleted. Done twice after a kill, the second finds it done.
    async fn deletions(&mut self, lines: &[(String, Vec<u8>)]) -> Result<(), Halt> {
        let (gateway, source) = (self.export.gateway, self.export.source);
        for (place, body) in lines {
            let read = intake::read_bundle(body);
            let deletes = read.entries.iter().filter(|entry| entry.method.as_deref() == Some("DELETE"));
            let named: Vec<Option<(&str, &str)>> = deletes.map(|entry| named_by(entry.url.as_deref()?)).collect();
            if named.is_empty() || named.iter().any(Option::is_none) {
                let text = "no Bundle of entries whose request is DELETE of a type and an id";
                self.aside(place, body, Issue::error("structure", "Bundle.entry.request", text)).await?;
            }
            for (kind, id) in named.into_iter().flatten() {
                let Some(kind) = ResourceType::named(kind) else {
                    self.mark.stands.loaded.ignored(kind);
                    continue;
                };
                let done = gateway.delete(source, kind, id, None, caller()).await;
                done.map_err(|refusal| Halt::new(refusal.words()))?;
                self.mark.stands.loaded.deleted();
            }
        }
        self.mark.save(gateway).await.map_err(|refusal| Halt::new(refusal.words()))
    }

    /// OperationOutcomes: told by their codes, and where one is an error set aside, for its words may name somebody.
    async fn errors(&mut self, number: usize, file: &File, lines: &[(String, Vec<u8>)]) -> Result<(), Halt> {
        let (mut grave, mut light) = (Vec::new(), Vec::new());
        for (place, body) in lines {
            let outcome = serde_json::from_slice(body).unwrap_or_default();
            let all = remarks(&outcome);
            let is_grave = |remark: &String| remark.starts_with("error") || remark.starts_with("fatal");
            let (errors, others): (Vec<_>, Vec<_>) = all.into_iter().partition(is_grave);
            if !errors.is_empty() || others.is_empty() {
                let text = "an error that the source tells beside its export";
                self.aside(place, body, Issue::error("processing", "", text)).await?;
            }
            grave.extend(errors);
            light.extend(others);
        }
        if !light.is_empty() {
            self.standing.tell(format!("the server remarks {}", told(&light)));
        }
        if !grave.is_empty() {
            self.standing.tear(named(number, file, &format!("the server could not export all: {}", told(&grave))));
        }
        self.keep_standing().await?;
        self.mark.save(self.export.gateway).await.map_err(|refusal| Halt::new(refusal.words()))
    }
}

/// What stands after the last end of a line: a line, or one that was cut off.
fn rest(split: &mut Split, pieces: &mut Vec<Piece>, line: u64, again: bool) -> Option<Trouble> {
    let rest = split.rest()?;
    let is_whole = matches!(&rest, Piece::Line(body) if serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok());
    let number = line + pieces.len() as u64 + 1;
    if is_whole || again {
        // At the second time it is set aside as it is.
        pieces.push(rest);
    }
    (!is_whole).then(|| Trouble::Damaged(format!("it ends in the middle of line {number}")))
}

fn is_empty(piece: &Piece) -> bool {
    matches!(piece, Piece::Line(body) if body.trim_ascii().is_empty())
}

fn place(number: usize, file: &File, line: u64) -> String {
    format!("export {} file {}:{line}", file.kind, number + 1)
}

fn named(number: usize, file: &File, words: &str) -> String {
    format!("{} file {}: {words}", file.kind, number + 1)
}

/// Type and id of `Patient/123`, also behind a base.
fn named_by(url: &str) -> Option<(&str, &str)> {
    let mut parts = url.trim_end_matches('/').rsplit('/');
    let (id, kind) = (parts.next()?, parts.next()?);
    (!id.is_empty() && !kind.is_empty()).then_some((kind, id))
}
