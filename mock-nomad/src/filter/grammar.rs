//! The rules, tried in the order in which the real grammar has them.

use super::expression::{Expression, Operator};
use super::parser::Parser;

/// A whole text.
pub(super) fn input(p: &mut Parser<'_>) -> Option<Expression> {
    p.attempt(|p| {
        p.blanks();
        p.word("(")?;
        p.blanks();
        let inner = or(p)?;
        p.blanks();
        p.word(")")?;
        p.blanks();
        p.end()?;
        Some(inner)
    })
    .or_else(|| {
        p.attempt(|p| {
            p.blanks();
            let inner = or(p)?;
            p.blanks();
            p.end()?;
            Some(inner)
        })
    })
}

fn or(p: &mut Parser<'_>) -> Option<Expression> {
    let left = p.attempt(and)?;
    let right = p.attempt(|p| {
        p.blank()?;
        p.word("or")?;
        p.blank()?;
        or(p)
    });
    Some(match right {
        Some(right) => Expression::Or(Box::new(left), Box::new(right)),
        None => left,
    })
}

fn and(p: &mut Parser<'_>) -> Option<Expression> {
    let left = p.attempt(not)?;
    let right = p.attempt(|p| {
        p.blank()?;
        p.word("and")?;
        p.blank()?;
        and(p)
    });
    Some(match right {
        Some(right) => Expression::And(Box::new(left), Box::new(right)),
        None => left,
    })
}

fn not(p: &mut Parser<'_>) -> Option<Expression> {
    let negated = p.attempt(|p| {
        p.word("not")?;
        p.blank()?;
        not(p)
    });
    match negated {
        // Two of them are none.
        Some(Expression::Not(inner)) => Some(*inner),
        Some(inner) => Some(Expression::Not(Box::new(inner))),
        None => p.attempt(grouping),
    }
}

fn grouping(p: &mut Parser<'_>) -> Option<Expression> {
    let inside = |p: &mut Parser<'_>| {
        p.word("(")?;
        p.blanks();
        let inner = or(p)?;
        p.blanks();
        Some(inner)
    };
    let whole = p.attempt(|p| {
        let inner = inside(p)?;
        p.word(")")?;
        Some(inner)
    });
    whole.or_else(|| p.attempt(each)).or_else(|| p.attempt(comparison)).or_else(|| {
        p.attempt(|p| {
            inside(p)?;
            if p.sees(|p| p.word(")")) { None } else { p.fault("grouping", "Unmatched parentheses") }
        })
    })
}

fn each(p: &mut Parser<'_>) -> Option<Expression> {
    let all = match p.word("all") {
        Some(()) => true,
        None => {
            p.word("any")?;
            false
        }
    };
    p.blank()?;
    let selector = selector(p)?;
    p.blank()?;
    p.word("as")?;
    p.blank()?;
    let mut names = vec![identifier(p)?];
    let second = p.attempt(|p| {
        p.blanks();
        p.word(",")?;
        p.blanks();
        identifier(p)
    });
    names.extend(second);
    p.blanks();
    p.word("{")?;
    p.blanks();
    let inner = Box::new(or(p)?);
    p.blanks();
    p.word("}")?;
    Some(Expression::Each { all, selector, names, inner })
}

fn comparison(p: &mut Parser<'_>) -> Option<Expression> {
    p.attempt(|p| {
        let selector = selector(p)?;
        let operator = comparing(p)?;
        let value = value(p)?;
        Some(Expression::Match { selector, operator, value })
    })
    .or_else(|| {
        p.attempt(|p| {
            let selector = selector(p)?;
            let operator = looking(p)?;
            Some(Expression::Match { selector, operator, value: String::new() })
        })
    })
    .or_else(|| p.attempt(membership))
}

fn membership(p: &mut Parser<'_>) -> Option<Expression> {
    let value = value(p)?;
    p.blank()?;
    let negated = p
        .attempt(|p| {
            p.word("not")?;
            p.blank()
        })
        .is_some();
    p.word("in")?;
    p.blank()?;
    let operator = if negated { Operator::NotContains } else { Operator::Contains };
    match p.attempt(selector) {
        Some(selector) => Some(Expression::Match { selector, operator, value }),
        None => p.fault("match", "Invalid selector"),
    }
}

fn comparing(p: &mut Parser<'_>) -> Option<Operator> {
    for (sign, operator) in [("==", Operator::Equal), ("!=", Operator::NotEqual)] {
        let found = p.attempt(|p| {
            p.blanks();
            p.word(sign)?;
            p.blanks();
            Some(operator)
        });
        if found.is_some() {
            return found;
        }
    }
    let words: [(&[&str], Operator); 4] = [
        (&["contains"], Operator::Contains),
        (&["not", "contains"], Operator::NotContains),
        (&["matches"], Operator::Matches),
        (&["not", "matches"], Operator::NotMatches),
    ];
    words.into_iter().find_map(|(words, operator)| {
        p.attempt(|p| {
            p.blank()?;
            for word in words {
                p.word(word)?;
                p.blank()?;
            }
            Some(operator)
        })
    })
}

fn looking(p: &mut Parser<'_>) -> Option<Operator> {
    let words: [(&[&str], Operator); 4] = [
        (&["is", "empty"], Operator::IsEmpty),
        (&["is", "not", "empty"], Operator::IsNotEmpty),
        (&["is", "nil"], Operator::IsNil),
        (&["is", "not", "nil"], Operator::IsNotNil),
    ];
    words.into_iter().find_map(|(words, operator)| {
        p.attempt(|p| {
            for word in words {
                p.blank()?;
                p.word(word)?;
            }
            Some(operator)
        })
    })
}

fn selector(p: &mut Parser<'_>) -> Option<Vec<String>> {
    let named = p.attempt(|p| {
        let mut path = vec![identifier(p)?];
        while let Some(part) = p.attempt(part) {
            path.push(part);
        }
        Some(path)
    });
    named.or_else(|| p.attempt(pointer))
}

fn part(p: &mut Parser<'_>) -> Option<String> {
    p.attempt(|p| {
        p.word(".")?;
        identifier(p)
    })
    .or_else(|| p.attempt(index))
}

fn index(p: &mut Parser<'_>) -> Option<String> {
    p.word("[")?;
    p.blanks();
    let Some(key) = p.attempt(string) else { return p.fault("index", "Invalid index") };
    p.blanks();
    match p.word("]") {
        Some(()) => Some(key),
        None => p.fault("index", "Unclosed index expression"),
    }
}

/// `"/Meta/team"`
fn pointer(p: &mut Parser<'_>) -> Option<Vec<String>> {
    p.word("\"")?;
    let mut path = Vec::new();
    while p.attempt(|p| if p.sees(|p| p.word("/")) { p.word("/") } else { None }).is_some() {
        let mut segment = String::new();
        let letter = |c: char| c.is_alphanumeric() || "-_.~:|".contains(c);
        while p.sees(|p| p.class("", letter)) {
            segment.extend(p.class("", letter));
        }
        path.push(segment.replace("~1", "/").replace("~0", "~"));
    }
    if path.is_empty() || !p.sees(|p| p.word("\"")) {
        return None;
    }
    p.word("\"")?;
    Some(path)
}

fn identifier(p: &mut Parser<'_>) -> Option<String> {
    let mut name = String::from(p.class("[a-zA-Z]", |c| c.is_ascii_alphabetic())?);
    while let Some(next) = p.class("[a-zA-Z0-9_/]", |c| c.is_ascii_alphanumeric() || matches!(c, '_' | '/')) {
        name.push(next);
    }
    Some(name)
}

fn value(p: &mut Parser<'_>) -> Option<String> {
    let named = p.attempt(|p| {
        let mut path = vec![identifier(p)?];
        while let Some(part) = p.attempt(part) {
            path.push(part);
        }
        Some(path.join("."))
    });
    named.or_else(|| p.attempt(number)).or_else(|| p.attempt(string))
}

fn number(p: &mut Parser<'_>) -> Option<String> {
    let mut text = String::new();
    if p.word("-").is_some() {
        text.push('-');
    }
    match p.word("0") {
        Some(()) => text.push('0'),
        None => {
            text.push(p.class("[1-9]", |c| matches!(c, '1'..='9'))?);
            digits(p, &mut text);
        }
    }
    if p.sees(|p| p.word(".")) {
        p.word(".")?;
        text.push('.');
        digits(p, &mut text);
    }
    Some(text)
}

fn digits(p: &mut Parser<'_>, text: &mut String) {
    while let Some(digit) = p.class("[0-9]", |c| c.is_ascii_digit()) {
        text.push(digit);
    }
}

fn string(p: &mut Parser<'_>) -> Option<String> {
    let quote = match p.word("`") {
        Some(()) => '`',
        None => {
            p.word("\"")?;
            '"'
        }
    };
    let mut text = String::new();
    loop {
        // The characters of a text are no alternatives to anything.
        if p.sees(|p| p.class("", |c| c == quote)) {
            p.class("", |c| c == quote)?;
            return Some(text);
        }
        if !p.sees(|p| p.class("", |_| true)) {
            return p.fault("string", "Unterminated string literal");
        }
        let next = p.class("", |_| true)?;
        match next {
            '\\' if quote == '"' => text.push(escaped(p)?),
            other => text.push(other),
        }
    }
}

fn escaped(p: &mut Parser<'_>) -> Option<char> {
    Some(match p.class("", |_| true)? {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        other => other,
    })
}
