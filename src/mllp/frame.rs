//! Blocks of MLLP on a stream: 0x0B, the message, 0x1C 0x0D. What stands between blocks is no message, and is passed over.

use std::io;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::time::timeout;

const START: u8 = 0x0b;
const END: u8 = 0x1c;
const RETURN: u8 = 0x0d;

/// What came.
#[derive(Debug)]
pub(super) enum Block {
    /// A whole message.
    Whole(Vec<u8>),
    /// The beginning of one that is longer than is taken.
    TooLong(Vec<u8>),
    /// No more: the sender closed, or must be closed for this reason.
    End(Option<&'static str>),
}

/// A stream of blocks.
pub(super) struct Blocks<S> {
    stream: BufReader<S>,
    bytes: usize,
    idle: Duration,
    whole: Duration,
    /// Bytes in a row that belong to no block.
    stray: usize,
    /// Blocks that were begun anew before they had ended, since last asked.
    pub(super) broken: usize,
}

/// Bytes that are read before they are asked for.
const AHEAD: usize = 64 << 10;
/// Bytes in a row that belong to no block before the sender is taken for something else.
const STRAY_MAX: usize = 64 << 10;

impl<S: AsyncRead + AsyncWrite + Unpin> Blocks<S> {
    /// Blocks of at most so many bytes; `idle` may pass before one, `whole` within one and while an answer is taken.
    pub(super) fn new(stream: S, bytes: usize, idle: Duration, whole: Duration) -> Self {
        Self { stream: BufReader::with_capacity(AHEAD, stream), bytes, idle, whole, stray: 0, broken: 0 }
    }

    /// The next block.
    pub(super) async fn next(&mut self) -> io::Result<Block> {
        match timeout(self.idle, self.start()).await {
            Ok(Ok(true)) => {}
            Ok(Ok(false)) => {
                return Ok(Block::End((self.stray > STRAY_MAX).then_some("what came is no MLLP")));
            }
            Ok(Err(error)) => return Err(error),
            Err(_) => return Ok(Block::End(Some("nothing came for as long as a connection may rest"))),
        }
        match timeout(self.whole, self.rest()).await {
            Ok(block) => block,
            Err(_) => Ok(Block::End(Some("a block was not whole in time"))),
        }
    }

    /// The next block, where it has come whole already: of a sender that does not wait for each answer.
    pub(super) async fn waiting(&mut self) -> io::Result<Option<Block>> {
        let buffer = self.stream.buffer();
        let start = buffer.iter().position(|b| *b == START).unwrap_or(buffer.len());
        if buffer[start..].contains(&END) { self.next().await.map(Some) } else { Ok(None) }
    }

    /// Goes behind the next start of a block; `false`: there is none.
    async fn start(&mut self) -> io::Result<bool> {
        loop {
            let buffer = self.stream.fill_buf().await?;
            if buffer.is_empty() {
                return Ok(false);
            }
            let start = buffer.iter().position(|b| *b == START);
            let before = &buffer[..start.unwrap_or(buffer.len())];
            self.stray += before.iter().filter(|b| !b.is_ascii_whitespace()).count();
            let used = before.len() + usize::from(start.is_some());
            self.stream.consume(used);
            if self.stray > STRAY_MAX {
                return Ok(false);
            }
            if start.is_some() {
                return Ok(true);
            }
        }
    }

    /// How many bytes belonged to no block, since last asked.
    pub(super) fn stray(&mut self) -> usize {
        std::mem::take(&mut self.stray)
    }

    async fn rest(&mut self) -> io::Result<Block> {
        let mut block = Vec::new();
        loop {
            let buffer = self.stream.fill_buf().await?;
            if buffer.is_empty() {
                return Ok(Block::End(Some("the sender closed within a block")));
            }
            // Neither byte is part of a character in any set that is read here.
            let mark = buffer.iter().position(|b| matches!(*b, START | END));
            let part = &buffer[..mark.unwrap_or(buffer.len())];
            block.extend_from_slice(part);
            let (used, mark) = (part.len() + usize::from(mark.is_some()), mark.map(|at| buffer[at]));
            self.stream.consume(used);
            if block.len() > self.bytes {
                return Ok(Block::TooLong(block));
            }
            match mark {
                Some(END) => return Ok(Block::Whole(block)),
                // It was broken off, and begins anew.
                Some(_) => {
                    block.clear();
                    self.broken += 1;
                }
                None => {}
            }
        }
    }

    /// Sends a block.
    pub(super) async fn send(&mut self, message: &[u8]) -> io::Result<()> {
        let mut block = Vec::with_capacity(message.len() + 3);
        block.push(START);
        block.extend_from_slice(message);
        block.extend([END, RETURN]);
        let stream = self.stream.get_mut();
        let sent = async {
            stream.write_all(&block).await?;
            stream.flush().await
        };
        timeout(self.whole, sent).await.unwrap_or(Err(io::ErrorKind::TimedOut.into()))
    }

    /// Says goodbye as the stream's protocol wants it.
    pub(super) async fn close(mut self) {
        // Whoever is gone already hears nothing, and loses nothing.
        let _ = timeout(Duration::from_secs(1), self.stream.shutdown()).await;
    }
}
