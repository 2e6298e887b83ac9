//! Reduced ordered decision diagrams over quantities with finitely many cells.

use std::collections::HashMap;

/// Most nodes of a diagram.
pub(super) const NODES_MAX: usize = 100_000;
/// The leaf of what does not hold.
pub(super) const FALSE: usize = 0;
/// The leaf of what holds.
pub(super) const TRUE: usize = 1;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Op {
    And,
    Or,
    Xor,
}

/// Nodes of all diagrams of one evaluation; equal ones are one.
#[derive(Debug, Default)]
pub(super) struct Diagram {
    nodes: Vec<(usize, Vec<usize>)>,
    unique: HashMap<(usize, Vec<usize>), usize>,
    memo: HashMap<(Op, usize, usize), usize>,
    /// It grew too large, and what comes out means nothing.
    pub(super) full: bool,
}

impl Diagram {
    /// The node that asks a quantity and goes on by its cell.
    pub(super) fn node(&mut self, quantity: usize, children: Vec<usize>) -> usize {
        if let Some(first) = children.first()
            && children.iter().all(|c| c == first)
        {
            return *first;
        }
        let key = (quantity, children);
        if let Some(known) = self.unique.get(&key) {
            return *known;
        }
        if self.nodes.len() >= NODES_MAX {
            self.full = true;
            return FALSE;
        }
        self.nodes.push(key.clone());
        let id = self.nodes.len() + 1;
        self.unique.insert(key, id);
        id
    }

    pub(super) fn and(&mut self, a: usize, b: usize) -> usize {
        match (a, b) {
            (FALSE, _) | (_, FALSE) => FALSE,
            (TRUE, other) | (other, TRUE) => other,
            _ if a == b => a,
            _ => self.apply(Op::And, a, b),
        }
    }

    pub(super) fn or(&mut self, a: usize, b: usize) -> usize {
        match (a, b) {
            (TRUE, _) | (_, TRUE) => TRUE,
            (FALSE, other) | (other, FALSE) => other,
            _ if a == b => a,
            _ => self.apply(Op::Or, a, b),
        }
    }

    pub(super) fn xor(&mut self, a: usize, b: usize) -> usize {
        match (a, b) {
            (FALSE, other) | (other, FALSE) => other,
            _ if a == b => FALSE,
            (TRUE, TRUE) => FALSE,
            _ => self.apply(Op::Xor, a, b),
        }
    }

    pub(super) fn not(&mut self, a: usize) -> usize {
        match a {
            FALSE => TRUE,
            TRUE => FALSE,
            _ => self.apply(Op::Xor, a, TRUE),
        }
    }

    /// `then` where the condition holds, else `otherwise`.
    pub(super) fn choose(&mut self, condition: usize, then: usize, otherwise: usize) -> usize {
        let a = self.and(condition, then);
        let not = self.not(condition);
        let b = self.and(not, otherwise);
        self.or(a, b)
    }

    /// At least `n` of them hold.
    pub(super) fn at_least(&mut self, n: usize, of: &[usize]) -> usize {
        let mut counts = vec![FALSE; n + 1];
        counts[0] = TRUE;
        for item in of.iter().rev() {
            for k in (1..=n).rev() {
                counts[k] = self.choose(*item, counts[k - 1], counts[k]);
            }
        }
        counts[n]
    }

    fn apply(&mut self, op: Op, a: usize, b: usize) -> usize {
        let (a, b) = if a <= b { (a, b) } else { (b, a) };
        if let Some(known) = self.memo.get(&(op, a, b)) {
            return *known;
        }
        if self.full {
            return FALSE;
        }
        let (qa, qb) = (self.quantity(a), self.quantity(b));
        let quantity = qa.min(qb);
        let cells = self.cells(if qa <= qb { a } else { b });
        let children: Vec<usize> = (0..cells)
            .map(|cell| {
                let x = if qa == quantity { self.nodes[a - 2].1[cell] } else { a };
                let y = if qb == quantity { self.nodes[b - 2].1[cell] } else { b };
                match op {
                    Op::And => self.and(x, y),
                    Op::Or => self.or(x, y),
                    Op::Xor => self.xor(x, y),
                }
            })
            .collect();
        let id = self.node(quantity, children);
        self.memo.insert((op, a, b), id);
        id
    }

    fn quantity(&self, id: usize) -> usize {
        if id < 2 { usize::MAX } else { self.nodes[id - 2].0 }
    }

    fn cells(&self, id: usize) -> usize {
        if id < 2 { 0 } else { self.nodes[id - 2].1.len() }
    }

    /// The quantities that are still asked on some way from this node, in order.
    pub(super) fn asked(&self, root: usize) -> Vec<usize> {
        let mut seen = vec![false; self.nodes.len() + 2];
        let (mut found, mut stack) = (Vec::new(), vec![root]);
        while let Some(id) = stack.pop() {
            if id < 2 || std::mem::replace(&mut seen[id], true) {
                continue;
            }
            let (quantity, children) = &self.nodes[id - 2];
            found.push(*quantity);
            stack.extend(children);
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}
