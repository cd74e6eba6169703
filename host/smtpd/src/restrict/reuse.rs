//! Answers taken again: with smtpd_delay_reject = yes the client, helo and sender lists run for every recipient, and most
//! answers cannot have changed. A question in two lists, such as reject_unauth_destination in smtpd_relay_restrictions and
//! smtpd_recipient_restrictions, is asked once where its answer did not look at the list.

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

/// The answers of one session, by the question's number in its generation.
#[derive(Default)]
pub(crate) struct Reuse {
    stamps: Stamps,
    kept: Vec<Option<Kept>>,
}

struct Kept {
    /// None: in every list.
    stage: Option<Stage>,
    inputs: Inputs,
    stamps: Stamps,
    answer: Answer,
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
    pub fn find(&self, question: usize, stage: Stage) -> Option<&Answer> {
        let kept = self.kept.get(question)?.as_ref()?;
        let same_list = kept.stage.is_none_or(|asked_in| asked_in == stage);
        (same_list && kept.stamps == self.stamps.of(kept.inputs)).then_some(&kept.answer)
    }

    /// Keeps an answer where it may be asked for again. What depends on what nobody can see changes with each question; what
    /// depends on the recipient, in each run of the lists, so that only another list of the same run may ask for it.
    pub fn keep(&mut self, question: usize, stage: Stage, depends_on: Inputs, answer: &Answer) {
        let seen = answer.seen;
        let inputs = depends_on & (seen.inputs | Inputs::VOLATILE);
        let passing = inputs.contains(Inputs::RECIPIENT) && seen.stage;
        if passing || inputs.intersects(Inputs::CONTENT | Inputs::VOLATILE) {
            return;
        }
        if self.kept.len() <= question {
            self.kept.resize_with(question + 1, || None);
        }
        let (stage, stamps) = (seen.stage.then_some(stage), self.stamps.of(inputs));
        self.kept[question] = Some(Kept { stage, inputs, stamps, answer: answer.clone() });
    }
}

#[cfg(test)]
mod tests {
    use hook::{Seen, Verdict};

    use super::*;

    fn answer(seen: Seen) -> Answer {
        Answer { seen, ..Answer::of(Verdict::Permit) }
    }

    #[test]
    fn until_an_input_changes() {
        let mut reuse = Reuse::default();
        reuse.keep(3, Stage::Client, Inputs::CONNECTION | Inputs::HELO, &answer(Seen::EVERYTHING));
        let find = |reuse: &Reuse, stage| reuse.find(3, stage).is_some();
        assert!(find(&reuse, Stage::Client));
        assert!(!find(&reuse, Stage::Helo), "it may say something else in another list");
        reuse.changed(Inputs::SENDER);
        assert!(find(&reuse, Stage::Client));
        reuse.changed(Inputs::HELO);
        assert!(!find(&reuse, Stage::Client));
        reuse.keep(4, Stage::Client, Inputs::VOLATILE, &answer(Seen::NOTHING));
        assert!(reuse.find(4, Stage::Client).is_none(), "volatile is what no import shows");
    }

    #[test]
    fn in_other_lists_and_for_longer_where_it_looked_at_less() {
        let mut reuse = Reuse::default();
        let declared = Inputs::SENDER | Inputs::RECIPIENT;
        reuse.keep(0, Stage::Relay, declared, &answer(Seen { inputs: declared, stage: false }));
        assert!(reuse.find(0, Stage::Recipient).is_some());
        reuse.changed(Inputs::RECIPIENT);
        assert!(reuse.find(0, Stage::Recipient).is_none(), "another recipient");
        reuse.keep(0, Stage::Relay, declared, &answer(Seen { inputs: Inputs::SENDER, stage: false }));
        reuse.changed(Inputs::RECIPIENT);
        assert!(reuse.find(0, Stage::Recipient).is_some(), "it did not look at the recipient");
        reuse.keep(1, Stage::Relay, declared, &answer(Seen::EVERYTHING));
        assert!(reuse.find(1, Stage::Relay).is_none(), "the next run asks for another recipient");
    }
}
