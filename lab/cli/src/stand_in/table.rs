//! Tables as the command lines print them: lines whose cells are padded to columns, as Go's `columnize` does it.
#![allow(dead_code, reason = "the other command lines come one after another")]

/// How lines become columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Columns {
    /// What stands between the cells of a line that comes in.
    pub(crate) delimiter: &'static str,
    /// What stands between the columns that come out.
    pub(crate) glue: &'static str,
    /// What stands where a cell is empty.
    pub(crate) empty: &'static str,
}

impl Columns {
    /// Nomad's lists: `ID|Name` becomes columns two spaces apart.
    pub(crate) const LIST: Self = Self { delimiter: "|", glue: "  ", empty: "<none>" };
    /// Nomad's keys and values: `ID|value` becomes `ID = value`.
    pub(crate) const PAIRS: Self = Self { delimiter: "|", glue: " = ", empty: "<none>" };
    /// Vault's tables; its delimiter is a character that no value has.
    pub(crate) const VAULT: Self = Self { delimiter: "♨", glue: "    ", empty: "n/a" };

    /// The lines in columns, without a line end after the last one. Cells lose the blanks around them; a line may have
    /// fewer cells than another, and its last one is not padded.
    pub(crate) fn format<S: AsRef<str>>(self, lines: &[S]) -> String {
        let rows: Vec<Vec<&str>> = lines.iter().map(|line| self.cells(line.as_ref())).collect();
        let mut widths: Vec<usize> = Vec::new();
        for row in &rows {
            widths.resize(widths.len().max(row.len()), 0);
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let lines: Vec<String> = rows.iter().map(|row| self.line(row, &widths)).collect();
        lines.join("\n")
    }

    /// The same with a line of dashes under the first one, each as long as the heading above it.
    pub(crate) fn format_underlined<S: AsRef<str>>(self, lines: &[S]) -> String {
        let Some(headings) = lines.first() else { return String::new() };
        let dashes: Vec<String> =
            headings.as_ref().split(self.delimiter).map(|heading| "-".repeat(heading.trim().len())).collect();
        let underline = dashes.join(self.delimiter);
        let mut all: Vec<&str> = lines.iter().map(AsRef::as_ref).collect();
        all.insert(1, &underline);
        self.format(&all)
    }

    fn cells(self, line: &str) -> Vec<&str> {
        let or_empty = |text| if str::is_empty(text) { self.empty } else { text };
        line.split(self.delimiter).map(|text| or_empty(text.trim())).collect()
    }

    fn line(self, row: &[&str], widths: &[usize]) -> String {
        let Some((last, others)) = row.split_last() else { return String::new() };
        let padded = others.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}{}", self.glue));
        padded.chain([(*last).to_owned()]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let lines = ["ID|Name|Status", "1| web |ready", "1234||down", "5"];
        assert_eq!(
            Columns::LIST.format(&lines),
            "ID    Name    Status\n1     web     ready\n1234  <none>  down\n5"
        );
        let pairs = ["ID|1234", "Node Name|ä b"];
        assert_eq!(Columns::PAIRS.format(&pairs), "ID        = 1234\nNode Name = ä b");
    }

    #[test]
    fn headings_are_underlined() {
        let table = Columns::VAULT.format_underlined(&["Key♨Value", "token♨a|b", "ä♨", "policies♨[x]"]);
        let wanted = "\
Key         Value
---         -----
token       a|b
ä           n/a
policies    [x]";
        assert_eq!(table, wanted);
        assert_eq!(Columns::VAULT.format_underlined::<&str>(&[]), "");
    }
}
