//! What trees say, as numbers: to see that two say the same without keeping or printing them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::marker::PhantomData;

use rustc_hash::FxBuildHasher;

use super::{Check, Expr, ExprKind, Operand, OperandKind, Right, Shared, Test, Value};

/// Makes the numbers of trees that live meanwhile. Lists that they share are looked at once.
#[derive(Default)]
pub struct Digester<'t> {
    /// By the address of a list: the number of its parts.
    lists: HashMap<usize, u64, FxBuildHasher>,
    trees: PhantomData<&'t Expr>,
}

impl<'t> Digester<'t> {
    /// A number of all that the tree says. Where its parts stand, how they are laid out and by which names they came there is
    /// no part of that.
    pub fn digest(&mut self, tree: &'t Expr) -> u64 {
        let (tag, part) = match &tree.kind {
            ExprKind::And(parts) => (0_u8, self.list(parts, Self::digest)),
            ExprKind::Or(parts) => (1, self.list(parts, Self::digest)),
            ExprKind::Not(part) => (2, self.digest(part)),
            ExprKind::Macro(name) => (3, number(name)),
            ExprKind::Check(check) => (4, self.check(check)),
        };
        number(&(tag, part))
    }

    fn check(&mut self, check: &'t Check) -> u64 {
        let left = self.operand(&check.left);
        match &check.test {
            Test::Exists => left,
            Test::Compare { op, modifier, right } => {
                let (tag, value) = match right {
                    Right::Value(value) => (0_u8, Self::value(value)),
                    Right::List(values) => (1, self.list(values, |_, value| Self::value(value))),
                    Right::Name(value) => (2, Self::value(value)),
                    Right::Call(operand) => (3, self.operand(operand)),
                };
                number(&(left, op, modifier, tag, value))
            }
        }
    }

    fn operand(&mut self, operand: &'t Operand) -> u64 {
        match &operand.kind {
            OperandKind::Field { name, arg } => number(&(0_u8, name, arg)),
            OperandKind::Call { transformer, args, index } => {
                let args: Vec<u64> = args.iter().map(|arg| self.operand(arg)).collect();
                number(&(1_u8, transformer, args, index))
            }
            OperandKind::List(items) => {
                let items: Vec<u64> = items.iter().map(|item| self.operand(item)).collect();
                number(&(2_u8, items))
            }
            OperandKind::Value(value) => number(&(3_u8, Self::value(value))),
        }
    }

    /// Quotes change nothing, as in print.
    fn value(value: &Value) -> u64 {
        number(&value.bytes)
    }

    fn list<T>(&mut self, list: &'t Shared<T>, of: impl Fn(&mut Self, &'t T) -> u64) -> u64 {
        let place = list.address() as usize;
        if list.has_clones()
            && let Entry::Occupied(known) = self.lists.entry(place)
        {
            return *known.get();
        }
        let parts: Vec<u64> = list.iter().map(|part| of(self, part)).collect();
        let all = number(&parts);
        if list.has_clones() {
            self.lists.insert(place, all);
        }
        all
    }
}

fn number(of: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::parse;

    fn tree(text: &str) -> Expr {
        parse(text, 0).unwrap()
    }

    fn digest(text: &str) -> u64 {
        Digester::default().digest(&tree(text))
    }

    #[test]
    fn trees_that_say_the_same_have_the_same_number_wherever_they_stand() {
        let same = digest("fd.num = 1 and (fd.name in (x, \"y\") or not fd.type exists)");
        assert_eq!(digest("fd.num   =  1\n and ( fd.name in (\"x\",y) or not  fd.type exists )"), same);
        let shared = tree("fd.name in (x, y) and fd.type = d");
        let (one, other) = (shared.clone(), shared.clone());
        let mut digester = Digester::default();
        let numbers = [digester.digest(&one), digester.digest(&other), digester.digest(&shared)];
        assert_eq!(numbers, [digest("fd.name in (x, y) and fd.type = d"); 3], "looked up or not");
    }

    #[test]
    fn whatever_differs_in_meaning_differs_in_number() {
        let texts = [
            "fd.num = 1 and fd.name = 2",
            "fd.num = 1 or fd.name = 2",
            "not (fd.num = 1 or fd.name = 2)",
            "fd.name = 2 and fd.num = 1",
            "fd.num = 1 and fd.name = 3",
            "fd.num = 1 and fd.name != 2",
            "fd.num = 1 and fd.type = 2",
            "fd.num = 1 and fd.name exists",
            "fd.num = 1 and fd.name in (2)",
            "fd.num = 1 and fd.name in (2, 3)",
            "fd.num = 1 and fd.name in (23)",
            "fd.num = 1 and proc.aname[2] = 2",
            "fd.num = 1 and proc.aname[3] = 2",
            "fd.num = 1 and tolower(fd.name) = 2",
            "fd.num = 1 and toupper(fd.name) = 2",
            "fd.num = 1 and fd.name = val(fd.type)",
            "fd.num = 1 and fd.name = val(fd.l4proto)",
            "fd.num = 1 and some_macro",
            "fd.num = 1 and other_macro",
            "fd.num = 1",
        ];
        let mut numbers: Vec<u64> = texts.iter().map(|text| digest(text)).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), texts.len());
    }
}
