//! Tokens to a tree, by recursive descent of bounded depth.

use super::{
    MAX_BYTES, MAX_DEPTH, SelectorError,
    ast::{Comparison, Expr},
    error::{Expected, Problem},
    lexer::{At, Lexer, Token},
};
use crate::alert::Text;

/// Reads a whole selector.
pub(super) fn parse(text: &str) -> Result<Expr, SelectorError> {
    let space: &[char] = &[' ', '\t', '\r', '\n'];
    let body = text.trim_start_matches(space);
    let skipped = text.len() - body.len();
    let located = |(at, problem)| SelectorError::new(column(text, skipped + at), problem);
    if text.len() > MAX_BYTES {
        let problem = Problem::TooLong {
            len: text.len(),
            max: MAX_BYTES,
        };
        return Err(SelectorError::new(1, problem));
    }
    Parser::new(body.trim_end_matches(space))
        .and_then(Parser::whole)
        .map_err(located)
}

/// Characters up to byte `at` of `text`, from 1.
fn column(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or(text).chars().count() + 1
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    token: Token<'a>,
    /// Byte where `token` begins.
    at: usize,
    depth: usize,
}

type Parsed<T> = Result<T, At<Problem>>;

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Parsed<Self> {
        let mut lexer = Lexer::new(text);
        let (at, token) = lexer.next()?;
        Ok(Self {
            lexer,
            token,
            at,
            depth: 0,
        })
    }

    fn whole(mut self) -> Parsed<Expr> {
        if self.token == Token::End {
            return Ok(Expr::All);
        }
        let expr = self.or()?;
        match self.token {
            Token::End if expr.height() > MAX_DEPTH => {
                Err((0, Problem::TooDeep { max: MAX_DEPTH }))
            }
            Token::End => Ok(expr),
            _ => Err(self.unexpected(Expected::Conjunction)),
        }
    }

    fn or(&mut self) -> Parsed<Expr> {
        self.joined(Token::Or, Self::and, Expr::Or)
    }

    fn and(&mut self) -> Parsed<Expr> {
        self.joined(Token::And, Self::not, Expr::And)
    }

    /// Operands separated by `joint`; one alone stands for itself.
    fn joined(
        &mut self,
        joint: Token<'static>,
        operand: fn(&mut Self) -> Parsed<Expr>,
        join: fn(Vec<Expr>) -> Expr,
    ) -> Parsed<Expr> {
        let first = operand(self)?;
        if self.token != joint {
            return Ok(first);
        }
        let mut operands = vec![first];
        while self.token == joint {
            self.advance()?;
            operands.push(operand(self)?);
        }
        Ok(join(operands))
    }

    fn not(&mut self) -> Parsed<Expr> {
        let mut negated = false;
        while self.token == Token::Not {
            negated = !negated;
            self.advance()?;
        }
        let test = self.test()?;
        Ok(if negated { Expr::not(test) } else { test })
    }

    fn test(&mut self) -> Parsed<Expr> {
        let expr = match self.token {
            Token::All => Expr::All,
            Token::Global => Expr::Global,
            Token::Has(label) => Expr::Has(label.into()),
            Token::LeftParen => return self.parenthesised(),
            Token::Label(label) => return self.comparison(label),
            _ => return Err(self.unexpected(Expected::Test)),
        };
        self.advance()?;
        Ok(expr)
    }

    fn parenthesised(&mut self) -> Parsed<Expr> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err((self.at, Problem::TooDeep { max: MAX_DEPTH }));
        }
        self.advance()?;
        let inner = self.or()?;
        if self.token != Token::RightParen {
            return Err(self.unexpected(Expected::ClosingParen));
        }
        self.advance()?;
        self.depth -= 1;
        Ok(inner)
    }

    fn comparison(&mut self, label: &'a str) -> Parsed<Expr> {
        let label_at = self.at;
        self.advance()?;
        let how = match self.token {
            Token::Equal => Comparison::Equal,
            Token::NotEqual => Comparison::NotEqual,
            Token::Contains => Comparison::Contains,
            Token::StartsWith => Comparison::StartsWith,
            Token::EndsWith => Comparison::EndsWith,
            Token::In => return Ok(Expr::In(label.into(), self.set()?)),
            Token::NotIn => return Ok(Expr::NotIn(label.into(), self.set()?)),
            Token::LeftParen => return Err(self.call_of_label(label_at, label)),
            _ => return Err(self.unexpected(Expected::Operator)),
        };
        self.advance()?;
        let Token::Literal(literal) = self.token else {
            return Err(self.unexpected(Expected::Literal));
        };
        self.advance()?;
        Ok(Expr::Compare(label.into(), how, literal.into()))
    }

    fn set(&mut self) -> Parsed<Box<[Box<str>]>> {
        self.advance()?;
        if self.token != Token::LeftBrace {
            return Err(self.unexpected(Expected::Set));
        }
        self.advance()?;
        let mut items: Vec<Box<str>> = Vec::new();
        while let Token::Literal(item) = self.token {
            items.push(item.into());
            self.advance()?;
            if self.token != Token::Comma {
                break;
            }
            self.advance()?;
        }
        if self.token != Token::RightBrace {
            return Err(self.unexpected(Expected::SetEnd));
        }
        self.advance()?;
        items.sort_unstable();
        items.dedup();
        Ok(items.into_boxed_slice())
    }

    fn advance(&mut self) -> Parsed<()> {
        (self.at, self.token) = self.lexer.next()?;
        Ok(())
    }

    fn unexpected(&self, expected: Expected) -> At<Problem> {
        let found = Text::cut(&self.token.to_string());
        (self.at, Problem::Unexpected { expected, found })
    }

    /// `has (x)` reads as a label named `has` before a parenthesis.
    fn call_of_label(&self, label_at: usize, label: &str) -> At<Problem> {
        match ["has", "all", "global"].into_iter().find(|f| *f == label) {
            Some(name) => (label_at, Problem::SpaceBeforeParen { name }),
            None => self.unexpected(Expected::Operator),
        }
    }
}
