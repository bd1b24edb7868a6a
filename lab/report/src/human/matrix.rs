//! Who reaches whom, before and after.

use std::collections::BTreeMap;
use std::io::{self, Write};

use lab_workflow::Phase;

use super::HEADING;

/// How many callers are shown one by one.
const SHOWN: usize = 12;

/// The connections that the machines made of themselves.
#[derive(Debug, Default)]
pub(super) struct Matrix {
    callers: Vec<String>,
    listeners: Vec<String>,
    marks: BTreeMap<(u8, String, String), char>,
}

impl Matrix {
    pub(super) fn seen(&mut self, phase: Phase, from: &str, to: &str, transport: &str, accepted: bool) {
        if !self.callers.iter().any(|known| known == from) {
            self.callers.push(from.to_owned());
        }
        if let Err(place) = self.listeners.binary_search_by(|known| known.as_str().cmp(to)) {
            self.listeners.insert(place, to.to_owned());
        }
        let mark = match (accepted, transport) {
            (false, _) => 'x',
            (true, "plaintext") => '.',
            (true, _) => '=',
        };
        let place = (phase as u8, from.to_owned(), to.to_owned());
        // One refused port is worth knowing even where another was answered.
        let known = self.marks.entry(place).or_insert(mark);
        if mark == 'x' {
            *known = mark;
        }
    }

    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        if self.marks.is_empty() {
            return Ok(());
        }
        let columns = self.listeners.iter().map(|name| format!("{:>4}", short(name))).collect::<String>();
        let gap = columns.len().max("before".len()) + 6;
        writeln!(out, "\n{HEADING}Who reaches whom over RPC{HEADING:#}   . plaintext   = mTLS   x refused")?;
        writeln!(out, "{:16}{:<gap$}after", "", "before")?;
        writeln!(out, "  {:<14}{columns:<gap$}{columns}", "from")?;
        let rows: Vec<String> = self
            .callers
            .iter()
            .map(|caller| {
                let [before, after] = [Phase::Before, Phase::After].map(|phase| self.row(phase, caller));
                format!("{before:<gap$}{after}").trim_end().to_owned()
            })
            .collect();
        for (caller, row) in self.callers.iter().zip(&rows).take(SHOWN) {
            writeln!(out, "  {caller:<14}{row}")?;
        }
        if let Some(last) = rows.get(SHOWN - 1).filter(|_| rows.len() > SHOWN) {
            let others = &rows[SHOWN..];
            let alike = others.iter().filter(|row| *row == last).count();
            writeln!(out, "  and {} more, {alike} of them alike", others.len())?;
        }
        Ok(())
    }

    fn row(&self, phase: Phase, caller: &str) -> String {
        let mark = |listener: &String| self.marks.get(&(phase as u8, caller.to_owned(), listener.clone()));
        self.listeners
            .iter()
            .map(|listener| format!("{:>4}", mark(listener).copied().unwrap_or(' ')))
            .collect()
    }
}

/// `server-1` as `s1`.
fn short(name: &str) -> String {
    let digits = name.trim_start_matches(|c: char| !c.is_ascii_digit());
    name.chars().take(1).chain(digits.chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_stands_before_and_after_side_by_side() {
        let mut matrix = Matrix::default();
        for (from, to) in [("server-1", "server-2"), ("client-1", "server-1"), ("client-1", "server-2")] {
            matrix.seen(Phase::Before, from, to, "plaintext", true);
            matrix.seen(Phase::After, from, to, "mtls", from == "client-1");
        }
        let mut out = Vec::new();
        matrix.write(&mut out).expect("memory takes everything");
        let text = String::from_utf8(out).expect("text");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[3], "  from            s1  s2        s1  s2");
        assert_eq!(lines[4], "  server-1             .             x");
        assert_eq!(lines[5], "  client-1         .   .         =   =");
    }

    #[test]
    fn many_callers_are_cut_short() {
        let mut matrix = Matrix::default();
        for number in 1..=200 {
            matrix.seen(Phase::Before, &format!("client-{number}"), "server-1", "plaintext", true);
        }
        let mut out = Vec::new();
        matrix.write(&mut out).expect("memory takes everything");
        assert!(String::from_utf8(out).expect("text").ends_with("  and 188 more, 188 of them alike\n"));
    }
}
