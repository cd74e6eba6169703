//! Answers taken again: with smtpd_delay_reject = yes the client, helo and sender lists run for every recipient, and most
//! answers cannot have changed.

use hook::{Answer, Inputs, Stage};

/// How often each input changed in this session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Stamps([u32; 8]);

impl Stamps {
    /// The stamps of some inputs; the others count as zero.
    fn of(self, inputs: Inputs) -> Self {
        let mut stamps = self.0;
        for (bit, stamp) in stamps.iter_mut().enumerate() {
            if inputs.bits() & (1 << bit) == 0 {
                *stamp = 0;
            }
        }
        Self(stamps)
    }
}

/// The answers of one session, by the item's number in its generation.
#[derive(Default)]
pub(crate) struct Reuse {
    stamps: Stamps,
    kept: Vec<Option<(Stage, Stamps, Answer)>>,
}

impl Reuse {
    /// These inputs are no longer what they were.
    pub fn changed(&mut self, inputs: Inputs) {
        for (bit, stamp) in self.stamps.0.iter_mut().enumerate() {
            if inputs.bits() & (1 << bit) != 0 {
                *stamp = stamp.wrapping_add(1);
            }
        }
    }

    /// An earlier answer to the same question.
    pub fn find(&self, item: usize, stage: Stage, depends_on: Inputs) -> Option<&Answer> {
        let (asked_at, stamps, answer) = self.kept.get(item)?.as_ref()?;
        (*asked_at == stage && *stamps == self.stamps.of(depends_on)).then_some(answer)
    }

    /// Keeps an answer where it may be asked for again: what depends on the recipient or on what nobody can see changes with
    /// each question.
    pub fn keep(&mut self, item: usize, stage: Stage, depends_on: Inputs, answer: &Answer) {
        if depends_on.intersects(Inputs::RECIPIENT | Inputs::CONTENT | Inputs::VOLATILE) {
            return;
        }
        if self.kept.len() <= item {
            self.kept.resize_with(item + 1, || None);
        }
        self.kept[item] = Some((stage, self.stamps.of(depends_on), answer.clone()));
    }
}

#[cfg(test)]
mod tests {
    use hook::Verdict;

    use super::*;

    #[test]
    fn until_an_input_changes() {
        let mut reuse = Reuse::default();
        let answer = Answer::of(Verdict::Permit);
        reuse.keep(3, Stage::Client, Inputs::CONNECTION | Inputs::HELO, &answer);
        let find = |reuse: &Reuse, stage| reuse.find(3, stage, Inputs::CONNECTION | Inputs::HELO).is_some();
        assert!(find(&reuse, Stage::Client));
        assert!(!find(&reuse, Stage::Helo), "the same item in another list is another question");
        reuse.changed(Inputs::SENDER);
        assert!(find(&reuse, Stage::Client));
        reuse.changed(Inputs::HELO);
        assert!(!find(&reuse, Stage::Client));
        reuse.keep(4, Stage::Client, Inputs::VOLATILE, &answer);
        assert!(reuse.find(4, Stage::Client, Inputs::VOLATILE).is_none());
    }
}
