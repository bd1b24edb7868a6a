//! The table of everything, from its text.

use std::sync::OnceLock;

/// Everything that a file may hold.
pub(super) struct Schema {
    pub(super) root: Table,
    pub(super) durations: Vec<Duration>,
}

/// What a block may hold.
#[derive(Default)]
pub(super) struct Table {
    pub(super) fields: Vec<Field>,
    /// Names that are tolerated besides, a star behind those that may be repeated; `None` where every name is.
    pub(super) tolerated: Option<Vec<&'static str>>,
}

/// A parameter.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: Type,
}

/// What a parameter holds.
pub(super) enum Type {
    Text,
    Flag,
    Integer,
    Float,
    Texts,
    /// Texts by name.
    Map,
    Block(Table),
    /// Blocks with a label each.
    Blocks(Table),
    Any,
}

/// A text that must be a duration.
pub(super) struct Duration {
    /// What messages call it.
    pub(super) name: &'static str,
    pub(super) path: Vec<&'static str>,
}

/// The table, made once.
pub(super) fn schema() -> &'static Schema {
    static SCHEMA: OnceLock<Schema> = OnceLock::new();
    SCHEMA.get_or_init(|| read(include_str!("schema.txt")))
}

fn read(text: &'static str) -> Schema {
    let mut schema = Schema { root: Table::default(), durations: Vec::new() };
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["duration", name, path] => {
                schema.durations.push(Duration { name, path: path.split('.').collect() });
            }
            ["unused", path, tolerated @ ..] => {
                let path = path.split('.').filter(|name| !name.is_empty());
                if let Some(table) = inside(&mut schema.root, path) {
                    table.tolerated = Some(tolerated.to_vec());
                }
            }
            [path, kind] => {
                let (blocks, name) = path.rsplit_once('.').unwrap_or(("", path));
                let blocks = blocks.split('.').filter(|name| !name.is_empty());
                if let Some(table) = inside(&mut schema.root, blocks) {
                    table.fields.push(Field { name, kind: kind_of(kind) });
                }
            }
            _ => {}
        }
    }
    schema
}

fn inside(root: &mut Table, path: impl Iterator<Item = &'static str>) -> Option<&mut Table> {
    let mut table = root;
    for name in path {
        let field = table.fields.iter_mut().find(|field| field.name == name)?;
        table = match &mut field.kind {
            Type::Block(inner) | Type::Blocks(inner) => inner,
            _ => return None,
        };
    }
    Some(table)
}

fn kind_of(word: &str) -> Type {
    match word {
        "text" => Type::Text,
        "flag" => Type::Flag,
        "integer" => Type::Integer,
        "float" => Type::Float,
        "texts" => Type::Texts,
        "map" => Type::Map,
        "block" => Type::Block(Table::default()),
        "blocks" => Type::Blocks(Table::default()),
        _ => Type::Any,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_understood() {
        let lines = include_str!("schema.txt").lines().filter(|line| !line.starts_with('#')).count();
        fn count(table: &Table) -> usize {
            let inner = table.fields.iter().map(|field| match &field.kind {
                Type::Block(inner) | Type::Blocks(inner) => 1 + count(inner),
                _ => 1,
            });
            usize::from(table.tolerated.is_some()) + inner.sum::<usize>()
        }
        let schema = schema();
        assert_eq!(count(&schema.root) + schema.durations.len(), lines);
    }
}
