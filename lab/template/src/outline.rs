//! What a template asks for and what it does with the answers, without executing it.

use std::collections::BTreeMap;

use crate::node::{Branch, Command, Node, Operand, Pipe, Term};
use crate::{Template, Value};

/// The calls of a template and the fields it takes from their answers, in the order in which they stand in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// The functions that are called.
    pub calls: Vec<FunctionCall>,
    /// The fields that are read.
    pub fields: Vec<FieldUse>,
}

/// `secret "pki/issue/web" "common_name=a"`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionCall {
    /// Its name.
    pub function: String,
    /// Where the name stands, in bytes of the template's text.
    pub position: usize,
    /// Its written arguments; `None` for one that is not a text as it stands.
    pub arguments: Vec<Option<String>>,
}

/// `.Data.certificate`, whatever stands for the dot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldUse {
    /// Where it stands, in bytes of the template's text.
    pub position: usize,
    /// The names from the answer on: inside `with .Data`, `.key` is `Data`, `key`.
    pub path: Vec<String>,
    /// The call in [`Outline::calls`] whose answer it is part of, where that can be told.
    pub of: Option<usize>,
    /// The calls in [`Outline::calls`] that it is passed on to, as in `.Key | writeToFile "/key"`.
    pub passed_to: Vec<usize>,
    /// Whether it is only asked whether it is there, as in `if .Key`.
    pub is_condition: bool,
}

impl Template {
    /// What it asks for and what it does with the answers. Definitions that are called by `template` count as if they
    /// stood alone.
    pub fn outline(&self) -> Outline {
        let mut walker = Walker::default();
        for nodes in self.definitions.values() {
            walker.variables.clear();
            walker.nodes(nodes, &Origin::default());
        }
        walker.outline.calls_in_order()
    }
}

impl Outline {
    fn calls_in_order(mut self) -> Self {
        let mut order: Vec<usize> = (0..self.calls.len()).collect();
        order.sort_by_key(|index| self.calls[*index].position);
        let mut place = vec![0; order.len()];
        for (new, old) in order.iter().enumerate() {
            place[*old] = new;
        }
        self.calls.sort_by_key(|call| call.position);
        for field in &mut self.fields {
            field.of = field.of.map(|old| place[old]);
            field.passed_to = field.passed_to.iter().map(|old| place[*old]).collect();
        }
        self.fields.sort_by_key(|field| field.position);
        self
    }
}

/// What a value is part of.
#[derive(Clone, Default)]
struct Origin {
    call: Option<usize>,
    path: Vec<String>,
}

#[derive(Default)]
struct Walker {
    outline: Outline,
    variables: BTreeMap<String, Origin>,
}

impl Walker {
    fn nodes(&mut self, nodes: &[Node], dot: &Origin) {
        for node in nodes {
            match node {
                Node::Text(_) | Node::Break | Node::Continue => {}
                Node::Action(pipe) => {
                    self.pipe(pipe, dot, false);
                }
                Node::If(branch) => {
                    self.pipe(&branch.pipe, dot, true);
                    self.branches(branch, dot, dot);
                }
                Node::With(branch) | Node::Range(branch) => {
                    let inner = self.pipe(&branch.pipe, dot, false);
                    self.branches(branch, &inner, dot);
                }
                Node::Template(call) => {
                    if let Some(pipe) = &call.pipe {
                        self.pipe(pipe, dot, false);
                    }
                }
            }
        }
    }

    fn branches(&mut self, branch: &Branch, inner: &Origin, outer: &Origin) {
        self.nodes(&branch.body, inner);
        self.nodes(&branch.otherwise, outer);
    }

    /// Notes a pipeline; answers what its value is part of.
    fn pipe(&mut self, pipe: &Pipe, dot: &Origin, is_condition: bool) -> Origin {
        let mut value = Origin::default();
        let first_field = self.outline.fields.len();
        let mut fields_end = first_field;
        for (index, command) in pipe.commands.iter().enumerate() {
            let own = self.command(command, dot, is_condition);
            if index == 0 {
                fields_end = self.outline.fields.len();
                value = own;
                continue;
            }
            if let Some(call) = own.call {
                for field in &mut self.outline.fields[first_field..fields_end] {
                    field.passed_to.push(call);
                }
            }
            value = own;
        }
        for variable in &pipe.declarations {
            self.variables.insert(variable.clone(), value.clone());
        }
        value
    }

    fn command(&mut self, command: &Command, dot: &Origin, is_condition: bool) -> Origin {
        let Some((first, arguments)) = command.operands.split_first() else { return Origin::default() };
        let Term::Function(function) = &first.term else {
            return self.operand(first, dot, is_condition);
        };
        for argument in arguments {
            self.operand(argument, dot, is_condition);
        }
        let text = |operand: &Operand| match &operand.term {
            Term::Text(_, Value::Text(text)) => Some(text.to_string()),
            _ => None,
        };
        self.outline.calls.push(FunctionCall {
            function: function.clone(),
            position: first.position,
            arguments: arguments.iter().map(text).collect(),
        });
        Origin { call: Some(self.outline.calls.len() - 1), path: Vec::new() }
    }

    fn operand(&mut self, operand: &Operand, dot: &Origin, is_condition: bool) -> Origin {
        let (base, names) = match &operand.term {
            Term::Dot => return dot.clone(),
            Term::Field(names) => (dot.clone(), names.as_slice()),
            Term::Variable(names) => {
                let Some((variable, names)) = names.split_first() else { return Origin::default() };
                (self.variables.get(variable).cloned().unwrap_or_default(), names)
            }
            Term::Chain(inner, names) => (self.operand(inner, dot, is_condition), names.as_slice()),
            Term::Pipe(pipe) => return self.pipe(pipe, dot, is_condition),
            Term::Function(function) => {
                self.outline.calls.push(FunctionCall {
                    function: function.clone(),
                    position: operand.position,
                    arguments: Vec::new(),
                });
                return Origin { call: Some(self.outline.calls.len() - 1), path: Vec::new() };
            }
            _ => return Origin::default(),
        };
        let mut path = base.path;
        path.extend(names.iter().cloned());
        if !names.is_empty() {
            self.outline.fields.push(FieldUse {
                position: operand.position,
                path: path.clone(),
                of: base.call,
                passed_to: Vec::new(),
                is_condition,
            });
        }
        Origin { call: base.call, path }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Functions, Options, Signature, Type};

    struct Everything;

    impl Functions for Everything {
        fn signature(&self, _name: &str) -> Option<Signature> {
            Some(Signature::variadic(&[], Type::Any))
        }

        fn call(&mut self, name: &str, _arguments: &[Value]) -> Result<Value, String> {
            Err(format!("{name} is not called here"))
        }
    }

    fn outline(text: &str) -> Outline {
        Template::parse("t", text, &Options::default(), &Everything).expect("it parses").outline()
    }

    #[test]
    fn fields_belong_to_the_call_around_them() {
        let outline = outline(
            r#"{{ with secret "pki/issue/a" "ttl=1h" }}{{ .Data.certificate }}{{ end }}{{ .other }}"#,
        );
        assert_eq!(outline.calls.len(), 1);
        let arguments = [Some("pki/issue/a".to_owned()), Some("ttl=1h".to_owned())];
        assert_eq!(outline.calls[0].arguments, arguments);
        let fields: Vec<(Option<usize>, String)> =
            outline.fields.iter().map(|field| (field.of, field.path.join("."))).collect();
        assert_eq!(fields, [(Some(0), "Data.certificate".to_owned()), (None, "other".to_owned())]);
    }

    #[test]
    fn variables_conditions_and_pipes_are_followed() {
        let text = r#"{{ $c := pkiCert "pki/issue/a" }}{{ $c.Cert }}{{ if $c.Key }}{{ $c.Key | writeToFile "/k" "u" "g" "0600" }}{{ end }}"#;
        let outline = outline(text);
        let key: Vec<&FieldUse> =
            outline.fields.iter().filter(|field| field.path == ["Key"] && field.of == Some(0)).collect();
        assert!(key[0].is_condition && !key[1].is_condition);
        assert_eq!(outline.calls[key[1].passed_to[0]].arguments[0].as_deref(), Some("/k"));
        assert_eq!(&text[key[1].position..key[1].position + 4], ".Key");
    }

    #[test]
    fn an_inner_with_keeps_the_way_from_the_answer_on() {
        let outline =
            outline(r#"{{ with secret "kv/a" }}{{ with .Data }}{{ .data.user }}{{ end }}{{ end }}"#);
        assert_eq!(outline.fields[1].path, ["Data", "data", "user"]);
        assert_eq!(outline.fields[1].of, Some(0));
    }
}
