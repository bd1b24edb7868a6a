//! YAML as `parseYAML` reads it: the first document of a text, as Go's `yaml.v2` takes it into an `interface{}`.

mod decode;
mod scalar;
mod tree;

use lab_template::Value;

use self::decode::Decoder;
use self::tree::Tree;

/// The value that a text holds. An empty text is an empty map. The error is the real one's.
pub(super) fn parse(text: &str) -> Result<Value, String> {
    if text.is_empty() {
        return Ok(Value::map([]));
    }
    let value = match Tree::read(text) {
        Ok(Some(tree)) => Decoder::new(&tree).decode(),
        Ok(None) => Ok(Value::Nil),
        Err(error) => Err(error),
    };
    value.map_err(|error| format!("yaml: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_piece_of_a_document_is_read_or_refused() {
        let whole = "---\na: &x [1, {b: \"\\u00e9\\n\", 'c d': ~}]\n\"k\":\n- - x: |+\n     é\n   y: >-\n  \t- z\n-\n<<: *x\n\
                     ...\n: ? é\n--- !!int 3\n%TAG ! e\n";
        let places: Vec<usize> = whole.char_indices().map(|(place, _)| place).chain([whole.len()]).collect();
        for from in &places {
            for to in places.iter().filter(|to| *to >= from) {
                // Whether it is YAML matters less than that it ends.
                let _ = parse(&whole[*from..*to]);
            }
        }
    }

    #[test]
    fn what_is_nested_deeply_is_refused() {
        for deep in ["[".repeat(100_000), "- ".repeat(100_000), "{a: ".repeat(100_000)] {
            let error = parse(&deep).err().unwrap_or_default();
            assert!(error.contains("200 levels deep") || error.contains("recursion limit"), "{error}");
        }
    }

    #[test]
    fn little_text_does_not_become_much() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let before = format!("*a{}, ", level - 1).repeat(9);
            text += &format!("a{level}: &a{level} [{before}]\n");
        }
        assert_eq!(parse(&text).err().as_deref(), Some("yaml: document contains excessive aliasing"));
    }
}
